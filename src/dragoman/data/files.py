"""From a path to decoded lines: unpack, decode as asked, split at line feeds only.

Bytes that do not decode stay in the lines as lone surrogates (PEP 383), so that one bad line costs
one pair and not the corpus; a file with many of them is refused, with a guess at its encoding.
"""

import bz2
import difflib
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from io import BytesIO
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import IO, Any, cast

from dragoman.errors import DataError, MissingExtraError

UNDECODED = re.compile("[\udc80-\udcff]")

_GUESSES = ("utf-8", "cp949", "cp1252")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PACKED_MARKS = {b"\x1f\x8b": ".gz", b"\xfd7zXZ": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
_MIN_TOLERATED = 10
# Text packs to a tenth, and a bomb to a thousandth; so many bytes are never too many.
_MOST_TIMES, _FREE = 200, 1 << 26
_CHUNK = 1 << 20
_BLOCK = 1 << 18  # characters of text that are decoded and cut together
_PART = 1 << 12  # Of what is packed; Zstandard gives all that it makes of it at once.


def too_many(num_bad: int, num_lines: int) -> bool:
    """Tell whether bad lines are more than an accident: above 10 and 1 %, or above half."""
    return num_bad > max(_MIN_TOLERATED, num_lines // 100) or num_bad * 2 > num_lines


def import_extra(module: str, purpose: str, extra: str = "train") -> ModuleType:
    """Import an optional dependency.

    Args:
        module: Its import name.
        purpose: What it is needed for, such as "reading Parquet".
        extra: What installs it.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{purpose} needs {package}, which is not installed: pip install 'dragoman[{extra}]'"
        ) from error


def _unpack_zstandard(packed: bytes) -> Iterator[bytes]:
    zstandard = import_extra("zstandard", "reading a .zst file")
    at = 0
    while at < len(packed):
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if at >= len(packed):
                raise EOFError("the last frame has no end")
            part = packed[at : at + _PART]
            try:
                yield frame.decompress(part)
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from error
            at += len(part) - len(frame.unused_data)


def _unpack(opened: Callable[[BytesIO], IO[bytes]]) -> Callable[[bytes], Iterator[bytes]]:
    def parts(packed: bytes) -> Iterator[bytes]:
        with opened(BytesIO(packed)) as file:
            while part := file.read(_CHUNK):
                yield part

    return parts


COMPRESSIONS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    ".gz": _unpack(lambda packed: cast("IO[bytes]", gzip.GzipFile(fileobj=packed))),
    ".bz2": _unpack(bz2.BZ2File),
    ".xz": _unpack(lzma.LZMAFile),
    ".zst": _unpack_zstandard,
}


def _open_zstandard(path: Path) -> IO[bytes]:
    zstandard = import_extra("zstandard", "reading a .zst file")
    return zstandard.open(path, "rb")


_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _open_zstandard,
}


def content_suffix(path: Path) -> str:
    """Give the suffix that names the format: `.tsv` of `train.tsv.gz`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def read_bytes(path: Path) -> bytes:
    """Read a whole file, unpacked if its suffix names a compression.

    Raises:
        DataError: If it is missing, a folder, unreadable, empty or damaged.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist{_nearest_sibling(path)}") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder; expected a file of pairs inside it") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    suffix = path.suffix.lower()
    if raw and suffix in COMPRESSIONS:
        try:
            raw = unpack(path, raw)
        except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise DataError(
                f"{path} is damaged, cut short or not a {suffix} file ({error}): "
                "copy or download it again"
            ) from error
    if not raw or raw.isspace():
        raise DataError(f"{path} is empty; expected pairs of source and target")
    for mark, packed_suffix in _PACKED_MARKS.items():
        if raw.startswith(mark):
            raise DataError(f"{path} is a packed file: rename it to {path.name}{packed_suffix}")
    return raw


def unpack(path: Path, packed: bytes) -> bytes:
    """Unpack a file's content, if its suffix names a compression.

    Raises:
        DataError: It is more than text unpacks to.
    """
    suffix = path.suffix.lower()
    if suffix not in COMPRESSIONS:
        return packed
    most, found, size = max(_FREE, _MOST_TIMES * len(packed)), list[bytes](), 0
    for part in COMPRESSIONS[suffix](packed):
        found.append(part)
        size += len(part)
        if size > most:
            raise DataError(
                f"{path} unpacks from {len(packed):,} bytes to more than {most:,}, which no text does; "
                "if it is right, unpack it yourself"
            )
    return b"".join(found)


def decode_lines(path: str, content: bytes, encoding: str) -> list[str]:
    r"""Decode a file and split it at every `\n`, and nowhere else.

    A byte order mark and the `\r` of a `\r\n` are dropped.

    Args:
        path: For messages.
        content: The whole file.
        encoding: As Python names it; the locale plays no part.

    Returns:
        The lines; a byte that did not decode is one character that `UNDECODED` matches.

    Raises:
        DataError: If the encoding is unknown, or too many lines do not decode.
    """
    try:
        one_byte_newline = "\n".encode(encoding) == b"\n"
    except (LookupError, ValueError) as error:
        raise DataError(
            f"there is no text encoding {encoding!r}; give one such as utf-8, cp949 or latin-1"
        ) from error
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if not one_byte_newline or content[:2] in _UTF16_MARKS:
            raise _wrong_encoding(path, content, encoding, error) from error
        text = _decode_leniently(path, content, encoding, error)
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        if "\n" not in text and "\r" in text.rstrip("\r"):
            raise DataError(f"{path} ends its lines with \\r alone; convert them to \\n")
        text = text.replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")


def stream_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield what `decode_lines` gives, without ever holding the file.

    Raises:
        DataError: The file cannot be read, or is damaged.
    """
    return chain.from_iterable(_stream_blocks(path, encoding))


def _stream_blocks(path: Path, encoding: str) -> Iterator[list[str]]:
    """Yield the lines of a stretch of the file at a time."""
    opener, mark = _OPENERS.get(path.suffix.lower(), io.FileIO), "\ufeff"
    try:
        with io.BufferedReader(opener(path)) as raw:
            text = io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="\n")
            while block := text.read(_BLOCK) + text.readline():
                block, mark = block.removeprefix(mark), ""
                yield block.replace("\r\n", "\n").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not {encoding.upper()} ({error}); name its encoding") from error
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path} cannot be read, or is damaged ({error})") from error


def _decode_leniently(path: str, content: bytes, encoding: str, error: UnicodeDecodeError) -> str:
    """Decode, turning each bad byte into a lone surrogate, if few lines have one."""
    try:
        text = content.decode(encoding, "surrogateescape")
    except UnicodeDecodeError:
        raise _wrong_encoding(path, content, encoding, error) from error
    lines = text.removesuffix("\n").split("\n")
    num_bad = sum(1 for line in lines if not line.isascii() and UNDECODED.search(line))
    if too_many(num_bad, len(lines)):
        raise _wrong_encoding(path, content, encoding, error) from error
    return text


def _wrong_encoding(
    path: str, content: bytes, encoding: str, error: UnicodeDecodeError
) -> DataError:
    line = content.count(b"\n", 0, error.start) + 1
    guess = _guess_encoding(content)
    advice = f"it decodes as {guess}: pass --encoding {guess}" if guess else "name its encoding"
    return DataError(
        f"{path}:{line} is not {encoding.upper()} (byte 0x{content[error.start]:02x} at "
        f"line {line}, offset {error.start}); {advice}"
    )


def _guess_encoding(content: bytes) -> str | None:
    if content[:2] in _UTF16_MARKS:
        return "utf-16"
    for encoding in _GUESSES:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _nearest_sibling(path: Path) -> str:
    try:
        names = [sibling.name for sibling in path.parent.iterdir()]
    except OSError:
        return f", nor does the folder {path.parent}"
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.with_name(near[0])}?" if near else "; check the path"
