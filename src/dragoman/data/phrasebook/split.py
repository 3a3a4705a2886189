"""Held-out sentences: none of their strings occur in training, all of their words do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Literal

from dragoman.data.phrasebook.grammar import Entry

Split = Literal["train", "dev", "test"]

_HELD_OUT = 500
_FAMILIAR = 5
_BIGGEST = 6
_TRAILING = re.compile(r"[\s.!?]+$")

Word = tuple[int, str]
"""A word form and the column it stands in."""


def fold(sentence: str) -> str:
    """The sentence without case and final punctuation, as the split compares sentences."""
    return _TRAILING.sub("", sentence).casefold()


def tokens(sentence: str) -> list[str]:
    """The lower-cased words of a sentence, as they stand between spaces, without punctuation."""
    return [word for piece in sentence.lower().split() if (word := piece.strip(".,!?"))]


def _words(entry: Entry) -> set[Word]:
    return {(column, word) for column, text in enumerate(entry) for word in tokens(text)}


def familiar(entries: Sequence[Entry], keep: frozenset[Entry], times: int) -> list[Entry]:
    """Leave out entries with a word that occurs in fewer than so many entries.

    Args:
        entries: The corpus.
        keep: Entries that stay whatever their words.
        times: How many entries a word must occur in.
    """
    left = [(entry, _words(entry)) for entry in entries]
    while True:
        counts = Counter(word for _, words in left for word in words)
        kept = [
            (entry, words)
            for entry, words in left
            if entry in keep or all(counts[word] >= times for word in words)
        ]
        if len(kept) == len(left):
            return [entry for entry, _ in kept]
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


def split(
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
    counts = Counter(word for found in words for word in found)
    names: list[Split] = ["train"] * len(entries)
    candidates = groups(entries)
    Random(f"split {seed}").shuffle(candidates)
    sizes: Counter[Split] = Counter()
    for group in candidates:
        name: Split = "dev" if sizes["dev"] < _HELD_OUT else "test"
        if sizes[name] >= _HELD_OUT:
            break
        taken = Counter(word for index in group for word in words[index])
        spared = all(counts[word] - used >= _FAMILIAR for word, used in taken.items())
        if len(group) > _BIGGEST or not spared or any(entries[index] in kept for index in group):
            continue
        counts -= taken
        sizes[name] += len(group)
        for index in group:
            names[index] = name
    parts: dict[Split, list[Entry]] = {"train": [], "dev": [], "test": []}
    for entry, name in zip(entries, names, strict=True):
        parts[name].append(entry)
    return parts
