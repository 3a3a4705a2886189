"""``dragoman plot``: pictures of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AnyModel, Plugins, open_model
from dragoman.errors import InputError, ModelError

_METRICS = "metrics.jsonl"


def plot(
    model: AnyModel,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to write; the model's folder, unless given."),
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The sentence whose attention is drawn.")
    ] = None,
    sentences: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sentences, one a line, that the map is made of."),
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Write SVG instead of PNG.")] = False,
    plugin: Plugins = None,
) -> None:
    """Draw a model's training curves, its attention, and the map of its context vectors.

    What cannot be drawn is left out, and said: a bundle has no curves, a plain model no attention, and a map needs
    sentences, which only models of the corpus that ships come with.
    """
    from dragoman.inspection.contexts import context_map, shipped_sentences
    from dragoman.inspection.plots import plot_attention, plot_contexts, plot_curves

    opened = open_model(model, plugin)
    # A bundle that comes with the package is known by its name, and has no folder here.
    folder, suffix = out or (model if model.exists() else Path()), "svg" if svg else "png"
    folder.mkdir(parents=True, exist_ok=True)
    texts = (
        shipped_sentences(str(opened.config.data.train)) if sentences is None else _lines(sentences)
    )
    text = text or (texts[len(texts) // 2] if texts else None)
    if (model / _METRICS).is_file():
        plot_curves(_records(model / _METRICS), folder / f"curves.{suffix}", opened.describe())
        typer.echo(folder / f"curves.{suffix}")
    else:
        typer.echo(f"no curves: {model} holds no {_METRICS}, which `dragoman train` writes")
    if text is None:
        typer.echo("no attention, no map: give a sentence with --text, and many with --sentences")
        return
    found = opened.trace(text)
    if found.has_attention:
        plot_attention(found, folder / f"attention.{suffix}")
        typer.echo(folder / f"attention.{suffix}")
    else:
        typer.echo("no attention: the model has none")
    if texts:
        plot_contexts(context_map(opened.subject, texts, [text]), folder / f"contexts.{suffix}")
        typer.echo(folder / f"contexts.{suffix}")
    else:
        typer.echo("no map: give sentences with --sentences")


def _lines(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 ({error.reason}).") from None
    return tuple(line.strip() for line in lines if line.strip())


def _records(path: Path) -> list[dict[str, float]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    except ValueError:
        raise ModelError(f"{path}: damaged; expected a line of JSON a record.") from None
