"""Rows to `train.tsv`, `dev.tsv` and `test.tsv`."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from dragoman.data.catalogue.download import Progress
from dragoman.data.catalogue.readers import Row

# The bytes of download that hold about one pair of 1,500: so many pairs are held out for dev, and
# again for test, of a corpus of any size, but no more than 1 in 30.
_BYTES_PER_HELD = 50_000
_MIN_EVERY = 30
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\ufffd]")
_TOLD_EVERY = 1 << 16


def table_line(cells: Sequence[str]) -> str:
    """Write a row as a line, tabs between its cells."""
    return "\t".join(cells) + "\n"


def column_lines(cells: Sequence[str]) -> str:
    """Write a sentence and its labels as CoNLL has them: a word and its label a line, then a blank line."""
    words, labels = (cell.split() for cell in cells)
    rows = zip(words, labels, strict=True)
    return "".join(f"{word}\t{label}\n" for word, label in rows) + "\n"


def write_splits(
    splits: Mapping[str, Iterable[Row]],
    folder: Path,
    num_bytes: int,
    progress: Progress | None = None,
    line: Callable[[Sequence[str]], str] = table_line,
) -> dict[str, int]:
    """Write a corpus, with white space made single spaces, and without unusable rows.

    A corpus that comes whole has dev and test held out: every so many-th source sentence by its
    hash, so that one sentence never stands in two splits, and a later version splits alike.

    Args:
        splits: Rows by the name of the split.
        folder: Where the tables go.
        num_bytes: The size of what was downloaded.
        progress: To be told how far it is.
        line: How a row is written.

    Returns:
        The number of rows by file name; a split without any has no file.
    """
    names = ("train", "dev", "test") if set(splits) == {"train"} else tuple(splits)
    every = max(_MIN_EVERY, num_bytes // _BYTES_PER_HELD)
    counts = dict.fromkeys(names, 0)
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(
                (folder / f"{name}.tsv").open("w", encoding="utf-8", newline="\n")
            )
            for name in names
        }
        for split, rows in splits.items():
            for row in rows:
                cells = [" ".join(text.split()) for text in row]
                if not all(cells) or _UNUSABLE.search("".join(cells)):
                    continue
                name = split_of(cells[0], every) if len(splits) == 1 else split
                files[name].write(line(cells))
                counts[name] += 1
                if progress and counts[name] % _TOLD_EVERY == 0:
                    progress(f"{name}.tsv", files[name].tell(), None)
    for name, count in counts.items():
        if not count:
            (folder / f"{name}.tsv").unlink()
    return {f"{name}.tsv": count for name, count in counts.items() if count}


def split_of(text: str, every: int) -> str:
    """Say which split a text is in: one in `every` is dev, and one test, by its hash."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return {0: "dev", 1: "test"}.get(int.from_bytes(digest, "big") % every, "train")
