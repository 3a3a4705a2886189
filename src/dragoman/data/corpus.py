"""Read a parallel corpus: pairs of source and target, each knowing the line it stood on.

``files`` unpacks and decodes, ``formats`` cuts into rows, and here the unusable rows are set aside.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from dragoman.data.files import (
    COMPRESSIONS,
    UNDECODED,
    content_suffix,
    decode_lines,
    read_bytes,
    too_many,
)
from dragoman.data.formats import FORMATS, Column, Row, Source
from dragoman.errors import DataError

_NUM_SHOWN = 5
# What no text should hold: control characters that are not white space, and lone surrogates.
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
_FINAL_PUNCTUATION = " .!?,;:…。！？、，；：।؟\"'”’»"


class Pair(NamedTuple):
    """A source and its target."""

    src: str
    tgt: str


@dataclass(frozen=True)
class Problem:
    """A line that cannot be used, and why."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Corpus:
    """What was read: usable pairs, and the lines that were skipped.

    Attributes:
        pairs: In the order of the file.
        lines: The 1-based line (in Parquet, row) of each pair.
        path: For messages; `a.en + a.de` for two parallel files.
        problems: The bad lines, which are few: many are refused.
    """

    pairs: list[Pair]
    lines: list[int]
    path: str
    problems: list[Problem] = field(default_factory=list[Problem])

    def where(self, index: int) -> str:
        """Give the place of a pair, as `path:line`."""
        return f"{self.path}:{self.lines[index]}"


@dataclass(frozen=True)
class ReadOptions:
    """How to read a corpus.

    Attributes:
        encoding: As Python names it; the locale plays no part.
        columns: Which two are source and target: names, or numbers from 1. Without them, the
            names src and tgt (or source and target) if they occur, else the first two columns.
            Two parallel files have no columns. Some tasks have more columns than two.
        src_sep: What stands between the source's tokens, where a task asks.
        tgt_sep: What stands between the target's tokens, where a task asks.
        shape: What a task makes of a row: one row, or several.
    """

    encoding: str = "utf-8"
    columns: tuple[Column, ...] | None = None
    src_sep: str | None = None
    tgt_sep: str | None = None
    shape: Callable[[Row], Iterable[Row]] | None = None


_DEFAULTS = ReadOptions()


def read_corpus(path: Path | tuple[Path, Path], options: ReadOptions = _DEFAULTS) -> Corpus:
    """Read a corpus from one file of pairs, or from two files that are parallel line by line.

    Args:
        path: TSV, CSV, JSONL or Parquet by its suffix, or (source, target) as plain text; each
            may be compressed.
        options: Encoding and columns.

    Raises:
        DataError: If nothing, or too little, of it can be used.
        MissingExtraError: If the format needs a package that is not installed.
    """
    if isinstance(path, tuple):
        return _read_parallel(path, options)
    return sift(read_rows(path, options, read_bytes(path)), (str(path), str(path)), str(path))


def read_rows(path: Path, options: ReadOptions, content: bytes | None) -> Iterator[Row]:
    """Cut a file into rows; without its `content`, it is read bit by bit.

    Raises:
        DataError: If nothing is known that reads it.
    """
    source = source_of(path, options, content)
    read = FORMATS.get(content_suffix(path))
    if read is None:
        raise DataError(
            f"{path} has the unknown suffix {content_suffix(path)!r}; known are "
            f"{' '.join(FORMATS)}, each also with {' '.join(COMPRESSIONS)}; "
            "for two parallel files, give both"
        )
    rows = read(source)
    return rows if options.shape is None else chain.from_iterable(map(options.shape, rows))


def source_of(path: Path, options: ReadOptions, content: bytes | None) -> Source:
    """Say what the readers of formats need to know.

    Raises:
        DataError: If columns are given, and not two.
    """
    columns = _two_columns(options.columns, more=options.shape is not None)
    extras = (options.columns or ())[2:]
    return Source(str(path), content, options.encoding, columns, extras)


def _two_columns(
    columns: Sequence[Column] | None, *, more: bool = False
) -> tuple[Column, Column] | None:
    """Give source and target; a task that shapes its rows may have `more` columns."""
    if columns is None:
        return None
    if len(columns) < 2 or (len(columns) > 2 and not more):
        raise DataError(f"expected two columns, source and target; found {len(columns)}")
    return columns[0], columns[1]


def _read_parallel(paths: tuple[Path, Path], options: ReadOptions) -> Corpus:
    src_path, tgt_path = str(paths[0]), str(paths[1])
    src, tgt = (decode_lines(str(path), read_bytes(path), options.encoding) for path in paths)
    longer, num_lines = max(src, tgt, key=len), min(len(src), len(tgt))
    while len(longer) > num_lines and not longer[-1].strip():
        longer.pop()
    if len(src) != len(tgt):
        raise DataError(
            f"{src_path} has {len(src)} lines and {tgt_path} has {len(tgt)}; parallel files need "
            "one sentence a line, in the same order: find the line that was lost or broken"
        )
    rows = (Row(line, *texts) for line, texts in enumerate(zip(src, tgt, strict=True), 1))
    return sift(rows, (src_path, tgt_path), f"{src_path} + {tgt_path}")


def sift(rows: Iterable[Row], paths: tuple[str, str], name: str) -> Corpus:
    """Keep the usable rows; refuse the file if the others are many.

    Args:
        rows: As they stood in the file.
        paths: Of the source and the target, for messages.
        name: Of the corpus.
    """
    corpus = keep_usable(without_blank_end(rows), paths, name)
    num_bad = len(corpus.problems)
    refuse_bad(corpus, len(corpus.pairs) + num_bad, num_bad)
    return corpus


def without_blank_end(rows: Iterable[Row]) -> Iterator[Row]:
    """Leave the blank rows at the end out."""
    blank: list[Row] = []
    for row in rows:
        if not (row.fault or row.src.strip() or row.tgt.strip()):
            blank.append(row)
            continue
        yield from blank
        blank.clear()
        yield row


def keep_usable(rows: Iterable[Row], paths: tuple[str, str], name: str) -> Corpus:
    """Part the usable rows from the others."""
    pairs, lines, problems = list[Pair](), list[int](), list[Problem]()
    for line, src, tgt, fault, _ in rows:
        pair = Pair(src.strip(), tgt.strip())
        if fault or not (src or tgt):
            problems.append(Problem(paths[0], line, fault or "is blank"))
        elif fault := _find_fault(pair.src):
            problems.append(Problem(paths[0], line, f"the source {fault}"))
        elif fault := _find_fault(pair.tgt):
            problems.append(Problem(paths[1], line, f"the target {fault}"))
        else:
            pairs.append(pair)
            lines.append(line)
    return Corpus(pairs, lines, name, problems)


def _find_fault(text: str) -> str:
    if not text:
        return "is empty"
    if text.isprintable() and "\ufffd" not in text:
        return ""
    if found := _UNUSABLE.search(text):
        code = ord(found[0])
        if UNDECODED.match(found[0]):
            return f"holds byte 0x{code - 0xDC00:02x}, which does not decode"
        return f"holds the control character U+{code:04X}"
    return "" if text.strip("\ufffd ?") else "is nothing but replacement characters"


def refuse_bad(corpus: Corpus, num_lines: int, num_bad: int) -> None:
    """Refuse a file of whose lines too many cannot be used.

    Args:
        corpus: What was kept, and the bad lines, or the first of them.
        num_lines: How many lines were read.
        num_bad: How many of them are bad.

    Raises:
        DataError: With the first of them.
    """
    if not num_lines:
        raise DataError(f"{corpus.path} is empty; expected pairs of source and target")
    if corpus.pairs and not too_many(num_bad, num_lines):
        return
    shown = "".join(f"\n  {problem}" for problem in corpus.problems[:_NUM_SHOWN])
    raise DataError(
        f"{corpus.path}: {num_bad} of {num_lines} lines cannot be used; "
        f"correct or remove them. The first:{shown}"
    )


def match_key(text: str) -> str:
    """Reduce a text to what two copies of one sentence share.

    Unicode form (NFC), case, white space and final punctuation are ignored.
    """
    return _reduce(unicodedata.normalize("NFC", text).casefold())


def match_keys(texts: Sequence[str]) -> list[str]:
    """Reduce many texts as `match_key` does: what is quick to see for all of them is seen at once."""
    # No rule of NFC or of case looks at a text of ASCII alone, and for it both are quick.
    folded = [
        text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
        for text in texts
    ]
    together = "\n".join(folded)
    if "  " in together or "\n " in together or together[:1] == " ":
        return list(map(_reduce, folded))
    spaced = [text if text.isprintable() else " ".join(text.split()) for text in folded]
    return [text.rstrip(_FINAL_PUNCTUATION) or text.rstrip(" ") for text in spaced]


def _reduce(folded: str) -> str:
    if not folded.isprintable() or "  " in folded or folded[:1] == " ":
        folded = " ".join(folded.split())
    return folded.rstrip(_FINAL_PUNCTUATION) or folded.rstrip(" ")


def split_by_source(
    pairs: Sequence[Pair], num_dev: int, seed: int, *, by_target: bool = True
) -> tuple[list[Pair], list[Pair]]:
    """Hold out pairs such that no source and no target stands on both sides (see `match_key`).

    Args:
        pairs: All the pairs.
        num_dev: How many to hold out; fewer if the groups of linked pairs do not add up to it.
        seed: Of the choice.
        by_target: Whether targets matter; labels may well stand on both sides.

    Returns:
        Training and held-out pairs, each in the given order.

    Raises:
        DataError: If not even one group of linked pairs can be held out.
    """
    if num_dev and not 0 < num_dev < len(pairs):
        raise DataError(f"cannot hold out {num_dev} of {len(pairs)} pairs")
    groups = _link(pairs if by_target else [Pair(src, src) for src, _ in pairs])
    sizes: dict[int, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    order = list(sizes)
    random.Random(seed).shuffle(order)
    held_out: set[int] = set()
    left = num_dev
    for group in order:
        if sizes[group] <= left:
            held_out.add(group)
            left -= sizes[group]
    if num_dev and not held_out:
        raise DataError(
            f"cannot hold out {num_dev} of {len(pairs)} pairs: they share their sources and "
            "targets, so that each part would leak into the other; give a dev file"
        )
    train = [pair for pair, group in zip(pairs, groups, strict=True) if group not in held_out]
    dev = [pair for pair, group in zip(pairs, groups, strict=True) if group in held_out]
    return train, dev


def _link(pairs: Sequence[Pair]) -> list[int]:
    """Number the groups of pairs that share a source or a target, directly or by way of others.

    Union-find with path halving (Tarjan & van Leeuwen 1984) over the pairs' indices.
    """
    parents = list(range(len(pairs)))

    def find(node: int) -> int:
        while parents[node] != node:
            parents[node] = node = parents[parents[node]]
        return node

    sources: dict[str, int] = {}
    targets: dict[str, int] = {}
    for index, (src, tgt) in enumerate(pairs):
        first = find(sources.setdefault(match_key(src), index))
        other = find(targets.setdefault(match_key(tgt), index))
        parents[max(first, other)] = root = min(first, other)
        parents[find(index)] = root
    return [find(index) for index in range(len(pairs))]


def group_references(pairs: Iterable[Pair]) -> list[tuple[str, list[str]]]:
    """Gather the distinct targets of each source, both in the order of their first appearance."""
    references: dict[str, dict[str, None]] = {}
    for src, tgt in pairs:
        references.setdefault(src, {})[tgt] = None
    return [(src, list(targets)) for src, targets in references.items()]
