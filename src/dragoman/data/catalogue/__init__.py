"""Public corpora by name: where they are, their licence, their checksum, their reader.

``get`` fetches into ``OUT/raw`` (``download``), reads what came (``readers``, ``debian``, ``tables``)
or makes it from installed packages (``words``, ``generated``), writes
``OUT/train.tsv``, ``dev.tsv`` and ``test.tsv`` (``splits``), and says in ``OUT/corpus.json`` what
was fetched from where, under which licence, and with which checksums. Nothing is fetched but by
``get``, and no file of another content is ever overwritten.
"""

import difflib
import json
import tempfile
from pathlib import Path
from typing import Any, cast

from dragoman.data.catalogue.download import (
    Progress,
    RemoteFile,
    digest_of,
    fetch,
    record,
    unwritable,
)
from dragoman.data.catalogue.rows import ROWS, Source
from dragoman.data.catalogue.splits import column_lines, table_line, write_splits
from dragoman.data.catalogue.task_rows import TASK_ROWS
from dragoman.errors import DataError

__all__ = ["CATALOGUE", "Progress", "RemoteFile", "Source", "find", "get", "list_sources"]

CATALOGUE: dict[str, Source] = {source.name: source for source in (*ROWS, *TASK_ROWS)}

_LEDGER = "corpus.json"
_SPLITS = ("train.tsv", "dev.tsv", "test.tsv")


def list_sources() -> list[Source]:
    """Give every corpus, in the order of the table."""
    return list(CATALOGUE.values())


def find(name: str) -> Source:
    """Give the corpus of a name.

    Raises:
        DataError: If there is none; it names the nearest.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    family, _, pair = name.lower().rpartition("-")
    turned = "-".join((*family.split("-")[:-1], pair, family.split("-")[-1]))
    if turned in CATALOGUE:
        raise DataError(
            f"there is no corpus {name!r}, but {turned!r} is the same the other way round: get "
            "that, and read its columns as 2, 1"
        )
    near = difflib.get_close_matches(name.lower(), CATALOGUE, n=3, cutoff=0.5)
    advice = f"did you mean {', '.join(near)}?" if near else "see dragoman data list"
    raise DataError(f"there is no corpus {name!r}; {advice}")


def get(name: str, out: Path, progress: Progress | None = None) -> list[Path]:
    """Fetch a corpus, verify it, and write it as tables ready for `dragoman train`.

    What is there already and is right is kept, so that a second call fetches nothing, and a call
    after an interruption goes on from it.

    Args:
        name: A key of `CATALOGUE`.
        out: The folder of this corpus alone.
        progress: To be told how far it is.

    Returns:
        `train.tsv`, and `dev.tsv` and `test.tsv` if there are enough pairs.

    Raises:
        DataError: If there is no such corpus; it cannot be fetched, verified, read or written; or
            the folder holds something else.
    """
    source = find(name)
    try:
        splits = _recorded_splits(source, out)
        if splits and all((out / split).exists() for split in splits):
            return [out / split for split in splits]
        out.mkdir(parents=True, exist_ok=True)
        raw = [fetch(remote, out / "raw", progress) for remote in source.files]
        with tempfile.TemporaryDirectory(prefix=".work-", dir=out) as work:
            made, reading = Path(work, "made"), Path(work, "reading")
            made.mkdir()
            reading.mkdir()
            num_bytes = sum(path.stat().st_size for path in raw)
            line = column_lines if source.task == "tag" else table_line
            splits = source.reader(reading, raw)
            counts = write_splits(splits, made, num_bytes, progress, line)
            if "train.tsv" not in counts:
                raise DataError(f"{name} came without a single usable pair; see {source.home}")
            return _put_in_place(source, raw, made, out, counts)
    except OSError as error:
        raise unwritable(out, error) from error


def _recorded_splits(source: Source, out: Path) -> list[str]:
    """Give the tables that an earlier `get` wrote, after a look that none has changed.

    Raises:
        DataError: If the folder holds another corpus, or a table that we did not write.
    """
    present = [split for split in _SPLITS if (out / split).exists()]
    try:
        ledger = cast(dict[str, Any], json.loads((out / _LEDGER).read_text(encoding="utf-8")))
        owner = str(ledger["name"])
        digests = {str(split): str(row["sha256"]) for split, row in ledger["splits"].items()}
    except FileNotFoundError:
        owner, digests = "", {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{out / _LEDGER} cannot be read ({error}); delete it or move it"
        ) from error
    if owner not in ("", source.name):
        raise DataError(f"{out} holds {owner}; choose another folder for {source.name}")
    for split in present:
        if digest_of(out / split) != f"sha256:{digests.get(split)}":
            raise DataError(
                f"{out / split} is not what {source.name} gave; it was not overwritten: move it "
                "away, or choose another folder"
            )
    return [split for split in _SPLITS if split in digests]


def _put_in_place(
    source: Source, raw: list[Path], made: Path, out: Path, counts: dict[str, int]
) -> list[Path]:
    """Move the new tables to their place, beside the ledger that says what they are."""
    splits = [split for split in _SPLITS if split in counts]
    digests = {split: digest_of(made / split).removeprefix("sha256:") for split in splits}
    for split in splits:
        if (out / split).exists() and digest_of(out / split) != f"sha256:{digests[split]}":
            raise DataError(
                f"{source.name} has changed since {out / split} was written, which was not "
                "overwritten: choose another folder"
            )
    ledger = {
        "name": source.name,
        "task": source.task,
        "languages": source.languages,
        "licence": source.licence,
        "home": source.home,
        "checksum": source.checksum,
        "files": [
            {"url": remote.url, "sha256": record(path).removeprefix("sha256:")}
            for remote, path in zip(source.files, raw, strict=True)
        ],
        "splits": {split: {"pairs": counts[split], "sha256": digests[split]} for split in splits},
    }
    written = made / _LEDGER
    written.write_text(json.dumps(ledger, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    written.replace(out / _LEDGER)  # First, so that after a cut the tables have their owner.
    for split in splits:
        (made / split).replace(out / split)
    return [out / split for split in splits]
