"""``dragoman lab``: findings of the field, made again with your own models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AsJson, Plugins, load_plugins, print_json
from dragoman.errors import InputError

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

    from dragoman.lab.context import study_context
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


@app.command()
def gradient(
    cells: Annotated[
        str, typer.Option(metavar="NAMES", help="Which cells, with commas between.")
    ] = "rnn,gru,lstm",
    lengths: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Words of a sequence, with commas between.")
    ] = "2,5,10,20,30,60",
    steps: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of training; 0 shows the beginning alone.")
    ] = 600,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Draw it: a .png or .svg.")
    ] = None,
    as_json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Show how much of the gradient reaches the first word, by length: why LSTM and GRU instead of a plain RNN."""
    from dataclasses import asdict

    from dragoman.lab.gradient import GradientOptions, study_gradient

    load_plugins(plugin)
    numbers = _numbers(lengths)
    found = study_gradient(GradientOptions(cells.split(","), numbers, steps))
    if png is not None:
        from dragoman.inspection.plots import plot_gradients

        plot_gradients(numbers, {one.cell: (one.before, one.after) for one in found}, png)
    if as_json:
        print_json({"lengths": numbers, "cells": [asdict(one) for one in found]})
        return
    typer.echo(f"{'words':34}" + " ".join(f"{length:>8}" for length in numbers))
    for one in found:
        rows = {"before": one.before, "after": one.after}
        for when, values in rows.items() if steps else [("before", one.before)]:
            name = f"{one.cell:5} first/last gradient {when}"
            typer.echo(f"{name:34}" + " ".join(f"{value:8.1e}" for value in values))
        if steps:
            typer.echo(
                f"{one.cell + '  first word recalled, %':34}"
                + " ".join(f"{value:8.1f}" for value in one.right)
            )


def _numbers(text: str) -> list[int]:
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise InputError(f"--lengths {text}: expected whole numbers with commas between.")
    return [int(part) for part in text.split(",")]
