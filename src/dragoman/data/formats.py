"""The file formats: each a function from a file's content to rows of source and target."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from operator import methodcaller
from pathlib import Path
from typing import Any, NamedTuple, cast

from dragoman.data.files import decode_lines, import_extra, stream_lines
from dragoman.errors import DataError

Column = str | int

_DEFAULT_NAMES = (("src", "tgt"), ("source", "target"))
_LAYOUTS = {"\t": "source<TAB>target", ",": "source,target"}
_SEPARATOR_ADVICE = {
    "\t": "tabs: name it .tsv",
    " ||| ": "' ||| ': replace it by tabs",
    ";": "semicolons: replace them by tabs",
    ",": "commas: name it .csv",
}
_NUM_LOOKED_AT = 1000
_NUM_SPLIT = 10_000  # lines by which it is judged whether a file has columns at all


class Row(NamedTuple):
    """One pair as it stood in the file; with a fault, the pair is unusable.

    What stands in other columns (features, more references) is in `extras`.
    """

    line: int
    src: str
    tgt: str
    fault: str = ""
    extras: tuple[str, ...] = ()


class Record(NamedTuple):
    """One line of a delimited file, cut into its cells."""

    line: int
    cells: list[str]
    fault: str = ""


@dataclass(frozen=True)
class Source:
    """A file's content, and how it was asked to be read.

    Attributes:
        content: The whole file; None where it is read bit by bit.
    """

    path: str
    content: bytes | None
    encoding: str
    columns: tuple[Column, Column] | None
    extras: tuple[Column, ...] = ()

    def lines(self) -> Iterable[str]:
        """Decode the content into lines."""
        if self.content is None:
            return stream_lines(Path(self.path), self.encoding)
        return decode_lines(self.path, self.content, self.encoding)


def read_tsv(source: Source) -> Iterator[Row]:
    """Read tab-separated lines; a quotation mark is a character like any other."""
    table = Tabbed(source, source.lines())
    return table.stream(table.lines, 1 + table.has_header)


def read_csv(source: Source) -> Iterator[Row]:
    """Read comma-separated values (RFC 4180); a quoted cell may hold commas and newlines."""
    return _pick(source, _parse_csv(source), ",")


def _parse_csv(source: Source) -> Iterator[Record]:
    lines = (line + "\n" for line in source.lines())
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    while True:
        start = reader.line_num + 1
        try:
            yield Record(start, next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num > start or "unexpected end" in str(error):
                raise DataError(
                    f"{source.path}:{start}: a quotation mark opened here is not closed; "
                    'close it, or double it ("") if it belongs to the text'
                ) from error
            yield Record(start, [], f"is not CSV: {error}")


def _pick(source: Source, table: Iterator[Record], separator: str) -> Iterator[Row]:
    """Take the two columns out of a delimited file."""
    head = list(islice(table, _NUM_SPLIT))
    layout = _Layout.of(source, head, separator)
    return layout.rows(chain(head[layout.has_header :], table))


@dataclass(frozen=True)
class _Layout:
    """Where the two columns of a delimited file stand, and how many there are in its first line."""

    source: Source
    separator: str
    src: int
    tgt: int
    has_header: bool
    num_columns: int

    @classmethod
    def of(cls, source: Source, head: list[Record], separator: str) -> "_Layout":
        """Judge by the first lines.

        Raises:
            DataError: Most of them have one column, or the columns asked for are not there.
        """
        _refuse_one_column(source, head, separator)
        located = _locate(source, head[0].cells)
        return cls(source, separator, *located, len(head[0].cells))

    @property
    def least(self) -> int:
        """How many columns a line must have."""
        return max(self.src, self.tgt) + 1

    def rows(self, table: Iterable[Record]) -> Iterator[Row]:
        """Take the two columns out of lines."""
        source, src, tgt, least = self.source, self.src, self.tgt, self.least
        most = self.num_columns if self.separator == "," else None
        pair = 2 if least == 2 and not source.extras else None
        for line, cells, fault in table:
            if len(cells) == pair and not fault and cells[0].strip():
                yield Row(line, cells[src], cells[tgt])
            elif not fault and not any(map(str.strip, cells)):
                yield Row(line, "", "")
            elif fault or len(cells) < least:
                wanted = _LAYOUTS[self.separator] if least == 2 else f"at least {least}"
                yield Row(line, "", "", fault or f"has {_count_columns(cells)}; expected {wanted}")
            elif most and len(cells) > most:
                excess = f"has {_count_columns(cells)} where the first line has {most}"
                yield Row(line, "", "", f"{excess}: quote a text that holds a comma")
            else:
                yield Row(line, cells[src], cells[tgt], "", _others(source, cells, (src, tgt)))


class Tabbed:
    """A tab-separated file, whose lines are cut one by one, or many at once where they are alike.

    Args:
        source: How it is read.
        lines: All of it.

    Raises:
        DataError: Most of the first lines have one column, or the columns asked for are not there.
    """

    def __init__(self, source: Source, lines: Iterable[str]) -> None:
        rest = iter(lines)
        head = list(islice(rest, _NUM_SPLIT))
        self._layout = _Layout.of(source, list(_cut(head, 1)), "\t")
        self.has_header = self._layout.has_header
        # What is left behind the header.
        self.lines = chain(islice(head, int(self.has_header), None), rest)

    def stream(self, lines: Iterable[str], first: int) -> Iterator[Row]:
        """Take the two columns out of lines, of which the first has this number."""
        return self._layout.rows(_cut(lines, first))

    def columns(self, lines: Sequence[str]) -> tuple[list[str], list[str]] | None:
        """Take the two columns out of lines at once; None where lines have unlike numbers of cells, or too few."""
        width = lines[0].count("\t") + 1
        # No cell holds a line feed, so that each must stand for itself between two lines' cells.
        cells = "\t\n\t".join(lines).split("\t")
        whole = len(cells) == len(lines) * (width + 1) - 1
        if width < self._layout.least or not whole:
            return None
        if cells[width :: width + 1].count("\n") < len(lines) - 1:
            return None
        src, tgt = (cells[place :: width + 1] for place in (self._layout.src, self._layout.tgt))
        return src, tgt


def _cut(lines: Iterable[str], first: int) -> Iterator[Record]:
    return map(Record, count(first), map(methodcaller("split", "\t"), lines))


def _others(source: Source, cells: list[str], chosen: tuple[int, int]) -> tuple[str, ...]:
    """Give the columns that were asked for besides the two, or all the others."""
    if not source.extras:
        return tuple(cell for number, cell in enumerate(cells) if number not in chosen)
    numbers = [int(column) - 1 for column in source.extras if str(column).isdecimal()]
    return tuple(cells[number] if number < len(cells) else "" for number in numbers)


def _count_columns(cells: Sequence[str]) -> str:
    return "one column" if len(cells) == 1 else f"{len(cells)} columns"


def _refuse_one_column(source: Source, table: list[Record], separator: str) -> None:
    """Raise if most lines were not cut at all, and say what seems to separate them."""
    narrow = [record for record in table if len(record.cells) == 1 and record.cells[0].strip()]
    if len(narrow) * 2 <= len(table):
        return
    sample = [record.cells[0] for record in narrow[:_NUM_LOOKED_AT]]
    hint = "for two parallel files, give both"
    for other, advice in _SEPARATOR_ADVICE.items():
        if other != separator and sum(other in text for text in sample) >= 0.8 * len(sample):
            hint = f"it looks separated by {advice}"
            break
    raise DataError(
        f"{source.path}:{narrow[0].line} has one column, as have {len(narrow)} of "
        f"{len(table)} lines; expected {_LAYOUTS[separator]}; {hint}"
    )


def _locate(source: Source, first: Sequence[str]) -> tuple[int, int, bool]:
    """Find the two columns, and whether the first line is a header that names them."""
    names = [cell.strip() for cell in first]
    if source.columns is None:
        folded = [name.casefold() for name in names]
        for src, tgt in _DEFAULT_NAMES:
            if src in folded and tgt in folded:
                return folded.index(src), folded.index(tgt), True
        return 0, 1, False
    src, tgt = (_index(f"{source.path}:1", column, names) for column in source.columns)
    named = any(column in names for column in source.columns)
    return src, tgt, named


def _index(place: str, column: Column, names: Sequence[str]) -> int:
    if isinstance(column, str) and column in names:
        return names.index(column)
    if isinstance(column, int) or column.isdecimal():
        if int(column) < 1:
            raise DataError(f"columns are counted from 1; found {column}")
        return int(column) - 1
    raise DataError(f"{place} has no column {column!r}; found the columns {_listed(names)}")


def _listed(names: Iterable[str]) -> str:
    shown = [name if len(name) <= 30 else name[:29] + "…" for name in names]
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "")


def read_jsonl(source: Source) -> Iterator[Row]:
    """Read one JSON object a line; the texts may stand inside `"translation"`."""
    names = source.columns
    for line, text in enumerate(source.lines(), 1):
        if not text.strip():
            yield Row(line, "", "")
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield Row(line, "", "", f"is not JSON ({error})")
            continue
        if not isinstance(record, dict):
            yield Row(line, "", "", "is not a JSON object; expected {...}")
            continue
        fields = _flatten(cast("dict[str, Any]", record))
        names = names or _default_names(fields)
        yield _row(line, fields, names)


def _flatten(record: dict[str, Any]) -> dict[str, Any]:
    inner = record.get("translation")
    return record if not isinstance(inner, dict) else record | cast("dict[str, Any]", inner)


def _default_names(fields: Iterable[str]) -> tuple[str, str] | None:
    known = set(fields)
    return next((names for names in _DEFAULT_NAMES if known.issuperset(names)), None)


def _row(line: int, fields: dict[str, Any], names: tuple[Column, Column] | None) -> Row:
    texts: list[str] = []
    for name in names or _DEFAULT_NAMES[0]:
        if name not in fields:
            found = _listed(key for key in fields if key != "translation")
            return Row(line, "", "", f"has no {name!r}; its keys are {found}: pass --columns")
        if not isinstance(fields[name], str | None):
            return Row(line, "", "", f"{name!r} is not text but {type(fields[name]).__name__}")
        texts.append(fields[name] or "")
    return Row(line, texts[0], texts[1])


def read_parquet(source: Source) -> Iterator[Row]:
    """Read a Parquet file; the texts may be fields of a struct `translation`."""
    arrow = import_extra("pyarrow", "reading Parquet")
    parquet = import_extra("pyarrow.parquet", "reading Parquet")
    content = source.path if source.content is None else arrow.BufferReader(source.content)
    done = 0
    try:
        for batch in parquet.ParquetFile(content).iter_batches(_NUM_SPLIT):
            table = arrow.Table.from_batches([batch]).flatten()
            names = [str(name).removeprefix("translation.") for name in table.column_names]
            chosen = source.columns or _default_names(names)
            if chosen is None:
                raise DataError(
                    f"{source.path} has the columns {_listed(names)}; pass --columns to choose two"
                )
            places = (_index(source.path, name, names) for name in chosen)
            src, tgt = (table.column(place).to_pylist() for place in places)
            for line, (one, other) in enumerate(zip(src, tgt, strict=True), done + 1):
                yield _row(line, {"src": one, "tgt": other}, None)
            done += len(src)
    except (arrow.ArrowException, OSError, ValueError, IndexError) as error:
        raise DataError(f"{source.path} cannot be read as Parquet: {error}") from error


FORMATS: dict[str, Callable[[Source], Iterator[Row]]] = {
    ".tsv": read_tsv,
    ".tab": read_tsv,
    ".txt": read_tsv,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
}
