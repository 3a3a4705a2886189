"""``dragoman data``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AsJson

app = typer.Typer(
    help="Public corpora: list them, get one.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the corpora that can be had by name."""
    from dragoman.data.catalogue import list_sources

    sources = list_sources()
    if as_json:
        rows = [
            {
                "name": source.name,
                "description": source.description,
                "languages": list(source.languages),
                "licence": source.licence,
                "home": source.home,
                "checksum": source.checksum,
                "num_bytes": source.num_bytes,
            }
            for source in sources
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    width = max(len(source.name) for source in sources)
    for source in sources:
        size = f"{source.num_bytes / 1e6:,.0f} MB" if source.num_bytes else ""
        typer.echo(f"{source.name:<{width}}  {size:>9}  {source.description}  [{source.licence}]")


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(help="A name that `dragoman data list` shows.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder for it; data/NAME unless given.")
    ] = None,
) -> None:
    """Get a corpus: download, check, and write train.tsv (and dev.tsv, test.tsv)."""
    from dragoman.data.catalogue import find
    from dragoman.data.catalogue import get as fetch

    source = find(name)
    folder = out or Path("data") / name
    print(f"{name}: {source.description} Licence: {source.licence}", file=sys.stderr)
    for path in fetch(name, folder, _Progress()):
        typer.echo(str(path))
    print(
        f"train on it: dragoman train {folder / 'train.tsv'} --out models/{name}", file=sys.stderr
    )


class _Progress:
    """Say how far a download is, twice a second, on a terminal."""

    def __init__(self) -> None:
        self.last = 0.0

    def __call__(self, name: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        ended = total is not None and done >= total
        if not sys.stderr.isatty() or (now - self.last < 0.5 and not ended):
            return
        self.last = now
        share = (
            f"{done / total:4.0%} of {total / 1e6:,.1f} MB" if total else f"{done / 1e6:,.1f} MB"
        )
        print(f"\r{name}: {share} ", end="\n" if ended else "", file=sys.stderr, flush=True)
