"""Debian's packages, each described at length and in one line: real summaries that any machine with apt can fetch.

Packages that are built from one source describe themselves in nearly the same words, so that whole sources go to one
split: a test package has no sibling in training.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from dragoman.data.catalogue.debian import (
    PACKAGES,
    Description,
    lists_of,
    read_list,
    read_translations,
    update_lists,
)
from dragoman.data.catalogue.readers import Pair
from dragoman.data.catalogue.splits import split_of
from dragoman.errors import DataError

# One source in so many is for dev, and one for test.
_EVERY = 20
_MIN_WORDS, _MIN_SYNOPSIS = 10, 2


def read_synopses(work: Path, files: list[Path]) -> dict[str, Iterable[Pair]]:
    """Fetch the English descriptions, and which source each belongs to.

    Args:
        work: An empty folder to keep apt's state in.
        files: None: apt does the fetching.

    Raises:
        DataError: If there is no apt, it cannot fetch, or its sources have none.
    """
    del files
    lists = update_lists(work, "en", PACKAGES)
    descriptions = read_translations(lists_of(lists, "en"))
    packages = sorted(lists.glob("*_Packages*"))
    sources = read_sources(line for path in packages for line in read_list(path))
    splits = split_synopses(descriptions, sources)
    if not splits["train"]:
        raise DataError(
            "apt's sources on this machine offer no packages with English descriptions; "
            "enable a Debian or Ubuntu archive among them"
        )
    return dict(splits)


def read_sources(lines: Iterable[str]) -> dict[str, str]:
    """Read `Packages` files: the name of the source by the md5 of the description."""
    found: dict[str, str] = {}
    stanza: dict[str, str] = {}
    for line in (*lines, ""):
        if not line:
            name = stanza.get("Source", stanza.get("Package", "")).partition(" ")[0]
            if name and "Description-md5" in stanza:
                found.setdefault(stanza["Description-md5"], name)
            stanza = {}
        elif line[0] not in " \t":
            key, _, value = line.partition(":")
            stanza[key] = value.strip()
    return found


def split_synopses(
    descriptions: Mapping[str, Description], sources: Mapping[str, str]
) -> dict[str, list[Pair]]:
    """Pair each long text with its line, by split; a text without a known source is left out.

    Two sources with the very same text are taken for one, the first by name.
    """
    owners: dict[str, str] = {}
    rows: defaultdict[str, set[str]] = defaultdict(set)
    for md5, description in descriptions.items():
        text = " ".join(" ".join(block.lines) for block in description.blocks if not block.verbatim)
        source = sources.get(md5, "")
        if (
            source
            and len(text.split()) >= _MIN_WORDS
            and len(description.synopsis.split()) >= _MIN_SYNOPSIS
        ):
            rows[text].add(description.synopsis)
            owners[text] = min(source, owners.get(text, source))
    splits: dict[str, list[Pair]] = {"train": [], "dev": [], "test": []}
    for text, synopses in rows.items():
        splits[split_of(owners[text], _EVERY)] += [(text, one) for one in sorted(synopses)]
    return splits
