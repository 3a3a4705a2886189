"""Files by path or by address (``s3://bucket/key``), through pyarrow's filesystems."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dragoman.errors import InputError
from dragoman.scale.arrow import arrow

_GLOB = frozenset("*?[")


@dataclass(frozen=True)
class File:
    """A file as it was when it was looked at: where, how large, and when it was changed."""

    path: str
    size: int
    changed: int


@dataclass(frozen=True)
class Store:
    """A filesystem, and a path in it.

    Attributes:
        fs: One of pyarrow's.
        root: The path, without the address before it.
        local: Whether it is this machine's.
    """

    fs: Any
    root: str
    local: bool

    @classmethod
    def open(cls, where: str) -> Store:
        """Open a path or an address.

        Raises:
            InputError: There is no such filesystem.
        """
        pa = arrow()
        filesystems = arrow(".fs")
        if "://" not in where:
            return cls(filesystems.LocalFileSystem(), os.path.abspath(where), True)  # noqa: PTH100
        try:
            fs, root = filesystems.FileSystem.from_uri(where)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{where}: cannot be opened ({error}).") from None
        return cls(fs, root, isinstance(fs, filesystems.LocalFileSystem))

    def files(self) -> list[File]:
        """List what the path, which may have ``*``, ``?`` and ``[...]``, stands for, in the order of the names.

        Raises:
            InputError: There is no such file.
        """
        filesystems = arrow(".fs")
        wanted = self.root.split("/")
        plain = next((n for n, part in enumerate(wanted) if _GLOB & set(part)), len(wanted))
        if plain == len(wanted):
            infos = [self.fs.get_file_info(self.root)]
        else:
            recursive = plain < len(wanted) - 1
            base = filesystems.FileSelector(
                "/".join(wanted[:plain]), allow_not_found=True, recursive=recursive
            )
            infos = self.fs.get_file_info(base)
        found = [
            File(info.path, info.size, info.mtime_ns or 0)
            for info in infos
            if info.type == filesystems.FileType.File and _fits(info.path.split("/"), wanted)
        ]
        if not found:
            raise InputError(f"{self.root}: no such file; --input names one, or several with *.")
        return sorted(found, key=lambda file: file.path)

    def at(self, name: str) -> str:
        """Give the path of a file below."""
        return f"{self.root.rstrip('/')}/{name}"

    def look(self, path: str) -> File | None:
        """Say how large a file is and when it was changed; None if it is none."""
        info = self.fs.get_file_info(path)
        return File(path, info.size, info.mtime_ns or 0) if info.is_file else None

    def read_json(self, name: str) -> Any:
        """Read a file that `write_json` wrote; None if there is none, or only a part."""
        if self.look(self.at(name)) is None:
            return None
        with self.fs.open_input_stream(self.at(name)) as file, suppress(ValueError):
            return json.loads(file.read())
        return None

    def write_json(self, name: str, value: Any) -> None:
        """Write plain values."""
        with self.writing(name) as file:
            file.write(json.dumps(value, ensure_ascii=False).encode())

    @contextmanager
    def writing(self, name: str) -> Generator[Any]:
        """Open a file that appears when it is whole: by its name here, by its upload's end elsewhere."""
        path = self.at(name)
        if not self.local:
            with self.fs.open_output_stream(path) as file:
                yield file
            return
        part = self.at(f".{name}.{uuid.uuid4().hex}")
        try:
            with self.fs.open_output_stream(part) as file:
                yield file
            self.fs.move(part, path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise

    def tidy(self) -> None:
        """Remove what workers that were killed had half written."""
        if self.local:
            for part in Path(self.root).glob(".*." + "?" * 32):
                part.unlink(missing_ok=True)


def _fits(path: list[str], wanted: list[str]) -> bool:
    """Say whether a path is what was asked for; what is hidden must be asked for by its dot."""
    return len(path) == len(wanted) and all(
        part == want or (fnmatchcase(part, want) and (part[:1] not in "._" or want[:1] == part[:1]))
        for part, want in zip(path, wanted, strict=True)
    )
