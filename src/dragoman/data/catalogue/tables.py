"""Tables of words, sentences and labels, as the shared tasks and treebanks publish them.

As in ``readers``: a folder to work in (not needed here) and the files, in the order of the row, to rows by split.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dragoman.data.catalogue.readers import Row
from dragoman.errors import DataError

_NO_LABEL = frozenset({"", "_", "-"})


@dataclass(frozen=True)
class Layout:
    """How a table is read.

    Attributes:
        splits: What the files are, in order.
        columns: Those wanted, from 0, in the order wanted.
        sep: What stands between cells; a table with commas may have quotes around them.
        header: Whether the first line names the columns.
        labels: What to write for a cell of the last column; anything else stays.
    """

    splits: tuple[str, ...] = ("train", "dev", "test")
    columns: tuple[int, ...] = (0, 1)
    sep: str = "\t"
    header: bool = False
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def read_table(work: Path, files: list[Path], layout: Layout) -> dict[str, Iterable[Row]]:
    """Read tables of words or sentences.

    A single file is all there is: dev and test are held out of it by its first column.
    """
    del work
    return {split: _rows(path, layout) for split, path in zip(layout.splits, files, strict=True)}


def _rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Give the cells wanted of each line that has them all.

    Raises:
        DataError: If it is no table.
    """
    quoting = csv.QUOTE_NONE if layout.sep == "\t" else csv.QUOTE_MINIMAL
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        table = csv.reader(file, delimiter=layout.sep, quoting=quoting)
        try:
            if layout.header:
                next(table, None)
            for cells in table:
                if len(cells) > max(layout.columns):
                    *front, last = (cells[column] for column in layout.columns)
                    yield (*front, layout.labels.get(last.strip(), last))
        except csv.Error as error:
            raise DataError(
                f"{path}:{table.line_num}: is not a table ({error}): delete it, then get it again"
            ) from error


def read_conllu(work: Path, files: list[Path], column: int) -> dict[str, Iterable[Row]]:
    """Read treebanks in CoNLL-U: train, dev and test.

    Args:
        work: Not needed.
        files: A treebank's three.
        column: Of the labels, from 0: 3 is the universal part of speech.
    """
    del work
    splits = zip(("train", "dev", "test"), files, strict=True)
    return {split: _sentences(path, column) for split, path in splits}


def _sentences(path: Path, column: int) -> Iterator[Row]:
    """Give each sentence's words, and its labels, with one space between.

    The words are the numbered ones (universaldependencies.org/format.html): not the contractions that
    they are the parts of (``3-4``), nor what the annotators added (``5.1``). A sentence without a label
    for each word is left out.
    """
    words: list[str] = []
    labels: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in (*file, ""):
            cells = line.rstrip("\r\n").split("\t")
            if cells[0].isdecimal() and len(cells) > column:
                words.append("_".join(cells[1].split()))
                # Universal NER marks with B-O what an annotator took back.
                labels.append("O" if cells[column] == "B-O" else cells[column].strip())
            elif not line.strip():
                if words and all(words) and _NO_LABEL.isdisjoint(labels):
                    yield " ".join(words), " ".join(labels)
                words, labels = [], []
