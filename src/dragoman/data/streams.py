"""Corpora larger than memory: read in chunks, and looked at through a sample.

A sample is drawn from the whole of a corpus without reading it where its lines can be found by seeking (TSV and JSON
lines that are not packed); elsewhere its rows are skimmed once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dragoman.data.chunks import Chunk, Files, name_of, paths_of, read_chunks, stream_rows
from dragoman.data.corpus import Corpus, Pair, ReadOptions, read_rows, refuse_bad, sift
from dragoman.data.files import COMPRESSIONS, read_bytes
from dragoman.data.formats import Row

CHUNK = 8192
_BY_LINES = frozenset({".tsv", ".tab", ".txt", ".jsonl", ".ndjson"})
_ASCII_LIKE = ("utf-8", "utf8", "cp949", "latin-1", "cp1252", "ascii", "euc-kr")
_SAMPLE_BYTES = 8 << 20
_NUM_PIECES = 128
_NUM_TOLD = 5
_EARLIEST = 100 * CHUNK  # lines before which it is not judged whether the bad ones are too many
_SKIMMED = 256  # rows that are sampled together
_PACKED_FACTOR = 3
_ROW_BYTES = 80


@dataclass(frozen=True)
class Sample:
    """Pairs drawn from all over a corpus.

    Attributes:
        corpus: The pairs, in the order of the file; all of them if they are few.
        share: How much of the corpus they are.
    """

    corpus: Corpus
    share: float

    @property
    def num_pairs(self) -> int:
        """How many pairs the whole corpus has; an estimate where the sample is a part."""
        return round(len(self.corpus.pairs) / self.share)


def size_of(files: Files) -> int:
    """Say about how many bytes a corpus has when unpacked; 0 where a file is missing."""
    return sum(map(_size, files if isinstance(files, tuple) else (files,)))


def _size(path: Path) -> int:
    try:
        packed = path.stat().st_size
    except OSError:  # Whoever reads it says what is wrong.
        return 0
    return packed * (_PACKED_FACTOR if path.suffix.lower() in COMPRESSIONS else 1)


def stream_corpus(files: Files, options: ReadOptions) -> Iterator[Chunk]:
    """Read a corpus in chunks, each of which knows its lines.

    Raises:
        DataError: If nothing, or too little, of it can be used; this may come late.
    """
    told, num_lines, num_bad = Corpus([], [], name_of(files)), 0, 0
    for found in read_chunks(files, options, CHUNK):
        num_lines += len(found) + len(found.problems)
        num_bad += len(found.problems)
        # Only the first are kept: the bad lines of a large corpus may be many, and yet few in it.
        told.problems.extend(found.problems[: _NUM_TOLD - len(told.problems)])
        told.pairs[:] = told.pairs or [
            Pair(*pair) for pair in zip(found.src[:1], found.tgt[:1], strict=True)
        ]
        refuse_bad(told, max(num_lines, _EARLIEST), num_bad)
        yield found
    refuse_bad(told, num_lines, num_bad)


def sample_corpus(files: Files, options: ReadOptions, most: int = _SAMPLE_BYTES) -> Sample:
    """Draw pairs from all over a corpus; the same ones each time.

    Args:
        files: The corpus.
        options: How it is read.
        most: Bytes to look at.

    Raises:
        DataError: If nothing, or too little, of it can be used.
    """
    paths = paths_of(files)
    if size_of(files) > most and _can_seek(files, options):
        assert isinstance(files, Path)
        content = _read_pieces(files, most)
        name = f"{files} (a sample)"
        rows = read_rows(files, options, content)
        return Sample(sift(rows, (name, name), name), len(content) / files.stat().st_size)
    if size_of(files) <= most and isinstance(files, Path):
        rows = read_rows(files, options, read_bytes(files))
        return Sample(sift(rows, paths, name_of(files)), 1.0)
    rows, total = _skim(stream_rows(files, options), most // (_SKIMMED * _ROW_BYTES))
    return Sample(sift(rows, paths, name_of(files)), len(rows) / max(1, total))


def _can_seek(files: Files, options: ReadOptions) -> bool:
    """Whether a line can be found anywhere in the file: it is not packed, and no cell holds a line feed."""
    by_lines = isinstance(files, Path) and files.suffix.lower() in _BY_LINES
    return by_lines and options.encoding.lower() in _ASCII_LIKE


def _read_pieces(path: Path, most: int) -> bytes:
    """Read whole lines at random places, one in each of equal stretches; the first line is always there."""
    chance = random.Random(path.stat().st_size)
    stretch, length = path.stat().st_size // _NUM_PIECES, most // _NUM_PIECES
    pieces: list[bytes] = []
    with path.open("rb") as file:
        for number in range(_NUM_PIECES):
            start = number * stretch + chance.randrange(stretch - length) if number else 0
            if start > file.tell() or not number:
                file.seek(start)
                if number:
                    file.readline()
            pieces += [file.read(length), file.readline()]
    return b"".join(pieces)


def _skim(rows: Iterator[Row], num_kept: int) -> tuple[list[Row], int]:
    """Keep some stretches of rows, each as likely as any other (Vitter 1985, algorithm R), in their order."""
    chance = random.Random(num_kept)
    kept: dict[int, list[Row]] = {}
    slots: list[int] = []
    total = number = 0
    while stretch := list(islice(rows, _SKIMMED)):
        total += len(stretch)
        slot = number if number < num_kept else chance.randrange(number + 1)
        if slot < num_kept:
            if slot < len(slots):
                del kept[slots[slot]]
                slots[slot] = number
            else:
                slots.append(number)
            kept[number] = stretch
        number += 1
    return [row for place in sorted(kept) for row in kept[place]], total
