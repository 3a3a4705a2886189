"""Subword regularisation: a word is cut into other pieces each time it is seen.

The `tokenizers` library draws from a generator that cannot be seeded, so the drawing is done here, on the pieces that
it has learned: a training can then be resumed to the bit.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

from dragoman.text.tokenizers import SPACE, Tokenizer
from dragoman.text.vocabulary import UNK

Segment = Callable[[str, random.Random], list[int]]

# Ways to cut a word that are drawn at most; each is drawn when it is first asked for, and then looked up.
_WAYS = 16
_MOST_KEPT = 1 << 19


class BpeDropout:
    """Merges left out at random (Provilkov et al. 2020, arXiv:1910.13267, algorithm 1).

    Args:
        model: The library's.
        rate: How often a merge that could be made is passed over; 0 gives the usual segmentation.
    """

    def __init__(self, model: dict[str, Any], rate: float) -> None:
        self._ids: dict[str, int] = model["vocab"]
        self._ranks = {(left, right): rank for rank, (left, right) in enumerate(model["merges"])}
        self._rate = rate

    def __call__(self, text: str, draw: random.Random) -> list[int]:
        """Cut a text of known characters."""
        pieces = list(text)
        while True:
            found = [
                (rank, place)
                for place in range(len(pieces) - 1)
                if (rank := self._ranks.get((pieces[place], pieces[place + 1]))) is not None
                and draw.random() >= self._rate
            ]
            if not found:
                return [self._ids[piece] for piece in pieces]
            place = min(found)[1]
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]


class UnigramSampling:
    """A segmentation x drawn by P(x)^alpha (Kudo 2018, arXiv:1804.10959, section 3.3, over all of them).

    Args:
        model: The library's.
        alpha: 0 makes all segmentations alike; a large one leaves the likeliest.
    """

    def __init__(self, model: dict[str, Any], alpha: float) -> None:
        self._pieces = {
            piece: (number, alpha * score) for number, (piece, score) in enumerate(model["vocab"])
        }
        self._longest = max(map(len, self._pieces))

    def __call__(self, text: str, draw: random.Random) -> list[int]:
        """Cut a text of known characters: sums over what stands before each place, then a walk back from the end."""
        sums = [0.0] + [-math.inf] * len(text)
        ways: list[list[tuple[int, int, float]]] = [[]]
        for stop in range(1, len(text) + 1):
            here = [
                (start, known[0], sums[start] + known[1])
                for start in range(max(0, stop - self._longest), stop)
                if (known := self._pieces.get(text[start:stop])) and sums[start] > -math.inf
            ]
            ways.append(here)
            if here:
                top = max(weight for *_, weight in here)
                sums[stop] = top + math.log(sum(math.exp(weight - top) for *_, weight in here))
        pieces: list[int] = []
        place = len(text)
        while place:
            shares = [math.exp(weight - sums[place]) for *_, weight in ways[place]]
            place, number, _ = draw.choices(ways[place], shares)[0]
            pieces.append(number)
        return pieces[::-1]


SEGMENTERS: dict[str, Callable[[dict[str, Any], float], Segment]] = {
    "BPE": BpeDropout,
    "Unigram": UnigramSampling,
}


def kind_of(tokenizer: Tokenizer) -> str:
    """Name the library's model of a tokenizer: a row of SEGMENTERS, or another."""
    return json.loads(tokenizer.to_json())["pieces"]["model"]["type"]


class SubwordSampler:
    """Cuts the words of a sentence anew.

    Args:
        tokenizer: BPE or unigram pieces.
        strength: The rate of `BpeDropout`, or the alpha of `UnigramSampling`.
    """

    def __init__(self, tokenizer: Tokenizer, strength: float) -> None:
        model: dict[str, Any] = json.loads(tokenizer.to_json())["pieces"]["model"]
        self._segment = SEGMENTERS[model["type"]](model, strength)
        self._texts = tokenizer.tokens(range(tokenizer.vocab_size))
        # What is no text stays as it is: the special tokens, and words that no vocabulary holds.
        self._fixed = {*tokenizer.silent, UNK}
        self._cut = lru_cache(_MOST_KEPT)(self._cut_word)

    def __call__(self, ids: Sequence[int], draw: np.random.Generator) -> list[int]:
        """Cut a sentence into other tokens of the same text."""
        words = self._words(ids)
        ways = draw.integers(_WAYS, size=len(words)).tolist()
        return [
            token for word, way in zip(words, ways, strict=True) for token in self._cut(word, way)
        ]

    def _words(self, ids: Sequence[int]) -> list[tuple[int, ...]]:
        """Part tokens before each space."""
        words: list[list[int]] = []
        for number in ids:
            if words and not (number < len(self._texts) and self._texts[number][0] == SPACE):
                words[-1].append(number)
            else:
                words.append([number])
        return [tuple(word) for word in words]

    def _cut_word(self, word: tuple[int, ...], way: int) -> tuple[int, ...]:
        draw = random.Random(f"{way} {word}")
        found: list[int] = []
        for fixed, part in groupby(word, lambda number: self._is_fixed(number)):
            if fixed:
                found += part
            else:
                found += self._segment("".join(self._texts[number] for number in part), draw)
        return tuple(found)

    def _is_fixed(self, number: int) -> bool:
        return number >= len(self._texts) or number in self._fixed
