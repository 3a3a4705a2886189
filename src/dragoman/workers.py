"""Several threads that translate side by side, each its own batches."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dragoman.config import SearchConfig
from dragoman.search.stepper import Stepper
from dragoman.text.tokenizers import Tokenizer
from dragoman.translator import TranslateOptions, Translation, Translator

# Fewer sentences than this a thread are not worth a second one.
_LEAST = 8


def num_cores() -> int:
    """Return how many threads to work with: OMP_NUM_THREADS, or the cores that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ParallelTranslator(Translator):
    """A `Translator` that deals many sentences out to threads.

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

    def translate(
        self, texts: Iterable[str], options: TranslateOptions | None = None
    ) -> list[Translation]:
        """Translate sentences; see `Translator.translate`."""
        texts, options = list(texts), options or TranslateOptions()
        hands = min(self.threads, len(texts) // _LEAST)
        beside = {"prefixes": options.prefixes, "around": options.around}
        fits = all(one is None or len(one) == len(texts) for one in beside.values())
        if hands < 2 or options.sampling is not None or not fits:
            return super().translate(texts, options)
        from concurrent.futures import ThreadPoolExecutor

        # Everyone gets short ones and long ones.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        shares = [order[hand::hands] for hand in range(hands)]

        def work(share: list[int]) -> list[Translation]:
            own: dict[str, Any] = {
                name: None if one is None else [one[number] for number in share]
                for name, one in beside.items()
            }
            return Translator.translate(
                self, [texts[number] for number in share], replace(options, **own)
            )

        with ThreadPoolExecutor(hands) as pool:
            done = list(pool.map(work, shares))
        found = {
            number: one
            for share, part in zip(shares, done, strict=True)
            for number, one in zip(share, part, strict=True)
        }
        return [found[number] for number in range(len(texts))]
