"""Searches that run whole in the kernel: the words and scores of `dragoman.search`, without Python between steps."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.runtime.native.decoder import Decoder
from dragoman.runtime.native.encoder import Encoder
from dragoman.runtime.native.library import EndsStruct, TaskStruct, YardStruct, address
from dragoman.runtime.native.offers import Offers
from dragoman.search.beam import BeamOptions
from dragoman.search.filters import Filter, Forbid, MinLength
from dragoman.search.greedy import Limits
from dragoman.search.stepper import Floats, Hypothesis, Ids
from dragoman.text.vocabulary import EOS

# A block that a very long text took is not kept.
_MOST_BYTES = 32 << 20
_Said = tuple[Ids, Floats, Floats | None]


class OwnSearch:
    """Searches for the sentences of a batch; what it cannot do it leaves to `dragoman.search`.

    Args:
        kernel: What runs them.
        encoder: Reads the sources.
        decoder: Of the same bundle.
        offers: The words that each source may be answered with, if not all.
    """

    def __init__(
        self,
        kernel: ctypes.CDLL,
        encoder: Encoder,
        decoder: Decoder,
        offers: Offers | None = None,
    ) -> None:
        self._kernel, self._encoder, self._decoder = kernel, encoder, decoder
        self._offers = offers
        # Memory that searches work in: as many blocks as there ever were searches at once.
        self._blocks: list[NDArray[np.uint8]] = []

    def greedy(self, src: Ids, limits: Limits) -> list[Hypothesis] | None:
        """Do what `greedy_search` does; None where that is not possible."""
        task = self._task(src, limits, BeamOptions(1, limits.length_penalty))
        if task is None:
            return None
        shape = task.shape[::2]
        ids, gained, weights = task.room(shape)
        counts = np.empty(len(src), np.int64)
        pointers = [address(one) for one in (ids, gained, counts)]
        looked = None if weights is None else address(weights)
        self._run(self._kernel.dragoman_greedy, task, *pointers, looked)
        found: list[Hypothesis] = []
        for row, count in enumerate(counts.tolist()):
            said, log_probs = ids[row, :count].tolist(), gained[row, :count].tolist()
            score = sum(log_probs) / count**limits.length_penalty
            seen = None if weights is None else weights[row, :count].copy()
            found.append(_hypothesis(said, log_probs, score, seen))
        return found

    def beam(self, src: Ids, limits: Limits, options: BeamOptions) -> list[list[Hypothesis]] | None:
        """Do what `beam_search` does; None where that is not possible."""
        task = self._task(src, limits, options)
        if task is None:
            return None
        ids, gained, weights = task.room(task.shape)
        found, scores = np.zeros(len(src), np.int64), np.empty(task.shape[:2], np.float64)
        order, counts = np.empty((2, *task.shape[:2]), np.int64)
        ends = EndsStruct(
            *(address(one) for one in (found, order, counts, scores, ids, gained)),
            None if weights is None else address(weights),
        )
        self._run(self._kernel.dragoman_beam, task, ends)
        results: list[list[Hypothesis]] = []
        for row, (several, ranked) in enumerate(zip(found.tolist(), order.tolist(), strict=True)):
            results.append([])
            for slot in ranked[:several][: options.nbest]:
                at = row, slot, slice(counts[row, slot])
                seen = None if weights is None else weights[at].copy()
                said, log_probs = ids[at].tolist(), gained[at].tolist()
                results[-1].append(_hypothesis(said, log_probs, float(scores[row, slot]), seen))
        return results

    def _task(self, src: Ids, limits: Limits, options: BeamOptions) -> _Task | None:
        """Read the sources and say what is to be done, unless the kernel cannot do it."""
        banned = _banned(limits.filters, self._decoder.vocabulary)
        if banned is None or options.coverage_penalty > 0:
            return None
        src = self._encoder.checked(src)
        return _Task(src, limits, options, banned, self._decoder.looks)

    def _run(self, search: Callable[..., int], task: _Task, *results: Any) -> None:
        try:
            block = self._blocks.pop()
        except IndexError:
            block = np.empty(0, np.uint8)
        yard = YardStruct(address(block), block.size)
        task.struct.yard = ctypes.pointer(yard)
        if self._offers is not None:
            task.struct.words = ctypes.pointer(self._offers.struct)
        if not search(self._encoder.struct, self._decoder.struct, task.struct, *results):
            raise MemoryError
        if block.size < yard.wanted <= _MOST_BYTES:
            block = np.empty(yard.wanted, np.uint8)
        self._blocks.append(block)


class _Task:
    """What a search is given; all that its struct points to is kept here.

    Attributes:
        shape: Sentences, hypotheses of each, and the most steps that one takes.
    """

    def __init__(
        self,
        src: Ids,
        limits: Limits,
        options: BeamOptions,
        banned: tuple[Ids, int],
        looks: bool,
    ) -> None:
        longest = np.array(limits.max_lengths, dtype=np.int64)
        self.shape = len(src), options.beam_size, max(1, int(longest.max(initial=1)))
        self._attention = limits.attention and looks
        self._kept = longest, src, banned
        self._length = src.shape[1]
        self.struct = TaskStruct(
            *self.shape,
            *(len(banned[0]), banned[1], address(banned[0]), address(longest)),
            *(options.length_penalty, self._length, address(src)),
        )

    def room(self, shape: tuple[int, ...]) -> _Said:
        """Give arrays for ids and log-probabilities, and for where each step looked if that is asked for."""
        weights = np.empty((*shape, self._length), np.float32) if self._attention else None
        return np.empty(shape, np.int64), np.empty(shape, np.float32), weights


def _banned(filters: Sequence[Filter], vocabulary: int) -> tuple[Ids, int] | None:
    """Give what is never said, EOS at the end, and how long that is not said; None where there is more to it."""
    ids: list[int] = []
    least = 0
    for one in filters:
        if isinstance(one, Forbid):
            ids += one.ids
        elif isinstance(one, MinLength):
            least = max(least, one.length)
        else:
            return None
    known = all(0 <= one < vocabulary for one in ids)
    return (np.array([*ids, EOS], dtype=np.int64), least) if known else None


def _hypothesis(
    said: list[int], log_probs: list[float], score: float, weights: Floats | None
) -> Hypothesis:
    complete = said[-1] == EOS
    tokens = tuple(said[:-1] if complete else said)
    return Hypothesis(tokens, tuple(log_probs), score, complete, weights)
