"""``dragoman reproduce``."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AsJson, Plugins, load_plugins


def reproduce(
    recipe: Annotated[Path, typer.Argument(help="A recipe with a [result] table.")],
    seeds: Annotated[int, typer.Option(min=1, help="Train with the seeds 1 to N.")] = 1,
    data: Annotated[
        Path | None, typer.Option(help="The folder that the recipe's files are in.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the models go; models/reproduce/RECIPE unless given.")
    ] = None,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Run a recipe again and say whether the result lies in the recorded interval (exit code 1 if not)."""
    load_plugins(plugin)
    from dragoman.api import TrainOptions, train
    from dragoman.config import load_config
    from dragoman.errors import ConfigError
    from dragoman.training.callbacks import ProgressLine
    from dragoman.training.prepare import read_test

    config = load_config(recipe)
    recorded = config.result
    missing = [key for key in ("metric", "score", "low", "high") if key not in recorded]
    if missing:
        raise ConfigError(
            f"{recipe}: [result] lacks {', '.join(missing)}; nothing to compare with."
        )
    test = read_test(config, data or recipe.parent)
    if test is None:
        raise ConfigError(
            f"{recipe}: data.test is not set; expected the pairs that the result was measured on."
        )
    folder = out or Path("models") / "reproduce" / recipe.stem
    found: list[float] = []
    for seed in range(1, seeds + 1):
        callbacks = [] if as_json else [ProgressLine(f"seed {seed}")]
        options = TrainOptions(data, [f"training.seed={seed}"], callbacks=callbacks)
        model = train(recipe, folder / f"seed-{seed}", options)
        found.append(model.evaluate(test.pairs).scores[recorded["metric"]].score)
        print(f"seed {seed}: {recorded['metric']} {found[-1]:.2f}", file=sys.stderr)
    mean = statistics.mean(found)
    inside = recorded["low"] <= mean <= recorded["high"]
    if as_json:
        typer.echo(
            json.dumps({"scores": found, "mean": mean, "inside": inside, "recorded": recorded})
        )
    else:
        spread = f" ± {statistics.stdev(found):.2f}" if len(found) > 1 else ""
        interval = f"[{recorded['low']}, {recorded['high']}]"
        verdict = "lies in" if inside else "lies OUTSIDE"
        typer.echo(
            f"{recorded['metric']} {mean:.2f}{spread}: {verdict} the recorded interval {interval}"
        )
    if not inside:
        raise typer.Exit(1)
