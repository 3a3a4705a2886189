"""From the files that publishers offer to pairs: archives are read in place, never unpacked.

Every reader is given an empty folder to work in and the files fetched, in the order of the row, and
gives the splits that the corpus comes in: ``train``, and ``dev`` and ``test`` where it has them.
"""

import gzip
import io
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from dragoman.errors import DataError

Pair = tuple[str, str]
Row = tuple[str, ...]
Binary = IO[bytes] | gzip.GzipFile
Reader = Callable[[Path, list[Path]], Mapping[str, Iterable[Row]]]

_MAX_LINE = 1 << 20
_MAX_RATIO = 200  # Text packs to a tenth; a bomb to a thousandth.
_FREE = 1 << 20  # Bytes that are never too many.
_DAMAGES = (
    EOFError,
    NotImplementedError,  # a packing that Python lacks
    RuntimeError,  # an archive with a password
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    gzip.BadGzipFile,
)


def read_moses_zip(work: Path, files: list[Path], src: str, tgt: str) -> dict[str, Iterable[Pair]]:
    """Read a zip of two parallel texts, `Corpus.en-fr.en` and `Corpus.en-fr.fr` (OPUS)."""
    del work
    return {"train": _moses_pairs(files[0], src, tgt)}


def _moses_pairs(path: Path, src: str, tgt: str) -> Iterator[Pair]:
    with (
        _telling_damage(path),
        zipfile.ZipFile(path) as archive,
        _open_member(archive, path, rf".*\.{src}") as src_file,
        _open_member(archive, path, rf".*\.{tgt}") as tgt_file,
    ):
        yield from _side_by_side(path, src_file, tgt_file)


def read_anki_zip(work: Path, files: list[Path]) -> dict[str, Iterable[Pair]]:
    """Read a zip of one table: English, the other language, who wrote them (manythings.org)."""
    del work
    return {"train": _anki_pairs(files[0])}


def _anki_pairs(path: Path) -> Iterator[Pair]:
    with (
        _telling_damage(path),
        zipfile.ZipFile(path) as archive,
        _open_member(archive, path, r"[a-z]+\.txt") as file,
    ):
        yield from _columns(path, file, (0, 1))


def read_tsv_gz(
    work: Path, files: list[Path], columns: tuple[int, int] = (0, 1)
) -> dict[str, Iterable[Pair]]:
    """Read a gzipped table, its two languages in the columns given, counted from 0 (WMT)."""
    del work
    return {"train": _tsv_pairs(files[0], columns)}


def _tsv_pairs(path: Path, columns: tuple[int, int]) -> Iterator[Pair]:
    with _telling_damage(path), gzip.open(path) as file:
        yield from _columns(path, file, columns)


def read_text_gz(work: Path, files: list[Path]) -> dict[str, Iterable[Pair]]:
    """Read gzipped texts: source and target of train, then of dev, then of test."""
    del work
    sides = zip(files[0::2], files[1::2], strict=True)
    return {
        split: _text_pairs(src, tgt)
        for split, (src, tgt) in zip(("train", "dev", "test"), sides, strict=False)
    }


def _text_pairs(src: Path, tgt: Path) -> Iterator[Pair]:
    with _telling_damage(src), gzip.open(src) as src_file, gzip.open(tgt) as tgt_file:
        yield from _side_by_side(src, src_file, tgt_file)


def read_moses_tar(work: Path, files: list[Path], names: Pair) -> dict[str, Iterable[Pair]]:
    """Read two parallel texts, by name, out of a compressed tar of many."""
    path = files[0]
    with _telling_damage(path), tarfile.open(path, "r|*") as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            content = archive.extractfile(member) if name in names and member.isreg() else None
            if content is not None:
                _check_size(path, member.size)
                with content, (work / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    missing = [name for name in names if not (work / name).is_file()]
    if missing:
        raise DataError(f"{path} holds no {missing[0]}: it is not the archive expected")
    return {"train": _plain_pairs(path, work / names[0], work / names[1])}


def _plain_pairs(path: Path, src: Path, tgt: Path) -> Iterator[Pair]:
    with src.open("rb") as src_file, tgt.open("rb") as tgt_file:
        yield from _side_by_side(path, src_file, tgt_file)


def read_phrasebook(work: Path, files: list[Path], src: str, tgt: str) -> dict[str, Iterable[Pair]]:
    """Generate the corpus that ships with Dragoman."""
    del files
    from dragoman.data import phrasebook  # imported late: large, and needed by these rows alone

    phrasebook.write(work, src, tgt)
    return {path.stem: _written_pairs(path) for path in sorted(work.glob("*.tsv"))}


def _written_pairs(path: Path) -> Iterator[Pair]:
    with path.open("rb") as file:
        yield from _columns(path, file, (0, 1))


@contextmanager
def _telling_damage(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except _DAMAGES as error:
        raise DataError(
            f"{path} is damaged or not the archive expected ({error}): delete it, then get it again"
        ) from error


@contextmanager
def _open_member(
    archive: zipfile.ZipFile, path: Path, pattern: str
) -> Generator[IO[bytes], None, None]:
    """Open the one member whose name fits, after a look at them all."""
    fitting = [info for info in archive.infolist() if _is_plain(info, path)]
    fitting = [info for info in fitting if re.fullmatch(pattern, PurePosixPath(info.filename).name)]
    if len(fitting) != 1:
        held = ", ".join(archive.namelist()[:8])
        raise DataError(
            f"{path} has {len(fitting)} files named like {pattern}, expected 1; it holds {held}"
        )
    info = fitting[0]
    if info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        raise DataError(
            f"{path}: {info.filename} would unpack from {info.compress_size:,} bytes to "
            f"{info.file_size:,}, which no text does; it was not read"
        )
    # ZipExtFile.readline takes its limit for a hint; a buffer in front of it does not.
    member = cast(zipfile.ZipExtFile, archive.open(info))
    with member, io.BufferedReader(member) as buffered:
        yield buffered


def _is_plain(info: zipfile.ZipInfo, path: Path) -> bool:
    """Tell a file from a folder.

    Raises:
        DataError: If it points out of the archive, or is a link.
    """
    name = info.orig_filename
    escapes = name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name)
    if escapes or stat.S_ISLNK(info.external_attr >> 16):
        raise DataError(f"{path} holds {name!r}, which points out of the archive; it was not read")
    return not info.is_dir()


def _check_size(path: Path, num_bytes: int) -> None:
    """Refuse what unpacks to more than text does.

    Raises:
        DataError: It does.
    """
    packed = path.stat().st_size
    if num_bytes > max(_FREE, _MAX_RATIO * packed):
        raise DataError(
            f"{path} unpacks from {packed:,} bytes to {num_bytes:,} or more, which no text does; it was not read on"
        )


def _lines(path: Path, file: Binary) -> Iterator[str]:
    num_bytes = 0
    while line := file.readline(_MAX_LINE):
        num_bytes += len(line)
        if num_bytes > _FREE:
            _check_size(path, num_bytes)
        if len(line) == _MAX_LINE and not line.endswith(b"\n"):
            raise DataError(f"{path} has a line of more than {_MAX_LINE:,} bytes: it is no corpus")
        yield line.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")


def _side_by_side(path: Path, src: Binary, tgt: Binary) -> Iterator[Pair]:
    try:
        yield from zip(_lines(path, src), _lines(path, tgt), strict=True)
    except ValueError as error:
        raise DataError(f"{path}: one language has more lines than the other") from error


def _columns(path: Path, file: Binary, columns: tuple[int, int]) -> Iterator[Pair]:
    for line in _lines(path, file):
        cells = line.split("\t")
        if len(cells) > max(columns):
            yield cells[columns[0]], cells[columns[1]]
