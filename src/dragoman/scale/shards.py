"""The plan of a bulk translation: inputs cut into shards of so many rows, and the manifest that says what made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dragoman.errors import InputError
from dragoman.scale.arrow import arrow
from dragoman.scale.rows import PACKED, READERS, format_of
from dragoman.scale.stores import File, Store

MANIFEST = "_manifest.json"
# What the names of a folder's files begin with: outputs, the reports of those that are finished, the errors of
# outputs that have no columns, and how often a shard was tried.
PART, DONE, ERRORS, TRYING = "part", "_done", "_errors", "_trying"
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Shard:
    """Rows of one input that become one output.

    Attributes:
        number: From 0, in the order of inputs and rows.
        file: The input.
        first: The number of its first row, over all inputs.
        start: The same, in its file.
        rows: How many rows it has.
        offset: Where its bytes begin, in files of lines.
        length: How many bytes it has; -1 for all that follow.
    """

    number: int
    file: File
    first: int
    start: int
    rows: int
    offset: int = 0
    length: int = -1

    @classmethod
    def of(cls, values: dict[str, Any]) -> Shard:
        """Read what `asdict` wrote."""
        rest: dict[str, Any] = {name: value for name, value in values.items() if name != "file"}
        return cls(file=File(**values["file"]), **rest)

    def name(self, suffix: str, what: str = PART) -> str:
        """Give the name of the output."""
        return f"{what}-{self.number:06}{suffix}"


def plan(store: Store, rows: int) -> list[Shard]:
    """Cut the inputs into shards.

    Args:
        store: Names the inputs, by a path with ``*`` in it or not.
        rows: At most so many a shard; a compressed file is one, as it can only be read from its beginning.

    Raises:
        InputError: There is no input, or one cannot be read.
    """
    pa = arrow()
    shards: list[Shard] = []
    first = 0
    for file in store.files():
        cut = _cut_parquet if READERS[format_of(file.path)].columnar else _cut_lines
        try:
            parts = list(cut(store, file, rows))
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{file.path}: cannot be read ({error}).") from None
        for part in parts:
            number, start = len(shards), first + part.start
            shards.append(replace(part, number=number, first=start))
        first += sum(part.rows for part in parts)
    if not shards:
        raise InputError(f"{store.root}: there is no row to translate.")
    return shards


def _cut_parquet(store: Store, file: File, rows: int) -> Iterator[Shard]:
    parquet = arrow(".parquet")
    with store.fs.open_input_file(file.path) as opened:
        total = parquet.ParquetFile(opened).metadata.num_rows
    for start in range(0, total, rows):
        yield Shard(0, file, 0, start, min(rows, total - start))


def _cut_lines(store: Store, file: File, rows: int) -> Iterator[Shard]:
    packed = file.path.endswith(PACKED)
    cuts, num_lines, at, end = [0], 0, 0, 0
    with store.fs.open_input_stream(file.path) as opened:
        while block := opened.read(_BLOCK):
            ends = at + 1 + np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
            cuts += ends[rows - num_lines % rows - 1 :: rows].tolist()
            num_lines, at = num_lines + len(ends), at + len(block)
            end = int(ends[-1]) if len(ends) else end
    num_lines += end < at
    if packed:
        if num_lines:
            yield Shard(0, file, 0, 0, num_lines)
        return
    starts = [cut for cut in cuts if cut < at]
    for number, (offset, stop) in enumerate(zip(starts, [*starts[1:], at], strict=True)):
        start = number * rows
        yield Shard(0, file, 0, start, min(rows, num_lines - start), offset, stop - offset)


def open_plan(out: Store, source: Store, made_by: dict[str, Any], rows: int) -> list[Shard]:
    """Find the plan of what was begun in a folder, or make one and write it there.

    Args:
        out: The folder.
        source: The inputs.
        made_by: Whatever makes an output what it is: model, options, form.
        rows: Rows a shard.

    Raises:
        InputError: The folder holds something else, or what other inputs, models or options made.
    """
    made_by = {**made_by, "shard_rows": rows, "inputs": [asdict(one) for one in source.files()]}
    if any(one["path"].rpartition("/")[0] == out.root.rstrip("/") for one in made_by["inputs"]):
        raise InputError(f"{out.root}: the inputs are in it; --output names another folder.")
    known = out.read_json(MANIFEST)
    if known is not None:
        differs = [key for key in made_by if known["made_by"].get(key) != made_by[key]]
        if differs:
            raise InputError(
                f"{out.root}: was begun with {_told(differs, known['made_by'])}; now it is "
                f"{_told(differs, made_by)}. Give the same, another --output, or --restart to translate all anew."
            )
        return [Shard.of(one) for one in known["shards"]]
    filesystems = arrow(".fs")
    selector = filesystems.FileSelector(out.root, allow_not_found=True)
    if out.fs.get_file_info(selector):
        raise InputError(
            f"{out.root}: holds files that no bulk translation made; --output names a new folder."
        )
    shards = plan(source, rows)
    out.fs.create_dir(out.root)
    out.write_json(MANIFEST, {"made_by": made_by, "shards": [asdict(one) for one in shards]})
    return shards


def clear(out: Store, *kinds: str) -> None:
    """Remove what a bulk translation left, of the kinds that are named, and nothing else."""
    filesystems = arrow(".fs")
    for info in out.fs.get_file_info(filesystems.FileSelector(out.root, allow_not_found=True)):
        if info.is_file and info.base_name.startswith(tuple(f"{kind}-" for kind in kinds)):
            out.fs.delete_file(info.path)


def restart(out: Store) -> None:
    """Remove all that a bulk translation left."""
    if out.look(out.at(MANIFEST)) is not None:
        clear(out, PART, DONE, ERRORS, TRYING)
        out.fs.delete_file(out.at(MANIFEST))


def _told(keys: list[str], values: dict[str, Any]) -> str:
    """Say some of the values in a line; of the inputs, only that they are others."""
    return ", ".join(
        f"{key} {len(values[key])} files of {sum(one['size'] for one in values[key]):,} bytes"
        if key == "inputs" and key in values
        else f"{key} {values.get(key)}"
        for key in keys
    )
