"""``dragoman train``."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.options import AsJson, Columns, Encoding, Plugins, load_plugins, split_columns

if TYPE_CHECKING:
    from dragoman.api import Model


def train(
    source: Annotated[
        list[str],
        typer.Argument(
            help="A recipe (.toml), a file of pairs, two parallel files, or a corpus that ships (phrasebook-en-fr)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    data: Annotated[
        Path | None, typer.Option(help="The folder that a recipe's files are in.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: model.cell=gru; may be repeated."),
    ] = None,
    dev: Annotated[
        str | None, typer.Option(help="Pairs to choose on; held out of train unless given.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="Pairs to score once, at the end.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Fit the whole training to so much time.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what --out holds.")] = False,
    encoding: Encoding = "utf-8",
    columns: Columns = None,
    plugin: Plugins = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Train a model; without a recipe, settings are chosen from the data."""
    started = time.monotonic()
    load_plugins(plugin)
    from dragoman.api import Parallel, TrainOptions
    from dragoman.api import train as run
    from dragoman.errors import InputError
    from dragoman.training.callbacks import ProgressLine

    said = [f"data.dev={dev}"] if dev else []
    said += [f"data.test={test}"] if test else []
    said += [f"data.encoding={encoding}"] if encoding != "utf-8" else []
    said += [f"data.columns={json.dumps(split_columns(columns))}"] if columns else []
    if len(source) > 2:
        raise InputError(f"{len(source)} files given; expected one, or two parallel ones.")
    what = source[0] if len(source) == 1 else Parallel(*source)
    callbacks = [] if quiet or as_json else [ProgressLine(out.name)]
    options = TrainOptions(data, [*said, *(settings or [])], minutes, resume, callbacks, started)
    try:
        model = run(what, out, options)
    except KeyboardInterrupt:
        print(
            f"\nstopped; everything is saved. Go on with:\n  {_resume_command()}", file=sys.stderr
        )
        raise typer.Exit(130) from None
    scores = _score_test(model, data or _folder_of(source[0]))
    if as_json:
        typer.echo(json.dumps({"model": str(out), "test": scores}, ensure_ascii=False))
    elif not quiet:
        print(f"trained: {out}\n  dragoman translate {out}", file=sys.stderr)


def _folder_of(source: str) -> Path:
    return Path(source).parent if source.endswith(".toml") else Path()


def _score_test(model: Model, base: Path) -> dict[str, Any] | None:
    """Score the test set once, if there is one, and keep the scores beside the model."""
    from dragoman.training.prepare import read_test

    test = read_test(model.config, base)
    if test is None:
        return None
    result = model.evaluate(test.pairs)
    scores = result.to_dict()
    (model.folder / "scores.json").write_text(
        json.dumps(scores, ensure_ascii=False), encoding="utf-8"
    )
    for score in result.scores.values():
        low, high = score.interval or (score.score, score.score)
        print(
            f"test {score.name} {score.score:.1f}  [{low:.1f}, {high:.1f}]  {score.signature}",
            file=sys.stderr,
        )
    return scores


def _resume_command() -> str:
    words = [word for word in sys.argv[1:] if word != "--resume"]
    return shlex.join(["dragoman", *words, "--resume"])
