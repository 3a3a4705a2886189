"""``dragoman models``: models by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.data import DownloadLine
from dragoman.cli.guard import say
from dragoman.cli.options import AsJson, print_json

app = typer.Typer(
    help="Models by name: list them, or fetch one.", no_args_is_help=True, rich_markup_mode=None
)

Index = Annotated[
    Path | None,
    typer.Option("--index", metavar="FILE", help="Another list of models than the package's."),
]


@app.command("list")
def list_models(index: Index = None, as_json: AsJson = False) -> None:
    """List the models that can be had by name, with scores and licence."""
    from dragoman.zoo import open_zoo

    rows = open_zoo(index).rows
    if as_json:
        print_json([row.model_dump() | {"ships": row.ships} for row in rows])
        return
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        scores = ", ".join(f"{name} {value:g}" for name, value in row.scores.items())
        typer.echo(
            f"{row.name:{width}}  {row.task:13}  {row.about}{f'  ({scores})' if scores else ''}  [{row.licence}]"
        )


@app.command()
def get(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As `dragoman models list` gives it.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; bundles/NAME unless given."),
    ] = None,
    index: Index = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model and verify it. An interrupted download is gone on with. Prints the folder.

    One that comes with the package is copied; its name alone also stands for it in every command.
    """
    from dragoman.zoo import open_zoo

    zoo = open_zoo(index)
    row = zoo.find(name)
    say(f"{row.name}: {row.about}; licence: {row.licence}")
    progress = DownloadLine()
    try:
        folder = zoo.get(name, out or Path("bundles", name), progress)
    finally:
        progress.close()
    if as_json:
        print_json({"name": name, "folder": str(folder)})
    else:
        typer.echo(str(folder))
    say(f'Next: dragoman translate {folder} "..."')
