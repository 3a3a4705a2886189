"""The file formats of a bulk translation: rows in, and the same rows with their translations out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from dragoman.errors import InputError
from dragoman.scale.arrow import arrow

PIECE = 4096  # rows read, translated and written at a time
MOST_CHARACTERS = 100_000
PACKED = (".gz", ".bz2", ".zst", ".lz4")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Piece:
    """Some rows.

    Attributes:
        texts: What is to be translated; None where a row has no text.
        faults: Why it has none; "" where it has one.
        kept: All that the rows hold: a table, or an object each.
    """

    texts: list[str | None]
    faults: list[str]
    kept: Any


@dataclass(frozen=True)
class Answer:
    """What became of a row: its translation, or the error in its place; of a source that was cut, both."""

    text: str | None
    score: float | None = None
    error: str | None = None
    nbest: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Range:
    """Which rows of a file: from the row `start`, at the byte `offset`, so many rows in so many bytes."""

    start: int
    rows: int
    offset: int
    length: int


@dataclass(frozen=True)
class Layout:
    """What outputs look like: the name of the column of translations, and whether there are n best of them."""

    name: str
    nbest: bool


def read_text(value: object) -> tuple[str | None, str]:
    """Give a row's text, or why it has none."""
    if value is None:
        return None, "is null"
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError as error:
            return None, f"is not UTF-8 (byte 0x{value[error.start]:02x})"
    if not isinstance(value, str):
        return None, f"is not text but {type(value).__name__}"
    if len(value) > MOST_CHARACTERS:
        return None, f"has {len(value):,} characters; at most {MOST_CHARACTERS:,} are read"
    return value, ""


def _piece(values: Sequence[object], kept: Any) -> Piece:
    read = [read_text(value) for value in values]
    return Piece([text for text, _ in read], [fault for _, fault in read], kept)


class Reader(Protocol):
    """Reads rows of a file.

    Attributes:
        columnar: Whether its rows are counted without reading them.
    """

    columnar: bool

    def __call__(self, file: Any, part: Range, column: str) -> Iterator[Piece]:
        """Read a part of a file in pieces.

        Args:
            file: Of pyarrow; lines come unpacked, and at their offset.
            part: Which.
            column: What is to be translated.
        """
        ...


class ParquetReader:
    """Parquet, of which every column is kept as it is."""

    columnar = True

    def __call__(self, file: Any, part: Range, column: str) -> Iterator[Piece]:
        """Read the row groups that hold the part, in batches."""
        pa = arrow()
        parquet = arrow(".parquet")
        opened = parquet.ParquetFile(file)
        groups, skip, at = [], 0, 0
        for number in range(opened.num_row_groups):
            rows = opened.metadata.row_group(number).num_rows
            if at < part.start + part.rows and at + rows > part.start:
                skip = part.start - at if not groups else skip
                groups.append(number)
            at += rows
        left = part.rows
        for batch in opened.iter_batches(PIECE, row_groups=groups):
            here = batch.slice(skip, left)
            skip = max(0, skip - len(batch))
            left -= len(here)
            if len(here):
                # As bytes, for one text that is no UTF-8 must not take the others along.
                texts = here.column(column)
                if pa.types.is_dictionary(texts.type):
                    texts = texts.dictionary_decode()
                texts = texts.cast(pa.large_binary())
                yield _piece(texts.to_pylist(), pa.Table.from_batches([here]))


class _Lines:
    r"""Lines, ended by line feeds only; a byte order mark and the ``\r`` of a ``\r\n`` are dropped."""

    columnar = False

    def __call__(self, file: Any, part: Range, column: str) -> Iterator[Piece]:
        lines: list[bytes] = []
        for number, line in enumerate(_split(file, part.length)):
            if number == 0 and part.start == 0:
                line = line.removeprefix(b"\xef\xbb\xbf")
            lines.append(line.removesuffix(b"\r"))
            if len(lines) == PIECE:
                yield self.piece(lines, column)
                lines = []
        if lines:
            yield self.piece(lines, column)

    def piece(self, lines: list[bytes], column: str) -> Piece:
        """Read some lines."""
        raise NotImplementedError


class TextReader(_Lines):
    """Plain text, a row a line."""

    def piece(self, lines: list[bytes], column: str) -> Piece:
        """Read some lines."""
        pa = arrow()
        found = _piece(lines, None)
        return Piece(
            found.texts, found.faults, pa.table({column: pa.array(found.texts, pa.string())})
        )


class JsonReader(_Lines):
    """JSON, an object a line."""

    def piece(self, lines: list[bytes], column: str) -> Piece:
        """Read some lines; one that is no object keeps nothing."""
        texts: list[str | None] = []
        faults: list[str] = []
        kept: list[dict[str, Any]] = []
        for line in lines:
            row, text, fault = _read_object(line, column)
            texts.append(text)
            faults.append(fault)
            kept.append(row)
        return Piece(texts, faults, kept)


def _read_object(line: bytes, column: str) -> tuple[dict[str, Any], str | None, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {}, None, f"is not JSON ({error})"
    if not isinstance(row, dict):
        return {}, None, "is not a JSON object"
    row = cast("dict[str, Any]", row)
    if column not in row:
        return row, None, f"has no {column!r}"
    return row, *read_text(row[column])


def _split(file: Any, length: int) -> Iterator[bytes]:
    """Cut so many bytes, or all, at line feeds."""
    kept: list[bytes] = []
    while length and (block := file.read(_BLOCK if length < 0 else min(_BLOCK, length))):
        length -= len(block) if length > 0 else 0
        *lines, left = block.split(b"\n")
        if lines:
            yield b"".join([*kept, lines[0]])
            yield from lines[1:]
            kept = []
        kept.append(left)
    if last := b"".join(kept):
        yield last


class Writer(Protocol):
    """Writes rows into an open file, piece by piece."""

    def write(self, piece: Piece, first: int, answers: Sequence[Answer]) -> None:
        """Write rows with what became of them; `first` is the number of the first."""
        ...

    def close(self) -> None:
        """Write what comes last."""
        ...


class ParquetWriter:
    """All that the rows held, and the new columns."""

    def __init__(self, file: Any, layout: Layout) -> None:
        self.file, self.layout, self.writer = file, layout, None

    def write(self, piece: Piece, first: int, answers: Sequence[Answer]) -> None:
        """Append a row group."""
        parquet = arrow(".parquet")
        table = _with_columns(piece.kept, first, answers, self.layout)
        if self.writer is None:
            self.writer = parquet.ParquetWriter(self.file, table.schema)
        self.writer.write_table(table)

    def close(self) -> None:
        """Write the footer."""
        if self.writer is not None:
            self.writer.close()


class JsonWriter:
    """All that the rows held, and the new fields, an object a line."""

    def __init__(self, file: Any, layout: Layout) -> None:
        self.file, self.layout = file, layout

    def write(self, piece: Piece, first: int, answers: Sequence[Answer]) -> None:
        """Append lines."""
        kept = piece.kept if isinstance(piece.kept, list) else piece.kept.to_pylist()
        for number, (row, answer) in enumerate(zip(kept, answers, strict=True), first):
            self.file.write(_json_line({"row_id": number} | row | _fields(answer, self.layout)))

    def close(self) -> None:
        """Do nothing: every line stands for itself."""


class TextWriter:
    """The translations alone, a line each; an empty one where there is none."""

    def __init__(self, file: Any, layout: Layout) -> None:
        del layout
        self.file = file

    def write(self, piece: Piece, first: int, answers: Sequence[Answer]) -> None:
        """Append lines."""
        del piece, first
        lines = [(answer.text or "").replace("\n", " ") for answer in answers]
        self.file.write("".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        """Do nothing: every line stands for itself."""


def _json_line(value: dict[str, Any]) -> bytes:
    try:
        return (json.dumps(value, ensure_ascii=False, default=str) + "\n").encode()
    except UnicodeEncodeError:  # Half a character, which JSON can hold and UTF-8 cannot.
        return (json.dumps(value, default=str) + "\n").encode()


def _fields(answer: Answer, layout: Layout) -> dict[str, Any]:
    """Give an answer by the names of its columns."""
    name = layout.name
    found: dict[str, Any] = {
        name: answer.text,
        f"{name}_score": answer.score,
        f"{name}_error": answer.error,
    }
    if layout.nbest:
        found[f"{name}_nbest"] = [{"text": text, "score": score} for text, score in answer.nbest]
    return found


def _with_columns(table: Any, first: int, answers: Sequence[Answer], layout: Layout) -> Any:
    pa = arrow()
    name, best = layout.name, pa.struct([("text", pa.string()), ("score", pa.float64())])
    types = {
        name: pa.string(),
        f"{name}_score": pa.float64(),
        f"{name}_error": pa.string(),
        f"{name}_nbest": pa.list_(best),
    }
    rows = [_fields(answer, layout) for answer in answers]
    for column in rows[0]:
        made = pa.array([row[column] for row in rows], types[column])
        table = table.append_column(column, made)
    if "row_id" not in table.column_names:
        numbers = pa.array(range(first, first + len(rows)), pa.int64())
        table = table.add_column(0, "row_id", numbers)
    return table


def format_of(path: str) -> str:
    """Name the format that a file's name tells; what is not known is text."""
    for packed in PACKED:
        path = path.removesuffix(packed)
    suffix = path[path.rfind(".") :] if "." in path.rpartition("/")[2] else ""
    return _SUFFIXES.get(suffix.lower(), "text")


def check_columns(file: Any, path: str, column: str, layout: Layout) -> None:
    """See that a file has a column of text, and none of a name that the output gives.

    Args:
        file: Open at its beginning, unpacked.
        path: For messages.
        column: What is to be translated.
        layout: Of the output.

    Raises:
        InputError: Naming the columns that it has.
    """
    kind = format_of(path)
    if kind == "text":
        return
    if kind == "parquet":
        schema = arrow(".parquet").ParquetFile(file).schema_arrow
        names: list[str] = schema.names
    else:
        line = next(_split(file, -1), b"{}").removeprefix(b"\xef\xbb\xbf")
        names, schema = list(_read_object(line, column)[0]), None
    # The first object of a file may be a poor example; a table is what it says.
    if column not in names and (schema or names):
        raise InputError(f"{path}: has no column {column!r}; it has {', '.join(names)}.")
    if schema is not None and not _is_text(schema.field(column).type):
        raise InputError(f"{path}: column {column!r} is not text but {schema.field(column).type}.")
    taken = sorted(set(names) & _fields(Answer(None), layout).keys())
    if taken:
        raise InputError(
            f"{path}: has a column {taken[0]!r} already; give the new ones another name with --name."
        )


def _is_text(kind: Any) -> bool:
    types = arrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary)
    return any(test(kind) for test in tests)


READERS: dict[str, Reader] = {
    "parquet": ParquetReader(),
    "jsonl": JsonReader(),
    "text": TextReader(),
}
WRITERS: dict[str, Any] = {"parquet": ParquetWriter, "jsonl": JsonWriter, "text": TextWriter}
SUFFIXES = {"parquet": ".parquet", "jsonl": ".jsonl", "text": ".txt"}
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
