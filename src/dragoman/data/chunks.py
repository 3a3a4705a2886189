"""A corpus that goes by in chunks of two columns: where lines are plain, they are never taken apart into rows.

A row of Python objects costs some 10 us to make, look at and take away again; a column is cut, stripped and searched
at once. What is not plain, be it one line of a chunk, is read by rows, so that both ways find the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count, islice, zip_longest
from pathlib import Path

from dragoman.data.corpus import (
    Corpus,
    Problem,
    ReadOptions,
    keep_usable,
    read_rows,
    source_of,
    without_blank_end,
)
from dragoman.data.files import content_suffix, stream_lines
from dragoman.data.formats import FORMATS, Row, Source, Tabbed, read_tsv
from dragoman.errors import DataError

Files = Path | tuple[Path, Path]
# Where one of these stands it is looked for the fault of the line (`corpus.keep_usable`).
_ODD = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff\ufffd]")


@dataclass(frozen=True)
class Chunk:
    """Usable pairs as two columns, and the lines that were skipped.

    Attributes:
        src: The sources, in the order of the file.
        tgt: Their targets.
        lines: The 1-based line (in Parquet, row) of each pair.
        path: For messages.
        problems: The bad lines.
    """

    src: list[str]
    tgt: list[str]
    lines: Sequence[int]
    path: str
    problems: list[Problem]

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.src)

    def where(self, index: int) -> str:
        """Give the place of a pair, as `path:line`."""
        return f"{self.path}:{self.lines[index]}"

    def choose(self, chosen: Sequence[bool]) -> Chunk:
        """Keep the pairs for which it says so."""
        columns = [list(compress(column, chosen)) for column in (self.src, self.tgt)]
        lines = list(compress(self.lines, chosen))
        return Chunk(columns[0], columns[1], lines, self.path, self.problems)

    @classmethod
    def of(cls, corpus: Corpus) -> Chunk:
        """Turn pairs into columns."""
        src, tgt = ([pair[side] for pair in corpus.pairs] for side in (0, 1))
        return cls(src, tgt, corpus.lines, corpus.path, corpus.problems)


Stretch = tuple[list[str], list[str], range] | list[Row]


def read_chunks(files: Files, options: ReadOptions, size: int) -> Iterator[Chunk]:
    """Read a corpus, so many rows at a time.

    Raises:
        DataError: If it cannot be read; this may come late.
    """
    name, paths = name_of(files), paths_of(files)
    for stretch in _without_blank_end(_stretches(files, options, size)):
        if isinstance(stretch, tuple):
            yield Chunk(*stretch, name, [])
        else:
            yield Chunk.of(keep_usable(stretch, paths, name))


def name_of(files: Files) -> str:
    """Name a corpus for messages."""
    return " + ".join(map(str, files)) if isinstance(files, tuple) else str(files)


def paths_of(files: Files) -> tuple[str, str]:
    """Give the paths of the sources and of the targets."""
    return (str(files[0]), str(files[1])) if isinstance(files, tuple) else (str(files), str(files))


def stream_rows(files: Files, options: ReadOptions) -> Iterator[Row]:
    """Read a corpus row by row.

    Raises:
        DataError: If it cannot be read; this may come late.
    """
    if isinstance(files, Path):
        if content_suffix(files) == ".parquet" != files.suffix.lower():
            raise DataError(f"{files} is packed Parquet, which cannot be streamed; unpack it")
        return read_rows(files, options, None)
    return _parallel_rows(name_of(files), [stream_lines(path, options.encoding) for path in files])


def _stretches(files: Files, options: ReadOptions, size: int) -> Iterator[Stretch]:
    if isinstance(files, tuple):
        return _parallel(files, options, size)
    if FORMATS.get(content_suffix(files)) is read_tsv and options.shape is None:
        return _tabbed(source_of(files, options, None), size)
    return _in_stretches(stream_rows(files, options), size)


def _in_stretches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    rows = iter(rows)
    while stretch := list(islice(rows, size)):
        yield stretch


def _without_blank_end(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Leave the blank rows at the end out."""
    held = list[list[Row]]()  # One that ends blank, and such as are blank altogether.
    for stretch in stretches:
        if isinstance(stretch, list) and _is_blank(stretch[-1]):
            if not all(map(_is_blank, stretch)):
                yield from held
                held.clear()
            held.append(stretch)
            continue
        yield from held
        held.clear()
        yield stretch
    if rest := list(without_blank_end(chain.from_iterable(held))):
        yield rest


def _is_blank(row: Row) -> bool:
    return not (row.fault or row.src.strip() or row.tgt.strip())


def _tabbed(source: Source, size: int) -> Iterator[Stretch]:
    lines = iter(source.lines())
    table = Tabbed(source, lines)
    first, lines = 1 + table.has_header, table.lines
    while stretch := list(islice(lines, size)):
        sides = table.columns(stretch)
        plain = sides and _plain(*sides)
        lines_of = range(first, first + len(stretch))
        yield (*plain, lines_of) if plain else list(table.stream(stretch, first))
        first += len(stretch)


def _parallel(files: tuple[Path, Path], options: ReadOptions, size: int) -> Iterator[Stretch]:
    src, tgt = (stream_lines(path, options.encoding) for path in files)
    first = 1
    while True:
        sides = list(islice(src, size)), list(islice(tgt, size))
        if len(sides[0]) < size or len(sides[1]) < size:
            rest = [chain(sides[0], src), chain(sides[1], tgt)]
            yield from _in_stretches(_parallel_rows(name_of(files), rest, first), size)
            return
        plain = _plain(*sides)
        rows = map(Row, count(first), *sides)
        yield (*plain, range(first, first + size)) if plain else list(rows)
        first += size


def _parallel_rows(name: str, sides: Sequence[Iterable[str]], first: int = 1) -> Iterator[Row]:
    longer = 0
    for line, (one, other) in enumerate(zip_longest(*sides), first):
        if one is not None and other is not None and not longer:
            yield Row(line, one, other)
        elif (one or other or "").strip():
            raise DataError(
                f"{name}: from line {longer or line} on, one file has a line that the other lacks; "
                "parallel files need one sentence a line, in the same order: find the line that was lost or broken"
            )
        else:
            longer = longer or line


def _plain(src: Sequence[str], tgt: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Strip the texts of two columns; None where one of them is empty, or may not be usable."""
    sides = list(map(str.strip, src)), list(map(str.strip, tgt))
    for side in sides:
        if not all(side) or _ODD.search("\n".join(side)):
            return None
    return sides
