"""Held-out sentences: none of their strings occur in training, all of their words do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from random import Random
from typing import Literal

from dragoman.data.phrasebook.grammar import Entry

Split = Literal["train", "dev", "test"]

_HELD_OUT = 500
_FAMILIAR = 5
_BIGGEST = 6
_PUNCTUATION = re.compile("[.,!?]")
_TRAILING = re.compile(r"[\s.!?]+$")

Word = tuple[int, str]
"""A word form and the column it stands in."""


def fold(sentence: str) -> str:
    """The sentence without case and final punctuation, as the split compares sentences."""
    return _TRAILING.sub("", sentence).casefold()


def tokens(sentence: str) -> list[str]:
    """The lower-cased words of a sentence, as they stand between spaces, without punctuation."""
    return _PUNCTUATION.sub("", sentence.lower()).split()


def _tokens_of(sentences: Iterable[str]) -> list[list[str]]:
    """The words of many sentences, at once for speed."""
    text = _PUNCTUATION.sub("", "\n".join(sentences).lower())
    return [line.split() for line in text.split("\n")]


def _words(entry: Entry) -> list[Word]:
    return [(column, word) for column, text in enumerate(entry) for word in tokens(text)]


def familiar(entries: Sequence[Entry], keep: frozenset[Entry], times: int) -> list[Entry]:
    """Leave out entries with a word that occurs fewer than so many times in what is left.

    Args:
        entries: The corpus.
        keep: Entries that stay whatever their words.
        times: How often a word must occur.
    """
    columns = [_tokens_of(column) for column in zip(*entries, strict=True)]
    counts = [Counter(chain.from_iterable(column)) for column in columns]
    left = list(zip(entries, *columns, strict=True))
    while True:
        en, fr, ko = ({word for word, n in found.items() if 0 < n < times} for found in counts)
        kept: list[tuple[Entry, list[str], list[str], list[str]]] = []
        for row in left:
            known = en.isdisjoint(row[1]) and fr.isdisjoint(row[2]) and ko.isdisjoint(row[3])
            if known or row[0] in keep:
                kept.append(row)
            else:
                for found, words in zip(counts, row[1:], strict=True):
                    found.subtract(words)
        if len(kept) == len(left):
            return [row[0] for row in kept]
        left = kept


def groups(entries: Sequence[Entry]) -> list[list[int]]:
    """Indices of entries that share a sentence, directly or in a chain, in any language."""
    parents = list(range(len(entries)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    first: dict[Word, int] = {}
    for index, entry in enumerate(entries):
        for column, sentence in enumerate(entry):
            other = first.setdefault((column, fold(sentence)), index)
            parents[root(index)] = root(other)
    members: dict[int, list[int]] = {}
    for index in range(len(entries)):
        members.setdefault(root(index), []).append(index)
    return list(members.values())


def hold_out(
    entries: Sequence[Entry], seed: int, in_training: Iterable[Entry]
) -> dict[Split, list[Entry]]:
    """Hold out whole groups of entries, as long as every word of theirs stays in training.

    Args:
        entries: The corpus.
        seed: Chooses which groups are held out.
        in_training: Entries that must not be held out.
    """
    kept = frozenset(in_training)
    words = [_words(entry) for entry in entries]
    counts = Counter(chain.from_iterable(words))
    names: list[Split] = ["train"] * len(entries)
    candidates = groups(entries)
    Random(f"split {seed}").shuffle(candidates)
    sizes: Counter[Split] = Counter()
    for group in candidates:
        name: Split = "dev" if sizes["dev"] < _HELD_OUT else "test"
        if sizes[name] >= _HELD_OUT:
            break
        taken = Counter(chain.from_iterable(words[index] for index in group))
        spared = all(counts[word] - used >= _FAMILIAR for word, used in taken.items())
        if len(group) > _BIGGEST or not spared or any(entries[index] in kept for index in group):
            continue
        counts.subtract(taken)
        sizes[name] += len(group)
        for index in group:
            names[index] = name
    parts: dict[Split, list[Entry]] = {"train": [], "dev": [], "test": []}
    for entry, name in zip(entries, names, strict=True):
        parts[name].append(entry)
    return parts
