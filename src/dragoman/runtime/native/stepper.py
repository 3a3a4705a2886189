"""An int8 bundle behind the `Stepper` protocol, on our own kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.runtime.bundle import ENCODER, STEP, WEIGHTS, Bundle
from dragoman.runtime.native.decoder import Decoder
from dragoman.runtime.native.encoder import Encoder
from dragoman.runtime.native.library import StepStruct, address, load_kernel
from dragoman.runtime.native.offers import Offers
from dragoman.runtime.native.parts import CELLS, Parts
from dragoman.runtime.native.search import OwnSearch
from dragoman.runtime.native.words import WordTable
from dragoman.runtime.state import BundleReader, BundleState
from dragoman.runtime.weights import tensors_of
from dragoman.search.stepper import ArrayDistribution, ArrayStep, Distribution, Floats, Ids, Stepper

# Sources whose words are those of a shortlist, among what a state sees.
_OFFERED = "offered"
# What the kernel computes, by the keys of a recipe. Everything else runs on ONNX Runtime.
_KNOWN: dict[str, tuple[str | int | None, ...]] = {
    "head": ("decoder",),
    "cell": ("lstm",),
    "encoder": ("recurrent",),
    "decoder": ("recurrent",),
    "reverse_source": (False,),
    "bridge": ("copy", "dense", "mean"),
    "attention": ("none", "dot", "general"),
    "generator": ("softmax", "tied"),
    "input_feeding": (False,),
    "context_every_step": (False,),
    "coverage": (False,),
    "deep_output": (False,),
    "context_words": (0,),
    "decoder_cell": (None, *CELLS),
    "residual": (False,),
    "attention_norm": ("softmax",),
}


def open_native(bundle: Bundle) -> NativeStepper | None:
    """Give a stepper on the kernel, where it is compiled and computes all that the bundle has."""
    kernel, model = load_kernel(), bundle.config.model
    known = all(getattr(model, key) in values for key, values in _KNOWN.items())
    if kernel is None or not bundle.int8 or not known:
        return None
    if not WordTable.takes(model.embedding_size):
        return None
    try:
        graphs = [bundle.contents[name] for name in (ENCODER, STEP)]
        return NativeStepper(bundle, kernel, tensors_of(graphs, bundle.contents[WEIGHTS]))
    except (KeyError, IndexError, ValueError):
        # A graph that is not as export writes them: ONNX Runtime says what is wrong with it.
        return None


@dataclass(frozen=True)
class KernelDistribution:
    """A `Distribution` as the kernel leaves it: scores, [rows, vocab], and what is to be taken off each row's."""

    kernel: ctypes.CDLL
    scores: Floats
    log_sums: Floats
    banned: tuple[int, ...] = ()

    def top(self, k: int) -> tuple[Floats, Ids]:
        """Return the k best; equal ones in the order of their ids."""
        rows, vocabulary = self.scores.shape
        k = min(k, vocabulary)
        best, ids = np.empty((rows, k), np.float32), np.empty((rows, k), np.int64)
        banned = np.array(self.banned, dtype=np.int64)
        self.kernel.dragoman_best(
            address(self.scores),
            address(self.log_sums),
            *(rows, vocabulary, address(banned), len(banned), k),
            address(best),
            address(ids),
        )
        return best, ids

    def gather(self, ids: Ids) -> Floats:
        """Return one token's log-probability a row."""
        found = np.take_along_axis(self.scores, ids[:, None], axis=1)[:, 0] - self.log_sums
        return np.where(np.isin(ids, self.banned), np.float32(-np.inf), found)

    def all(self) -> Floats:
        """Return everything."""
        log_probs = self.scores - self.log_sums[:, None]
        log_probs[:, list(self.banned)] = -np.inf
        return log_probs

    def forbid(self, banned: Mapping[int, Sequence[int]] | Sequence[int]) -> Distribution:
        """Give tokens -inf."""
        if isinstance(banned, Mapping):
            return ArrayDistribution(self.all()).forbid(banned)
        return replace(self, banned=tuple(dict.fromkeys((*self.banned, *banned))))

    def only(self, allowed: Mapping[int, Sequence[int]]) -> Distribution:
        """Give every token but the allowed ones -inf, in the rows named."""
        return ArrayDistribution(self.all()).only(allowed)


class NativeStepper(BundleReader):
    """Run a bundle step by step.

    Args:
        bundle: A checked one, int8, of parts that the kernel knows.
        kernel: It.
        tensors: The bundle's weights as they are stored.

    Raises:
        KeyError: A weight is missing.
        ValueError: One has another shape than the recipe says.

    Attributes:
        copies: False: it says no words that its vocabulary lacks.
        short: The same model, weighing only the words of its shortlist; itself where it has none.
        own: The searches that run whole in the kernel.
    """

    copies = False

    def __init__(
        self, bundle: Bundle, kernel: ctypes.CDLL, tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        super().__init__(bundle)
        self._kernel, self._model = kernel, bundle.config.model
        parts = Parts(self._model, tensors, kernel)
        sizes = bundle.src_tokenizer.vocab_size, bundle.tgt_tokenizer.vocab_size
        self._encoder = Encoder(kernel, parts, sizes[0])
        self._decoder = Decoder(parts, sizes[1])
        self.own = OwnSearch(kernel, self._encoder, self._decoder)
        self._offers = Offers(parts, sizes) if bundle.shortlist else None
        self.short: Stepper[BundleState] = self if self._offers is None else _Short(self)

    def start(self, src: Ids) -> BundleState:
        """Read the sources."""
        return self._encoder.read(src)

    def step(self, last_ids: Ids, state: BundleState) -> ArrayStep[BundleState]:
        """Read one token a row."""
        decoder, rows = self._decoder, np.ascontiguousarray(state.rows)
        sentences, beams, _ = rows.shape
        count = sentences * beams
        decoder.table.check(last_ids)
        seen, src = decoder.sights(state), state.seen.get(_OFFERED)
        length = seen[0].shape[1] if seen else 0 if src is None else src.shape[1]
        assert state.places is not None
        places, last = np.ascontiguousarray(state.places), np.ascontiguousarray(last_ids)
        after = np.empty_like(rows)
        weights = np.empty((count, length if seen else 0), np.float32)
        scores = np.empty((count, decoder.vocabulary), np.float32)
        log_sums = np.empty(count, np.float32)
        step = StepStruct(
            *(sentences, beams, length, address(last), address(places)),
            *(None if src is None else address(src), address(rows)),
            *([address(one) for one in seen] or [None] * 3),
            *(address(after), address(weights)),
        )
        offers = None if src is None or self._offers is None else self._offers.struct
        if not self._kernel.dragoman_step(
            decoder.struct, offers, step, address(scores), address(log_sums)
        ):
            raise MemoryError
        distribution: Distribution = KernelDistribution(self._kernel, scores, log_sums)
        return ArrayStep(distribution, weights if seen else None, replace(state, rows=after))

    def shorten(self, state: BundleState, src: Ids) -> BundleState:
        """Weigh from here on only the words that these sources are offered."""
        return replace(state, seen=state.seen | {_OFFERED: np.ascontiguousarray(src)})

    def short_search(self) -> OwnSearch:
        """Give the searches over the words of the shortlist."""
        return OwnSearch(self._kernel, self._encoder, self._decoder, self._offers)


class _Short:
    """A stepper over the words of a shortlist."""

    def __init__(self, whole: NativeStepper) -> None:
        self.whole, self.own = whole, whole.short_search()
        self.step, self.select = whole.step, whole.select

    def start(self, src: Ids) -> BundleState:
        """Read the sources."""
        return self.whole.shorten(self.whole.start(src), src)
