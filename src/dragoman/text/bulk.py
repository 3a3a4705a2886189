"""Many texts to ids at once: a word is cut into pieces when it first occurs, and looked up ever after.

A token never reaches over the space between two words, so that a text's tokens are its words' tokens. Looking up
costs a tenth of cutting, and what is looked up becomes an array without a step of Python a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from dragoman.text.known import JOINS_ON
from dragoman.text.tokenizers import Tokenizer

_MOST_WORDS = 1 << 17
_FEW = 4096


@dataclass(frozen=True)
class Rows:
    """Rows of ids behind each other.

    Attributes:
        values: All ids.
        lengths: How many of them are each row's.
    """

    values: NDArray[np.int32]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Rows:
        """Put rows behind each other."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum())), lengths)

    @classmethod
    def join(cls, parts: Sequence[Rows]) -> Rows:
        """Put the rows of several behind each other."""
        if not parts:
            return cls(np.zeros(0, np.int32), np.zeros(0, np.int64))
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.lengths for part in parts]),
        )

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.lengths)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each row begins."""
        return np.cumsum(self.lengths) - self.lengths

    def cut(self, most: int) -> Rows:
        """Leave each row's first ids."""
        return self._gather(self.starts, np.minimum(self.lengths, most))

    def take(self, numbers: NDArray[np.int64]) -> Rows:
        """Choose rows, in the order given."""
        return self._gather(self.starts[numbers], self.lengths[numbers])

    def lists(self) -> list[list[int]]:
        """Give the rows as lists."""
        values, starts = self.values.tolist(), self.starts.tolist()
        places = zip(starts, self.lengths.tolist(), strict=True)
        return [values[start : start + length] for start, length in places]

    def _gather(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Rows:
        """Copy a stretch of `values` for each row."""
        ends = np.cumsum(lengths)
        places = np.arange(int(lengths.sum())) + np.repeat(starts - (ends - lengths), lengths)
        return Rows(self.values[places], lengths)


class BulkEncoder:
    """Turns texts into ids as `Tokenizer.encode_batch` does, many times faster.

    Args:
        tokenizer: Whose ids.
        most_words: How many words are remembered; they are forgotten together, and learned anew.
        few: Fewer texts than these, if they are the first, are not worth the import of pyarrow.
    """

    def __init__(
        self, tokenizer: Tokenizer, most_words: int = _MOST_WORDS, few: int = _FEW
    ) -> None:
        self.tokenizer, self.most_words, self.few = tokenizer, most_words, few
        self._by_words = tokenizer.by_words and find_spec("pyarrow") is not None
        self._numbers: dict[str, int] = {}
        self._pieces = Rows.of([])

    def __call__(self, texts: Iterable[str]) -> Rows:
        """Turn texts into ids, without SOS and EOS."""
        clean = self.tokenizer.normaliser.each(texts)
        if clean and self._by_words and (self._numbers or len(clean) >= self.few):
            words = _Words.of(clean)
            if (numbers := self._look_up(words.distinct)) is not None:
                found = self._pieces.take(numbers[words.numbers])
                # Every text has a word, be it an empty one.
                return Rows(found.values, np.add.reduceat(found.lengths, words.starts))
        return Rows.of(self.tokenizer.encode_clean(clean))

    def _look_up(self, words: list[str]) -> NDArray[np.int64] | None:
        """Number the words, and cut the new ones; None where one of them may take the space after it along."""
        numbers = self._known(words)
        places = np.flatnonzero(numbers < 0)
        if not len(places):
            return numbers
        new = [words[place] for place in places.tolist()]
        if JOINS_ON.search(" ".join(new)):
            return None
        known = self._numbers
        if len(known) + len(new) > self.most_words:
            known.clear()
            self._pieces = Rows.of([])
            new, places = words, np.arange(len(words))
        numbers[places] = np.arange(len(known), len(known) + len(new))
        known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
        self._pieces = Rows.join([self._pieces, Rows.of(self.tokenizer.encode_clean(new))])
        return numbers

    def _known(self, words: list[str]) -> NDArray[np.int64]:
        """Number the words that are known; the others are -1."""
        return np.fromiter(map(self._numbers.get, words, repeat(-1)), np.int64, len(words))


@dataclass(frozen=True)
class _Words:
    """The words of some texts.

    Attributes:
        distinct: Each once.
        numbers: For each word of the texts, which of them it is.
        starts: Where each text's words begin.
    """

    distinct: list[str]
    numbers: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: list[str]) -> _Words:
        """Cut texts at their spaces; there is at least one text, and none holds a NUL, which parts them here."""
        pyarrow, compute = import_module("pyarrow"), import_module("pyarrow.compute")
        together = pyarrow.array(["\0 " + " \0 ".join(texts)], pyarrow.large_string())
        words = compute.split_pattern(together, " ").values.dictionary_encode()
        numbers = words.indices.to_numpy()
        # The first word is a NUL, so that it is number 0.
        bounds = np.flatnonzero(numbers == 0)
        distinct = words.dictionary.to_numpy(zero_copy_only=False).tolist()
        return cls(distinct, numbers[numbers > 0], bounds - np.arange(len(bounds)))
