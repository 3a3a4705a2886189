"""Lines through a pipe: as bytes, in a stated encoding, only ever cut at line feeds."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any, Protocol

from dragoman.errors import InputError

CHUNK_LINES = 1000
_READ = 1 << 20


class _Bytes(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def read_chunks(file: Any, name: str, encoding: str) -> Iterator[list[str]]:
    r"""Read lines as they come, at most `CHUNK_LINES` at a time.

    What a slow writer has sent is given without waiting for more. A byte order mark and the `\r` of a `\r\n`
    are dropped.

    Args:
        file: Open for reading bytes.
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
    file: _Bytes, name: str, encoding: str, decoder: codecs.IncrementalDecoder
) -> Iterator[list[str]]:
    left, number, first = "", 0, True
    while True:
        content = file.read1(_READ)
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
        *lines, left = (left + text).split("\n")
        if not content and left:
            lines, left = [*lines, left], ""
        number += len(lines)
        rest = iter(lines)
        while chunk := [line.removesuffix("\r") for line in islice(rest, CHUNK_LINES)]:
            yield chunk
        if not content:
            return


def write_lines(file: IO[bytes], lines: Iterable[str]) -> None:
    """Write lines in UTF-8."""
    file.write("".join(f"{line}\n" for line in lines).encode())
