"""``dragoman data``: corpora by name."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from dragoman.data.catalogue import Source

app = typer.Typer(
    help="Public corpora by name: list them, or fetch one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_corpora(as_json: AsJson = False) -> None:
    """List the corpora that can be had by name, with size and licence."""
    from dragoman.data.catalogue import list_sources

    sources = list_sources()
    if as_json:
        print_json([_as_dict(source) for source in sources])
        return
    width = max(len(source.name) for source in sources)
    for source in sources:
        size = _size(source.num_bytes) if source.num_bytes is not None else ""
        typer.echo(
            f"{source.name:{width}}  {source.task:13}  {size:>10}  {source.description}  [{source.licence}]"
        )


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `dragoman data list` gives it.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; data/NAME unless given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a corpus, verify it, and write train.tsv, dev.tsv and test.tsv.

    An interrupted download is gone on with; what is there already is kept. Prints the files' paths.
    """
    from dragoman.data import catalogue

    source = catalogue.find(name)
    folder = out or Path("data", source.name)
    say(f"{source.name}: {source.description}")
    say(f"licence: {source.licence} ({source.home}); checksum: {source.checksum}")
    progress = DownloadLine()
    try:
        paths = catalogue.get(source.name, folder, progress)
    finally:
        progress.close()
    if as_json:
        print_json({"name": source.name, "files": [str(path) for path in paths]})
    else:
        for path in paths:
            typer.echo(str(path))
    say(f"Next: {_next_command(paths, source)}")


def _next_command(paths: Sequence[Path], source: Source) -> str:
    words = ["dragoman", "train"]
    words += [] if source.task == "translate" else ["--task", source.task]
    for path in paths:
        words += [] if path.stem == "train" else [f"--{path.stem}"]
        words.append(str(path))
    return shlex.join([*words, "--out", f"models/{source.name}"])


class DownloadLine:
    """A line on a terminal that follows a download; in a log, one line a file."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.name = ""
        self.shown = 0.0

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Say how far a file is."""
        if not self.live:
            if name != self.name:
                say(f"{name} ..." if total is None else f"{name}: {_size(total)} ...")
        elif name != self.name or time.monotonic() - self.shown > 0.1 or done == total:
            if self.name not in ("", name):
                say()
            of = f" of {_size(total)}, {100 * done / total:.0f} %" if total else ""
            sys.stderr.write(f"\r\x1b[K{name}: {_size(done)}{of}")
            sys.stderr.flush()
            self.shown = time.monotonic()
        self.name = name

    def close(self) -> None:
        """End the line."""
        if self.live and self.name:
            say()


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f} MB" if num_bytes >= 1e5 else f"{num_bytes / 1e3:.1f} kB"


def _as_dict(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "task": source.task,
        "description": source.description,
        "languages": list(source.languages),
        "licence": source.licence,
        "home": source.home,
        "checksum": source.checksum,
        "num_bytes": source.num_bytes,
    }
