"""The order of a corpus that is larger than memory: random blocks in pools, each dealt as a small corpus is.

A pool is 128 blocks from all over the corpus, chosen anew in each epoch. Within it pairs are sorted by length into
batches, and the batches come in random order. A corpus of one pool is dealt exactly as `ListDeck` deals it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dragoman.data.batches import Example, deal_lengths
from dragoman.data.store import Part, Store
from dragoman.text.bulk import Rows

POOL = 128  # blocks
# Beside a pool's number in the keys of the generators, so that no two of them are seeded alike.
_ORDER, _PASSES = 1 << 30, 1 << 31


@dataclass(frozen=True)
class StoredDeck:
    """A store's pairs; where shares are given, the corpora in it are mixed.

    Attributes:
        store: The pairs.
        shares: How much of an epoch each part has; each part once an epoch, unless given. A part of few pairs then
            comes several times an epoch, and a large one goes on in the next where it has stopped.
        pool: Blocks that are dealt together.
    """

    store: Store
    shares: tuple[float, ...] | None = None
    pool: int = POOL

    def __len__(self) -> int:
        """How many pairs there are."""
        return sum(part.pairs for part in self.store.parts)

    def count(self, batch_tokens: int, key: tuple[int, int]) -> int:
        """Say into how many batches an epoch is dealt."""
        return sum(len(batches) for _, batches in self._pools(batch_tokens, key))

    def deal(
        self, batch_tokens: int, key: tuple[int, int], skip: int = 0
    ) -> Iterator[list[Example]]:
        """Yield an epoch's batches, but for the first `skip`."""
        for (src, tgt), batches in self._pools(batch_tokens, key):
            chosen = batches[skip:]
            skip = max(0, skip - len(batches))
            for numbers in chosen:
                rows = np.array(numbers)
                sides = zip(src.take(rows).lists(), tgt.take(rows).lists(), strict=True)
                yield [Example(*pair) for pair in sides]
            del src, tgt, batches, chosen  # Before the next pool is read, not after.

    def _pools(
        self, batch_tokens: int, key: tuple[int, int]
    ) -> Iterator[tuple[tuple[Rows, Rows], list[list[int]]]]:
        blocks = self.blocks(key)
        for number, start in enumerate(range(0, len(blocks), self.pool)):
            src, tgt = self.store.read(np.sort(blocks[start : start + self.pool]).tolist())
            seed = (*key, number) if number else key
            yield (src, tgt), deal_lengths(src.lengths, tgt.lengths, batch_tokens, seed)
            del src, tgt

    def blocks(self, key: tuple[int, int]) -> NDArray[np.int64]:
        """Order an epoch's blocks."""
        seed, epoch = key
        parts = self.store.parts
        if self.shares is None:
            chosen = [np.arange(part.first, part.first + part.blocks) for part in parts]
        else:
            shares = zip(parts, self.shares, strict=True)
            chosen = [
                self._share(number, part, share, (seed, epoch))
                for number, (part, share) in enumerate(shares)
            ]
        return np.random.default_rng((*key, _ORDER)).permutation(np.concatenate(chosen))

    def _share(
        self, number: int, part: Part, share: float, key: tuple[int, int]
    ) -> NDArray[np.int64]:
        """Choose a part's blocks of an epoch: its next ones, of random passes without end."""
        seed, epoch = key
        wanted = share * len(self) / (part.pairs / part.blocks)
        # Parts of a block are carried over to the next epoch.
        places = np.arange(round(epoch * wanted), round((epoch + 1) * wanted))
        passes = {
            one: np.random.default_rng((seed, one, _PASSES, number)).permutation(part.blocks)
            for one in np.unique(places // part.blocks).tolist()
        }
        chosen = [passes[place // part.blocks][place % part.blocks] for place in places.tolist()]
        return part.first + np.array(chosen, dtype=np.int64)


def shares_of(
    pairs: list[int], weights: list[float | None], temperature: float
) -> tuple[float, ...]:
    """Say how much of an epoch each corpus has.

    Args:
        pairs: The corpora's sizes.
        weights: What the user says; where nothing is said, a corpus weighs as many pairs as it has.
        temperature: T in size^(1/T) (Arivazhagan et al. 2019, arXiv:1907.05019, 3.3): 1 takes corpora as large as
            they are, more brings them closer to each other. Weights that are given are taken as they are.
    """
    if all(weight is not None for weight in weights):
        worth = np.array([weight or 0.0 for weight in weights])
    else:
        worth = np.array(pairs, dtype=np.float64) ** (1 / temperature)
    return tuple((worth / worth.sum()).tolist())
