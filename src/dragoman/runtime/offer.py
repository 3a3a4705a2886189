"""Log-probabilities of the words that a shortlist offers, behind the ids of the whole vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dragoman.search.stepper import Distribution, Floats, Ids


@dataclass(frozen=True)
class OfferDistribution:
    """A `Distribution` over some words of a vocabulary; all others have log-probability -inf.

    Attributes:
        offered: Over the words that are offered, by their places.
        ids: Their ids, ascending: [words].
        vocab_size: Words of the vocabulary.
    """

    offered: Distribution
    ids: Ids
    vocab_size: int

    def top(self, k: int) -> tuple[Floats, Ids]:
        """Return the k best; equal ones in the order of their ids."""
        log_probs, places = self.offered.top(k)
        return log_probs, self.ids[places]

    def gather(self, ids: Ids) -> Floats:
        """Return one token's log-probability a row."""
        places = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        found = self.offered.gather(places)
        return np.where(self.ids[places] == ids, found, np.float32(-np.inf))

    def all(self) -> Floats:
        """Return everything."""
        offered = self.offered.all()
        log_probs = np.full((len(offered), self.vocab_size), -np.inf, dtype=np.float32)
        log_probs[:, self.ids] = offered
        return log_probs

    def forbid(self, banned: Mapping[int, Sequence[int]] | Sequence[int]) -> OfferDistribution:
        """Give tokens -inf."""
        if isinstance(banned, Mapping):
            places: Mapping[int, Sequence[int]] | Sequence[int] = {
                row: self._places(ids) for row, ids in banned.items()
            }
        else:
            places = self._places(banned)
        return replace(self, offered=self.offered.forbid(places))

    def only(self, allowed: Mapping[int, Sequence[int]]) -> OfferDistribution:
        """Give every token but the allowed ones -inf, in the rows named."""
        places = {row: self._places(ids) for row, ids in allowed.items()}
        return replace(self, offered=self.offered.only(places))

    def _places(self, ids: Sequence[int]) -> list[int]:
        return np.flatnonzero(np.isin(self.ids, list(ids))).tolist()
