"""Lines through a pipe: as bytes, in a stated encoding, only ever cut at line feeds."""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from dragoman.errors import InputError

CHUNK_LINES = 1000
_READ = 1 << 20


# What "surrogateescape" makes of bytes that are no text; no text has them.
_NO_TEXT = re.compile("[\udc80-\udcff]")


@dataclass
class Unreadable:
    """Which lines of an input are not in its encoding: how many, and the first, with its first bad byte."""

    name: str
    encoding: str
    count: int = 0
    line: int = 0
    byte: int = 0

    def read(self, line: str, number: int) -> str:
        """Give a line as it is, or empty if it is no text, which is noted."""
        found = _NO_TEXT.search(line)
        if found is None:
            return line
        self.count += 1
        if self.count == 1:
            self.line, self.byte = number, ord(found[0]) - 0xDC00
        return ""

    def check(self) -> None:
        """Tell of them, once all else is done.

        Raises:
            InputError: There are some.
        """
        if not self.count:
            return
        more = f", the first of {self.count:,} such lines" if self.count > 1 else ""
        raise InputError(
            f"{self.name}:{self.line} is not {self.encoding.upper()} (byte 0x{self.byte:02x}){more}; answered by an "
            "empty line. Mend the input, or name its encoding, such as --encoding cp949."
        )


def read_chunks(file: IO[bytes], unreadable: Unreadable) -> Iterator[list[str]]:
    r"""Read lines as they come, at most `CHUNK_LINES` at a time.

    What a slow writer has sent is given without waiting for more. A byte order mark and the `\r` of a `\r\n`
    are dropped. A line that is no text is given as an empty one.

    Args:
        file: A buffered one.
        unreadable: Its name and encoding, as Python names that; the locale plays no part. Takes note of what is no
            text.

    Raises:
        InputError: There is no such encoding, or one of UTF-16 or UTF-32, and the input is not in it.
    """
    encoding = unreadable.encoding
    try:
        decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        "".encode(encoding)
    except (LookupError, ValueError):
        raise InputError(
            f"there is no text encoding {encoding!r}; give one such as utf-8, cp949 or latin-1."
        ) from None
    return _chunks(file, unreadable, decoder)


def _chunks(
    file: Any, unreadable: Unreadable, decoder: codecs.IncrementalDecoder
) -> Iterator[list[str]]:
    kept: list[str] = []  # The parts of a line whose end has not come yet.
    number, first = 0, True
    while True:
        content: bytes = file.read1(_READ)
        try:
            text = decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{unreadable.name} is not {unreadable.encoding.upper()} from line {number + 1} on or soon after "
                f"({error.reason}); name its encoding, such as --encoding cp949."
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
        rest = enumerate(lines, number + 1)
        number += len(lines)
        while chunk := [
            unreadable.read(line, at).removesuffix("\r") for at, line in islice(rest, CHUNK_LINES)
        ]:
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
