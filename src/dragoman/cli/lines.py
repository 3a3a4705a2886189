"""Lines through a pipe: as bytes, in a stated encoding, only ever cut at line feeds."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from dragoman.errors import InputError

CHUNK_LINES = 1000
_READ = 1 << 20


def read_chunks(file: IO[bytes], name: str, encoding: str) -> Iterator[list[str]]:
    r"""Read lines as they come, at most `CHUNK_LINES` at a time.

    What a slow writer has sent is given without waiting for more. A byte order mark and the `\r` of a `\r\n`
    are dropped.

    Args:
        file: A buffered one.
        name: For messages.
        encoding: As Python names it; the locale plays no part.

    Raises:
        InputError: There is no such encoding, or the input is not in it.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        "".encode(encoding)
    except (LookupError, ValueError):
        raise InputError(
            f"there is no text encoding {encoding!r}; give one such as utf-8, cp949 or latin-1."
        ) from None
    return _chunks(file, name, encoding, decoder)


def _chunks(
    file: Any, name: str, encoding: str, decoder: codecs.IncrementalDecoder
) -> Iterator[list[str]]:
    kept: list[str] = []  # The parts of a line whose end has not come yet.
    number, first = 0, True
    while True:
        content: bytes = file.read1(_READ)
        try:
            text = decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            line = number + error.object[: error.start].count(b"\n") + 1
            raise InputError(
                f"{name}:{line} is not {encoding.upper()} (byte 0x{error.object[error.start]:02x}); "
                "name its encoding, such as --encoding cp949."
            ) from None
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        *lines, left = text.split("\n")
        if lines:
            lines[0] = "".join([*kept, lines[0]])
            kept.clear()
        kept.append(left)
        if not content and (last := "".join(kept)):
            lines.append(last)
        number += len(lines)
        rest = iter(lines)
        while chunk := [line.removesuffix("\r") for line in islice(rest, CHUNK_LINES)]:
            yield chunk
        if not content:
            return


def write_lines(file: IO[bytes], lines: Iterable[str]) -> None:
    """Write lines in UTF-8."""
    file.write("".join(f"{line}\n" for line in lines).encode())


@contextmanager
def opened(path: Path | None) -> Generator[IO[bytes]]:
    """Open an output: stdout, or a file that appears when it is whole.

    Raises:
        InputError: The path is a folder.
    """
    if path is None:
        yield sys.stdout.buffer
        return
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise InputError(f"{path}: is a folder; --output names a file.")
    if path.exists() and not path.is_file():  # A device or a named pipe is written to as it is.
        with path.open("wb") as out:
            yield out
        return
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(path)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}).") from None
    finally:
        part.unlink(missing_ok=True)
