"""Pairs as ids on disk: an Arrow file of blocks, read a few blocks at a time, and a note beside it that vouches for it.

The file is plain Arrow IPC: columns `src` and `tgt`, lists of integers, a record batch a block. It is read, not
mapped: pages of a map count as memory once touched, and a map of a file that someone cuts short kills its reader.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import numpy as np
import xxhash
from numpy.typing import NDArray

from dragoman.data.files import import_extra
from dragoman.errors import DataError
from dragoman.text.bulk import Rows

BLOCK = 1024  # pairs
_VERSION = 1
_NOTE_SUFFIX = ".json"
_READ = 1 << 20


@dataclass(frozen=True)
class Part:
    """One of the corpora in a store: which blocks are its own, and how many pairs they hold."""

    name: str
    first: int
    blocks: int
    pairs: int


@dataclass(frozen=True)
class Note:
    """What is known of a store.

    Attributes:
        made_of: Whatever would make another store if it were different: files, tokenizers, settings.
        parts: The corpora.
        facts: What its maker wants to find again.
    """

    made_of: dict[str, Any]
    parts: list[Part]
    facts: dict[str, Any]


class StoreWriter:
    """Writes a store, which is there when it is whole, and not before.

    Args:
        path: Of the Arrow file.
        largest: The largest id that may come.
    """

    def __init__(self, path: Path, largest: int) -> None:
        self.path = path
        self._arrow = import_extra("pyarrow", "streaming a corpus")
        kind = self._arrow.uint16() if largest < 1 << 16 else self._arrow.int32()
        self._dtype = np.uint16 if largest < 1 << 16 else np.int32
        lists = self._arrow.list_(kind)
        self._schema = self._arrow.schema([("src", lists), ("tgt", lists)])
        self._part = path.with_name(path.name + ".part")
        _note_of(path).unlink(missing_ok=True)
        try:
            self._file = _Summed(self._part)
        except OSError as error:
            raise self._failed(error) from None
        self._writer = self._arrow.ipc.new_file(self._file, self._schema)
        self._waiting: tuple[list[Rows], list[Rows]] = [], []
        self._parts: list[Part] = []
        self._blocks = self._pairs = 0

    def __enter__(self) -> StoreWriter:
        """Begin; what is not finished at the end is taken away."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take what is not finished away."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def add(self, src: Rows, tgt: Rows) -> None:
        """Append pairs to the present part."""
        for waiting, rows in zip(self._waiting, (src, tgt), strict=True):
            waiting.append(rows)
        self._write(BLOCK)

    @property
    def num_pairs(self) -> int:
        """How many pairs the finished parts hold."""
        return sum(part.pairs for part in self._parts)

    def end_part(self, name: str) -> None:
        """Say that the pairs since the last part are one corpus."""
        self._write(1)
        first = sum(part.blocks for part in self._parts)
        self._parts.append(Part(name, first, self._blocks - first, self._pairs))
        self._pairs = 0

    def finish(self, made_of: dict[str, Any], facts: dict[str, Any]) -> None:
        """Put the store in its place, and the note that vouches for it.

        Raises:
            DataError: The disk is full, or the folder may not be written to.
        """
        note = asdict(Note(made_of, self._parts, facts))
        try:
            self._writer.close()
            self._file.sync()
            note |= {"version": _VERSION, "size": self._file.size, "xxh3": self._file.digest}
            self._part.replace(self.path)
            content = json.dumps(note | {"check": _check(note)}, ensure_ascii=False)
            part = _note_of(self._part)
            part.write_text(content, encoding="utf-8")
            part.replace(_note_of(self.path))
        except OSError as error:
            raise self._failed(error) from None

    def _write(self, least: int) -> None:
        """Write blocks while there are at least so many pairs."""
        sides = [Rows.join(waiting) for waiting in self._waiting]
        done, total = 0, len(sides[0])
        while total - done >= least:
            numbers = np.arange(done, min(done + BLOCK, total))
            lists = [self._list(side.take(numbers)) for side in sides]
            try:
                self._writer.write_batch(
                    self._arrow.record_batch(lists, schema=self._schema),
                )
            except OSError as error:
                raise self._failed(error) from None
            done += len(numbers)
            self._blocks += 1
        self._pairs += done
        for waiting, side in zip(self._waiting, sides, strict=True):
            waiting[:] = [side.take(np.arange(done, total))]

    def _list(self, rows: Rows) -> Any:
        ends = np.concatenate([[0], np.cumsum(rows.lengths)]).astype(np.int32)
        values = self._arrow.array(rows.values.astype(self._dtype))
        return self._arrow.ListArray.from_arrays(self._arrow.array(ends), values)

    def _failed(self, error: OSError) -> DataError:
        return DataError(
            f"{self.path}: cannot be written ({error.strerror or error}); "
            "free space or mend the permission, then begin again."
        )


class Store:
    """A store that was found whole.

    Args:
        path: Of the Arrow file.

    Raises:
        DataError: It is missing, or not what was written, be it by one bit.
    """

    def __init__(self, path: Path) -> None:
        note = _read_note(path)
        if note is None:
            raise DataError(f"{path}: no store of pairs.")
        self.path, self.note = path, _as_note(note)
        arrow = import_extra("pyarrow", "streaming a corpus")
        try:
            with path.open("rb") as file:
                digest = xxhash.xxh3_128()
                while content := file.read(_READ):
                    digest.update(content)
            whole = digest.hexdigest() == note["xxh3"]
            self._file = arrow.ipc.open_file(arrow.OSFile(str(path))) if whole else None
        except (OSError, arrow.ArrowException) as error:
            raise _damaged(path, str(error)) from None
        if self._file is None:
            raise _damaged(path, "its checksum does not fit")

    @property
    def parts(self) -> list[Part]:
        """The corpora."""
        return self.note.parts

    def read(self, blocks: Sequence[int]) -> tuple[Rows, Rows]:
        """Read blocks, one behind the other.

        Raises:
            DataError: The file has been damaged since it was opened.
        """
        sides: tuple[list[Rows], list[Rows]] = [], []
        try:
            for block in blocks:
                batch = cast("Any", self._file).get_batch(block)
                for number, side in enumerate(sides):
                    side.append(_rows_of(batch.column(number)))
        except (OSError, ValueError) as error:
            raise _damaged(self.path, str(error)) from None
        return Rows.join(sides[0]), Rows.join(sides[1])


def find_store(path: Path, made_of: dict[str, Any]) -> Store | None:
    """Open the store that was made of the same; None if there is none, or one made of something else.

    Raises:
        DataError: It is damaged.
    """
    note = _read_note(path)
    return Store(path) if note is not None and note["made_of"] == made_of else None


def remove_store(path: Path) -> None:
    """Take a store away, if there is one."""
    for one in (_note_of(path), path):
        one.unlink(missing_ok=True)


def _rows_of(column: Any) -> Rows:
    ends: NDArray[np.int32] = column.offsets.to_numpy()
    values: NDArray[Any] = column.values.to_numpy()
    return Rows(values[ends[0] : ends[-1]].astype(np.int32), np.diff(ends).astype(np.int64))


class _Summed(io.RawIOBase):
    """A file that sums up what is written to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._sum = xxhash.xxh3_128()
        self.size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: Any, /) -> int:
        """Write, and sum up."""
        self._sum.update(content)
        self.size += memoryview(content).nbytes
        return self._file.write(content)

    def sync(self) -> None:
        """See that it is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    @property
    def digest(self) -> str:
        """The sum."""
        return self._sum.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + _NOTE_SUFFIX)


def _read_note(path: Path) -> dict[str, Any] | None:
    """Read the note beside a store; None where there is none, or of another version."""
    try:
        text = _note_of(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(_note_of(path), str(error)) from None
    try:
        note: Any = json.loads(text)
        check = note.pop("check")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise _damaged(_note_of(path), "not what was written") from None
    if check != _check(note):
        raise _damaged(_note_of(path), "its checksum does not fit")
    return note if note["version"] == _VERSION else None


def _as_note(note: dict[str, Any]) -> Note:
    return Note(note["made_of"], [Part(**part) for part in note["parts"]], note["facts"])


def _check(note: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(note, sort_keys=True).encode())


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: damaged ({why}); remove it, and it is made anew from the text when you go on."
    )
