"""The corpus that ships with the package: everyday English, French and Korean sentences.

Written by us as a lexicon and a grammar, from which the sentences are drawn; public domain (CC0).
`lexicon` holds the words, `english`, `french` and `korean` their forms, `grammar` the clause in
three languages at once, `patterns` the kinds of sentences, and `holdout` what is held out.

An English sentence has one translation that follows from the English alone: I, you, we and they
are masculine unless the English says otherwise; you is tu, and vous where the English shows it
(sir, madam, please); Korean is in the 해요 style, and in the 합니다 style with sir and madam.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random

from dragoman.data.phrasebook.grammar import Entry
from dragoman.data.phrasebook.holdout import Split, familiar, hold_out
from dragoman.data.phrasebook.patterns import FIXED, PATTERNS
from dragoman.errors import DataError

__all__ = ["LANGUAGES", "Entry", "Split", "entries", "pairs", "write"]

LANGUAGES = ("en", "fr", "ko")

_SPLITS: tuple[Split, ...] = ("train", "dev", "test")
_SIZE = 39_000
_TRIES = 3
_RARE = 6


@lru_cache(maxsize=2)
def _corpus(seed: int) -> tuple[Entry, ...]:
    found: dict[str, Entry] = {entry.en: entry for entry in FIXED}
    whole = sum(share for _, share in PATTERNS.values())
    for name, (pattern, share) in PATTERNS.items():
        rng = Random(f"{name} {seed}")
        wanted = share * _SIZE // whole
        goal = len(found) + wanted
        for _ in range(_TRIES * wanted):
            entry = pattern(rng)
            if entry is not None:
                found.setdefault(entry.en, entry)
                if len(found) == goal:
                    break
    corpus = familiar(list(found.values()), frozenset(FIXED), _RARE)
    Random(f"order {seed}").shuffle(corpus)
    return tuple(corpus)


@lru_cache(maxsize=2)
def _splits(seed: int) -> dict[Split, list[Entry]]:
    return hold_out(_corpus(seed), seed, FIXED)


def entries(seed: int = 1) -> list[Entry]:
    """The whole corpus, each English sentence once.

    Args:
        seed: Chooses the sentences; the same seed gives the same corpus everywhere.
    """
    return list(_corpus(seed))


def pairs(src: str, tgt: str, split: Split, seed: int = 1) -> list[tuple[str, str]]:
    """The distinct sentence pairs of one part of the corpus.

    Args:
        src: The source language: en, fr or ko.
        tgt: The target language.
        split: train, dev or test; no sentence of dev or test, in any language, is in train.
        seed: As for `entries`.

    Raises:
        DataError: An unknown language or part, or one language twice.
    """
    for language in (src, tgt):
        if language not in LANGUAGES:
            raise DataError(
                f"the phrasebook has no language {language!r}; choose two of {', '.join(LANGUAGES)}"
            )
    if src == tgt:
        raise DataError(f"source and target are both {src!r}; choose two different languages")
    if split not in _SPLITS:
        raise DataError(f"the phrasebook has no part {split!r}; choose train, dev or test")
    source, target = LANGUAGES.index(src), LANGUAGES.index(tgt)
    return list(dict.fromkeys((entry[source], entry[target]) for entry in _splits(seed)[split]))


def write(directory: Path, src: str, tgt: str) -> None:
    """Write train.tsv, dev.tsv and test.tsv: source, tab, target, in UTF-8.

    Args:
        directory: Where to; made if it is not there.
        src: The source language.
        tgt: The target language.

    Raises:
        DataError: An unknown language, or one twice.
    """
    parts = {name: pairs(src, tgt, name) for name in _SPLITS}
    directory.mkdir(parents=True, exist_ok=True)
    for name, rows in parts.items():
        text = "".join(f"{source}\t{target}\n" for source, target in rows)
        (directory / f"{name}.tsv").write_text(text, encoding="utf-8", newline="\n")
