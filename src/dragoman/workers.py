"""Several threads that translate side by side, each its own batches."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

from dragoman.config import SearchConfig
from dragoman.data.batches import length_batches
from dragoman.search.stepper import Stepper
from dragoman.text.copying import Opened
from dragoman.text.tokenizers import Tokenizer
from dragoman.translator import Translator

# Fewer sentences than this a thread are not worth a second one.
_LEAST = 8


def num_cores() -> int:
    """Return how many threads to work with: OMP_NUM_THREADS, or the cores that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ParallelTranslator(Translator):
    """A `Translator` that deals many sentences out to threads, the longest first, to whoever has nothing to do.

    Each sentence's result is what it is alone, so it does not matter who translates it.

    Args:
        stepper: The model; its `step` may run in several threads at once.
        tokenizers: The source's and the target's.
        search: How to write unless a call says otherwise.
        threads: At most so many.
    """

    def __init__(
        self,
        stepper: Stepper[Any],
        tokenizers: tuple[Tokenizer, Tokenizer],
        search: SearchConfig,
        threads: int,
    ) -> None:
        super().__init__(stepper, *tokenizers, search)
        self.threads = threads

    def read(self, texts: Sequence[str]) -> list[Opened]:
        """Turn sources into ids, a part of them in each thread: tokenizers need no Python."""
        hands = min(self.threads, len(texts) // _LEAST)
        if hands < 2:
            return super().read(texts)
        size = math.ceil(len(texts) / hands)
        parts = [texts[at : at + size] for at in range(0, len(texts), size)]
        return [one for part in _side_by_side(super().read, parts, hands) for one in part]

    def in_batches(self, lengths: Sequence[int], work: Callable[[list[int]], None]) -> None:
        """Deal sources into batches, equally many for everyone; the longest come first."""
        hands = min(self.threads, len(lengths) // _LEAST)
        if hands < 2:
            super().in_batches(lengths, work)
            return
        tokens = sum(lengths) + len(lengths)
        turns = math.ceil(tokens / (self.batch_tokens * hands))
        batches = length_batches(lengths, math.ceil(tokens / (turns * hands)))
        _side_by_side(work, batches, hands)


def _side_by_side(work: Callable[[Any], Any], items: Sequence[Any], hands: int) -> list[Any]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(hands) as pool:
        # A list, so that what went wrong in a thread is raised here.
        return list(pool.map(work, items))
