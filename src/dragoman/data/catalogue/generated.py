"""Dates and numbers as many languages write them, beside their standard form: made here, by two libraries.

``babel`` knows how the dates of a language look, from Unicode's CLDR; ``num2words`` spells numbers out. Both are
optional (the extra ``words``). What is drawn depends on the language alone, so that everyone with the same
versions has the same corpus. A date or number is in one split only, however it is written.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from dragoman.data.catalogue.readers import Pair, Row
from dragoman.data.catalogue.splits import split_of
from dragoman.data.catalogue.words import missing
from dragoman.errors import DataError

_NUM_DATES = 6000
_FIRST_YEAR, _LAST_YEAR = 1900, 2099
_NUM_SMALL = 1000  # All numbers below.
_NUM_LARGE, _LIMIT = 9000, 1_000_000
_HELD_EVERY = 10
_STYLES = ("full", "long", "medium")
_SKELETONS = ("yMd", "yMMMEd")
_DIRECTION_MARKS = re.compile("[\u200e\u200f\u061c]")


def read_dates(work: Path, files: list[Path], language: str) -> dict[str, Iterable[Row]]:
    """Make dates and their ISO form: ``3. März 2021`` and ``2021-03-03``.

    Args:
        work: Not needed.
        files: None.
        language: As CLDR names it: `de`, `ko`, `pt`.
    """
    del work, files
    dates = _library("babel.dates")
    core = _library("babel")
    if not core.localedata.exists(language):
        raise DataError(f"babel knows no language {language!r}; expected one such as de or ko")

    def ways(day: date) -> Iterator[str]:
        for style in _STYLES:
            yield dates.format_date(day, style, locale=language)
        for skeleton in _SKELETONS:
            yield dates.format_skeleton(skeleton, day, locale=language)

    return _split_by_target(date_pairs(ways, random.Random(f"dates {language}")))


def date_pairs(ways: Callable[[date], Iterable[str]], rng: random.Random) -> Iterator[Pair]:
    """Draw days, and for each two of the ways to write it that name the year in full."""
    first, last = date(_FIRST_YEAR, 1, 1), date(_LAST_YEAR, 12, 31)
    for day in sorted(rng.sample(range(first.toordinal(), last.toordinal() + 1), _NUM_DATES)):
        found = date.fromordinal(day)
        written = dict.fromkeys(_DIRECTION_MARKS.sub("", way) for way in ways(found))
        full = [way for way in written if str(found.year) in way]
        for way in rng.sample(full, min(2, len(full))):
            yield way, found.isoformat()


def read_numbers(work: Path, files: list[Path], language: str) -> dict[str, Iterable[Row]]:
    """Make numbers in words and in digits: ``einundzwanzig`` and ``21``.

    Args:
        work: Not needed.
        files: None.
        language: As num2words names it: `de`, `ko`, `no`.
    """
    del work, files
    num2words = _library("num2words")
    if language not in num2words.CONVERTER_CLASSES:
        raise DataError(f"num2words knows no language {language!r}; expected one such as de or ko")
    spell = num2words.CONVERTER_CLASSES[language].to_cardinal
    numbers = random.Random(f"numbers {language}").sample(range(_NUM_SMALL, _LIMIT), _NUM_LARGE)
    drawn = (*range(_NUM_SMALL), *sorted(numbers))
    return _split_by_target((str(spell(number)), str(number)) for number in drawn)


def _split_by_target(pairs: Iterable[Pair]) -> dict[str, Iterable[Row]]:
    """Hold out by the standard form, and leave out what has two of them."""
    meanings: dict[str, set[str]] = {}
    for written, standard in pairs:
        meanings.setdefault(" ".join(written.split()), set()).add(standard)
    splits: dict[str, list[Row]] = {"train": [], "dev": [], "test": []}
    for written, (standard, *others) in meanings.items():
        if not others:
            splits[split_of(standard, _HELD_EVERY)].append((written, standard))
    return dict(splits)


def _library(name: str) -> Any:
    """Import a library that only these rows need.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise missing(name.partition(".")[0]) from error
