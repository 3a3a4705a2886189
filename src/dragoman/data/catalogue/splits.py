"""Pairs to `train.tsv`, `dev.tsv` and `test.tsv`."""

import hashlib
import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from dragoman.data.catalogue.download import Progress
from dragoman.data.catalogue.readers import Pair

# The bytes of download that hold about one pair of 1,500: so many pairs are held out for dev, and
# again for test, of a corpus of any size, but no more than 1 in 30.
_BYTES_PER_HELD = 50_000
_MIN_EVERY = 30
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\ufffd]")
_TOLD_EVERY = 1 << 16


def write_splits(
    splits: dict[str, Iterable[Pair]],
    folder: Path,
    num_bytes: int,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write a corpus, with white space made single spaces, and without unusable pairs.

    A corpus that comes whole has dev and test held out: every so many-th source sentence by its
    hash, so that one sentence never stands in two splits, and a later version splits alike.

    Args:
        splits: Pairs by the name of the split.
        folder: Where the tables go.
        num_bytes: The size of what was downloaded.
        progress: To be told how far it is.

    Returns:
        The number of pairs by file name; a split without any has no file.
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
        for split, pairs in splits.items():
            for pair in pairs:
                src, tgt = (" ".join(text.split()) for text in pair)
                if not src or not tgt or _UNUSABLE.search(src + tgt):
                    continue
                name = _split_of(src, every) if len(splits) == 1 else split
                files[name].write(f"{src}\t{tgt}\n")
                counts[name] += 1
                if progress and counts[name] % _TOLD_EVERY == 0:
                    progress(f"{name}.tsv", files[name].tell(), None)
    for name, count in counts.items():
        if not count:
            (folder / f"{name}.tsv").unlink()
    return {f"{name}.tsv": count for name, count in counts.items() if count}


def _split_of(src: str, every: int) -> str:
    digest = hashlib.blake2b(src.encode(), digest_size=8).digest()
    return {0: "dev", 1: "test"}.get(int.from_bytes(digest, "big") % every, "train")
