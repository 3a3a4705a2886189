"""Filters stand between step and choice: what may not be said, and what must be.

A filter sees the distribution and each row's tokens so far, and gives a distribution back. Some belong to a
sentence (a forced beginning), so each row also knows its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from dragoman.search.stepper import Distribution, Ids
from dragoman.text.vocabulary import EOS


@runtime_checkable
class Filter(Protocol):
    """What changes a distribution before a token is chosen."""

    def __call__(self, distribution: Distribution, prefixes: Ids, sentences: Ids) -> Distribution:
        """Restrict the next tokens.

        Args:
            distribution: Of each row's next token.
            prefixes: Each row's tokens so far, without SOS: [rows, steps].
            sentences: Each row's sentence, as numbered in the call of the search: [rows].
        """
        ...


@dataclass(frozen=True)
class Forbid:
    """Never say these tokens, such as UNK."""

    ids: tuple[int, ...]

    def __call__(self, distribution: Distribution, prefixes: Ids, sentences: Ids) -> Distribution:
        """Restrict the next tokens."""
        del prefixes, sentences
        return distribution.forbid(self.ids)


@dataclass(frozen=True)
class ForcePrefix:
    """Begin each sentence's output with given tokens."""

    prefixes: Sequence[Sequence[int]]

    def __call__(self, distribution: Distribution, prefixes: Ids, sentences: Ids) -> Distribution:
        """Restrict the next tokens."""
        step = prefixes.shape[1]
        wanted = {
            row: [self.prefixes[sentence][step]]
            for row, sentence in enumerate(sentences.tolist())
            if step < len(self.prefixes[sentence])
        }
        return distribution.only(wanted) if wanted else distribution


@dataclass(frozen=True)
class NoRepeat:
    """Never say the same `size` tokens in a row twice (Paulus et al. 2018, arXiv:1705.04304, 2.5).

    Attributes:
        size: How many.
        forced: Each sentence's forced beginning, if any; it may repeat itself.
    """

    size: int
    forced: Sequence[Sequence[int]] = ()

    def __call__(self, distribution: Distribution, prefixes: Ids, sentences: Ids) -> Distribution:
        """Restrict the next tokens."""
        steps = prefixes.shape[1]
        if steps < self.size:
            return distribution
        banned: dict[int, list[int]] = {}
        windows = np.lib.stride_tricks.sliding_window_view(prefixes, self.size, axis=1)
        for row, grams in enumerate(windows):
            tail = prefixes[row, steps - self.size + 1 :]
            again = (grams[:, :-1] == tail).all(axis=1)
            free = not self.forced or steps >= len(self.forced[sentences[row]])
            if free and again.any():
                banned[row] = sorted(set(grams[again, -1].tolist()))
        return distribution.forbid(banned) if banned else distribution


@dataclass(frozen=True)
class MinLength:
    """Do not end before so many tokens are said."""

    length: int

    def __call__(self, distribution: Distribution, prefixes: Ids, sentences: Ids) -> Distribution:
        """Restrict the next tokens."""
        del sentences
        return distribution.forbid((EOS,)) if prefixes.shape[1] < self.length else distribution


def apply_filters(
    filters: Sequence[Filter], distribution: Distribution, prefixes: Ids, sentences: Ids
) -> Distribution:
    """Apply filters one after the other."""
    for restrict in filters:
        distribution = restrict(distribution, prefixes, sentences)
    return distribution
