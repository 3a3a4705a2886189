"""Token ids -> batches: sorted into buckets of like length, filled to a token budget, padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dragoman.text.neighbours import Beside, framed
from dragoman.text.vocabulary import EOS, PAD, SOS

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """A pair as token ids, without SOS and EOS.

    Attributes:
        src: The source's.
        tgt: The target's.
        unknown: Where a model copies: the source's tokens that ids past its vocabulary's stand for.
        beside: What stands before and after the source in its text, where a model reads that too.
    """

    src: Sequence[int]
    tgt: Sequence[int]
    unknown: tuple[str, ...] = ()
    beside: Beside | None = None

    @property
    def row(self) -> Sequence[int]:
        """What the encoder reads."""
        return framed(self.src, self.beside)


@dataclass(frozen=True)
class Batch:
    """Padded ids: `src` ends with EOS, `tgt_in` starts with SOS, `tgt_out` ends with EOS.

    Attributes:
        src: [batch, src_len].
        tgt_in: [batch, tgt_len], what the decoder reads under teacher forcing.
        tgt_out: [batch, tgt_len], what it should answer.
        guide: [batch, tgt_len, src_len], where attention should look, and how much it costs not to; if that is taught.
    """

    src: Ids
    tgt_in: Ids
    tgt_out: Ids
    guide: NDArray[np.float32] | None = None

    @property
    def num_tokens(self) -> int:
        """Target tokens to predict, padding not counted."""
        return int((self.tgt_out != PAD).sum())


def pad(rows: Sequence[Sequence[int]]) -> Ids:
    """Put rows under each other, PAD at the end of the shorter ones."""
    padded = np.full((len(rows), max(map(len, rows))), PAD, dtype=np.int64)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return padded


def pad_sources(sources: Sequence[Sequence[int]]) -> Ids:
    """Pad sources, each ended by EOS, as the encoder reads them."""
    return pad([[*ids, EOS] for ids in sources])


def make_batch(examples: Sequence[Example]) -> Batch:
    """Pad examples into one batch."""
    return Batch(
        pad_sources([example.row for example in examples]),
        pad([[SOS, *example.tgt] for example in examples]),
        pad([[*example.tgt, EOS] for example in examples]),
    )


@runtime_checkable
class Deck(Protocol):
    """Examples that are dealt into batches, each once an epoch.

    The order is a function of the key and of nothing else, so that a resumed training finds its place, and several
    processes can agree on it without a word.
    """

    def __len__(self) -> int:
        """How many examples there are."""
        ...

    def count(self, batch_tokens: int, key: tuple[int, int]) -> int:
        """Say into how many batches an epoch is dealt.

        Args:
            batch_tokens: The budget of a batch, as in `epoch_batches`.
            key: The training's seed, and the epoch.
        """
        ...

    def deal(
        self, batch_tokens: int, key: tuple[int, int], skip: int = 0
    ) -> Iterator[list[Example]]:
        """Yield an epoch's batches, but for the first `skip`."""
        ...


@dataclass(frozen=True)
class ListDeck:
    """Examples in memory: the whole corpus is sorted by length, and every batch may come at any time."""

    examples: Sequence[Example]

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.examples)

    def count(self, batch_tokens: int, key: tuple[int, int]) -> int:
        """Say into how many batches an epoch is dealt."""
        return len(epoch_batches(self.examples, batch_tokens, key))

    def deal(
        self, batch_tokens: int, key: tuple[int, int], skip: int = 0
    ) -> Iterator[list[Example]]:
        """Yield an epoch's batches, but for the first `skip`."""
        for numbers in epoch_batches(self.examples, batch_tokens, key)[skip:]:
            yield [self.examples[number] for number in numbers]


def epoch_batches(
    examples: Sequence[Example], batch_tokens: int, key: Sequence[int]
) -> list[list[int]]:
    """Deal all examples into batches of like length, in random order.

    A batch is at most `batch_tokens` target tokens, padding included (or one example); sources count too,
    at the same budget, so that a very long line is a batch of its own and never a surprise.

    Args:
        examples: The corpus.
        batch_tokens: The budget.
        key: Seeds the shuffle, such as (seed, epoch): the same key, the same batches.

    Returns:
        For each batch, the examples' numbers.
    """
    src = np.array([len(example.src) for example in examples], dtype=np.int64)
    tgt = np.array([len(example.tgt) for example in examples], dtype=np.int64)
    return deal_lengths(src, tgt, batch_tokens, key)


def deal_lengths(
    src_lengths: NDArray[np.int64],
    tgt_lengths: NDArray[np.int64],
    batch_tokens: int,
    key: Sequence[int],
) -> list[list[int]]:
    """Deal examples of which only the lengths are known, as `epoch_batches` does."""
    random = np.random.default_rng(list(key))
    src, tgt = src_lengths + 1, tgt_lengths + 1
    # Ties fall in random order, so that an epoch's batches differ from the last one's.
    order = np.lexsort((random.random(len(src)), src, tgt))
    batches = list(_fill(order, np.maximum(src, tgt), batch_tokens))
    return [batches[number] for number in random.permutation(len(batches))]


def length_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Deal rows into batches of like length, longest first, for use and validation."""
    sizes = np.array(lengths) + 1
    return list(_fill(np.argsort(-sizes, kind="stable"), sizes, batch_tokens))


def _fill(order: NDArray[np.int64], sizes: NDArray[np.int64], budget: int) -> Iterator[list[int]]:
    batch: list[int] = []
    widest = 0
    for number in order.tolist():
        size = int(sizes[number])
        if batch and max(widest, size) * (len(batch) + 1) > budget:
            yield batch
            batch, widest = [], 0
        batch.append(number)
        widest = max(widest, size)
    if batch:
        yield batch
