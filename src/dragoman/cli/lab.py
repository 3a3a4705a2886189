"""``dragoman lab``: findings of the field, made again with your own models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AsJson, Plugins, load_plugins, print_json

app = typer.Typer(
    no_args_is_help=True, help="Make findings of the field again with your own models."
)


@app.callback()
def _root() -> None:  # pyright: ignore[reportUnusedFunction]
    """Make findings of the field again with your own models."""


@app.command()
def context(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL",
            help="Models to compare, such as a plain one and one with attention.",
        ),
    ],
    data: Annotated[
        Path, typer.Option(metavar="FILE", help="The test set, in the task's file format.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")] = Path(
        "context.html"
    ),
    as_json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Show accuracy by source length: where a fixed context vector fails, and what attention changes."""
    from dataclasses import asdict

    from dragoman.lab import study_context
    from dragoman.loading import load

    load_plugins(plugin)
    study = study_context([load(model) for model in models], data, out)
    if as_json:
        print_json(asdict(study))
        return
    width = max(len(f"{line.model} {line.kind}") for line in study.lines)
    typer.echo(f"{'':{width}}  " + " ".join(f"{length:>7}" for length in study.lengths))
    typer.echo(f"{'sentences':{width}}  " + " ".join(f"{count:>7,}" for count in study.counts))
    for line in study.lines:
        name = f"{line.model} {line.kind}"
        typer.echo(f"{name:{width}}  " + " ".join(f"{value:7.1f}" for value in line.values))
    typer.echo(f"{out}: with plots")
