"""A bundle's graphs behind the `Stepper` and the `Emitter` protocol, on ONNX Runtime."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.errors import BundleError
from dragoman.runtime.bundle import ENCODER, LABELLER, STEP, Bundle
from dragoman.runtime.offer import OfferDistribution
from dragoman.runtime.sessions import Graph
from dragoman.runtime.state import BundleReader, BundleState
from dragoman.search.labelling import Transitions
from dragoman.search.stepper import (
    ArrayDistribution,
    ArrayStep,
    Distribution,
    Ids,
    Stepper,
)
from dragoman.text.tokenizers import SPACE
from dragoman.text.vocabulary import EOS, SPECIALS, UNK

# Of each sentence; and of the whole batch.
_SHARED = ("mask", "keys", "values", "copies", "allowed")
_BATCH = ("columns", "offer_bias")


class BundleStepper(BundleReader):
    """Run a bundle step by step.

    Args:
        bundle: A checked one.
        threads: Threads of one operation.

    Raises:
        BundleError: ONNX Runtime cannot load a graph, or a graph's inputs are not those of a bundle.

    Attributes:
        hidden: Which columns of a state are the decoder's top hidden state.
        copies: Whether it may say words of the source that its vocabulary lacks.
        short: The same model, weighing only the words of its shortlist; itself where it has none.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        super().__init__(bundle)
        faults: list[str] = []
        sessions = [_open(bundle, name, threads, faults) for name in (ENCODER, STEP)]
        encoder, step = sessions
        if encoder is not None and step is not None:
            faults += _misfits(bundle, encoder, step)
        if faults or encoder is None or step is None:
            raise BundleError("\n".join(faults))
        self._encoder, self._step = encoder, step
        self._said = [one.name for one in encoder.outputs]
        self._told = [one.name for one in step.outputs]
        self.copies = "copies" in self._said
        self._every = np.arange(bundle.tgt_tokenizer.vocab_size)
        self.short: Stepper[BundleState] = _Short(self) if bundle.shortlist else self
        _give_memory_back()

    def start(self, src: Ids) -> BundleState:
        """Read the sources; every word may be said."""
        return self.read(src, self._every)

    def read(self, src: Ids, more: Ids) -> BundleState:
        """Read the sources; where there is a shortlist, words may be said that are on it, or in `more`."""
        feeds = {"src": src}
        if "offer" in self._said:
            feeds["more"] = more
        said = self._encoder.run(self._said, feeds, first=True)
        found: dict[str, NDArray[Any]] = dict(zip(self._said, said, strict=True))
        return BundleState(
            {name: found[name] for name in ("memory", *_SHARED) if name in found},
            found["state"][:, None],
            {name: found[name] for name in _BATCH if name in found},
            found.get("offer"),
        )

    def step(self, last_ids: Ids, state: BundleState) -> ArrayStep[BundleState]:
        """Read one token a row."""
        rows = state.rows
        feeds: dict[str, NDArray[Any]] = {
            "last_ids": last_ids.reshape(rows.shape[:2]),
            "state_in": rows,
        }
        feeds |= {name: state.seen[name] for name in _SHARED if name in state.seen} | state.batch
        told = self._step.run(self._told, feeds)
        log_probs, after, *looked = told
        count = len(last_ids)
        weights = looked[0].reshape(count, -1) if looked else None
        distribution: Distribution = ArrayDistribution(log_probs.reshape(count, -1))
        if state.offer is not None:
            distribution = OfferDistribution(distribution, state.offer, len(self._every))
        return ArrayStep(distribution, weights, replace(state, rows=after))


class _Short:
    """A stepper over the words of a shortlist."""

    def __init__(self, whole: BundleStepper) -> None:
        self.whole = whole
        self.step, self.select = whole.step, whole.select

    def start(self, src: Ids) -> BundleState:
        """Read the sources."""
        return self.whole.read(src, np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class BundleEmitted:
    """How well labels fit; see `dragoman.search.labelling.Emitted`."""

    scores: NDArray[np.float64]
    mask: NDArray[np.bool_]
    weights: NDArray[np.float64] | None


class BundleEmitter:
    """Run a bundle that labels.

    Args:
        bundle: A checked one.
        threads: Threads of one operation.

    Raises:
        BundleError: ONNX Runtime cannot load the graph, or it is none that labels.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        faults: list[str] = []
        path = bundle.folder / LABELLER
        graph = _open(bundle, LABELLER, threads, faults)
        labels = bundle.tgt_tokenizer.vocab_size - len(SPECIALS)
        found = _widths(graph.outputs) if graph else {}
        if graph and (found.get("scores") != labels or "mask" not in found):
            faults.append(
                f"{path}: its outputs are {found}, expected a mask and scores of {labels} labels; export it again."
            )
        if faults or graph is None:
            raise BundleError("\n".join(faults))
        self._graph = graph
        self._said = [name for name in ("scores", "mask", "weights") if name in found]
        self._transitions: Transitions | None = None
        if "between" in found:
            # They are the same whatever word is read.
            space = bundle.src_tokenizer.id_of(SPACE)
            word = np.array([[UNK if space is None else space, EOS]])
            start, between, end = self._run(["start", "between", "end"], word)
            self._transitions = start.astype(float), between.astype(float), end.astype(float)
        _give_memory_back()

    def emit(self, src: Ids) -> BundleEmitted:
        """Read the texts."""
        scores, mask, *looked = self._run(self._said, src)
        weights = looked[0].astype(np.float64) if looked else None
        return BundleEmitted(scores.astype(np.float64), mask, weights)

    def transitions(self) -> Transitions | None:
        """Give start, between and end, if labels depend on each other."""
        return self._transitions

    def _run(self, names: Sequence[str], src: Ids) -> list[NDArray[Any]]:
        return self._graph.run(names, {"src": src}, first=True)


def _give_memory_back() -> None:
    """Return what loading took for a moment; glibc would keep it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _open(bundle: Bundle, name: str, threads: int, faults: list[str]) -> Graph | None:
    try:
        return Graph(bundle, name, threads)
    except BundleError as error:
        faults.append(str(error))
        return None


def _misfits(bundle: Bundle, encoder: Graph, step: Graph) -> list[str]:
    """Say where the graphs do not fit the settings, or each other."""
    read, state = _widths(encoder.outputs), _widths(encoder.outputs).get("state")
    shared = [name for name in _SHARED if name in read]
    wanted: dict[str, dict[str, Any]] = {
        "inputs": {
            "last_ids": "beams",
            "state_in": state,
            **{one: read.get(one) for one in (*shared, *_BATCH) if one in read},
        },
        "outputs": {
            "log_probs": "words"
            if "copies" in read or bundle.shortlist
            else bundle.tgt_tokenizer.vocab_size,
            "state": state,
        },
    }
    wanted["outputs"] |= {"weights": "src_len"} if "mask" in read else {}
    found = {"inputs": _widths(step.inputs), "outputs": _widths(step.outputs)}
    faults = [
        f"{bundle.folder / STEP}: its {ends} are {found[ends]}, expected {wanted[ends]}; export the model again."
        for ends in wanted
        if wanted[ends] != found[ends]
    ]
    asked = {"src": "src_len"} | ({"more": "more"} if bundle.shortlist else {})
    if _widths(encoder.inputs) != asked or "memory" not in read:
        faults.append(
            f"{bundle.folder / ENCODER}: is no encoder of a bundle; export the model again."
        )
    return faults


def _widths(ends: Sequence[Any]) -> dict[str, Any]:
    """Give the last dimension of each input or output, by name."""
    return {one.name: one.shape[-1] for one in ends}
