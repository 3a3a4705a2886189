"""``dragoman reproduce``: train a recipe again, and compare with what it recorded."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import AsJson, Data, Plugins, load_plugins, print_json, setting
from dragoman.cli.train import base_of, check_data, how_to_go_on
from dragoman.errors import ConfigError

if TYPE_CHECKING:
    from dragoman.config import Config

NOTE = "reproduced.json"
_LEAST_MARGIN = 0.5


@dataclass(frozen=True)
class Recorded:
    """What a recipe's [result] says: of which metric, on which set, and between which bounds."""

    metric: str = "bleu"
    set: str = "test"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Reproduction:
    """What came out.

    Attributes:
        recipe: Its path.
        recorded: What it says.
        scores: One a seed.
        signature: Of the metric.
    """

    recipe: str
    recorded: Recorded
    scores: list[float]
    signature: str

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return statistics.fmean(self.scores)

    @property
    def within(self) -> bool | None:
        """Whether the mean lies in the recorded interval; None if there is none."""
        low, high = self.recorded.low, self.recorded.high
        return None if low is None or high is None else low <= self.mean <= high

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        recorded = asdict(self.recorded)
        return {
            "recipe": self.recipe,
            "metric": recorded.pop("metric"),
            "set": recorded.pop("set"),
            "signature": self.signature,
            "scores": self.scores,
            "mean": self.mean,
            **recorded,
            "within": self.within,
        }

    def lines(self) -> list[str]:
        """Say it; without a recorded interval, give a table to write into the recipe."""
        metric, low, high = self.recorded.metric, self.recorded.low, self.recorded.high
        scores = ", ".join(f"{score:.2f}" for score in self.scores)
        said = [
            f"{metric} on {self.recorded.set}: mean {self.mean:.2f} of {scores}",
            f"signature: {self.signature}",
        ]
        if low is not None and high is not None:
            verdict = "lies in" if self.within else "lies OUTSIDE"
            return [*said, f"the mean {verdict} the recorded interval, {low:.2f} to {high:.2f}"]
        spread = statistics.stdev(self.scores) if len(self.scores) > 1 else 0.0
        margin = max(_LEAST_MARGIN, 2 * spread)
        return [
            *said,
            f"{self.recipe} records no interval; of two standard deviations, at least {_LEAST_MARGIN}, it would be:",
            "[result]",
            f'metric = "{metric}"',
            f'set = "{self.recorded.set}"',
            f"score = {self.mean:.2f}",
            f"low = {self.mean - margin:.2f}",
            f"high = {self.mean + margin:.2f}",
            f"seeds = {len(self.scores)}",
        ]


def reproduce(
    ctx: typer.Context,
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe, a .toml file.")],
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Train with the seeds 1 to N.")
    ] = 3,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the models go; models/reproduce/RECIPE unless given."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the seeds that are done, and go on.")
    ] = False,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Train a recipe again, and say whether the result lies in its recorded interval.

    The mean over the seeds is compared with `low` and `high` of the recipe's [result]. Exit code 1 if it lies
    outside.
    """
    load_plugins(plugin)
    from dragoman.config import load_config

    config = load_config(recipe)
    base = base_of(str(recipe), data)
    check_data(config, base, str(recipe))
    recorded = read_recorded(config, recipe)
    folder = out or Path("models", "reproduce", recipe.stem)
    found: list[tuple[float, str]] = []
    for seed in range(1, seeds + 1):
        seed_out = folder / f"seed-{seed}"
        say(f"seed {seed} of {seeds}: {seed_out}")
        try:
            found.append(_one(config, base, seed_out, (seed, resume, recorded)))
        except KeyboardInterrupt:
            say(f"\nstopped; {how_to_go_on(seed_out, ctx.obj or ())}")
            raise typer.Exit(130) from None
        say(f"seed {seed}: {recorded.metric} {found[-1][0]:.2f}")
    result = Reproduction(str(recipe), recorded, [score for score, _ in found], found[0][1])
    if as_json:
        print_json(result.to_dict())
    else:
        typer.echo("\n".join(result.lines()))
    raise typer.Exit(1 if result.within is False else 0)


def read_recorded(config: Config, recipe: Path) -> Recorded:
    """Read a recipe's [result].

    Raises:
        ConfigError: It names no metric or set that there is, or only half an interval.
    """
    from dragoman.config import nearest
    from dragoman.evaluation.metrics import METRICS

    keys = ("metric", "set", "low", "high")
    recorded = Recorded(**{key: config.result[key] for key in keys if key in config.result})
    if recorded.metric not in METRICS:
        advice = nearest(str(recorded.metric), METRICS)
        raise ConfigError(f"{recipe}: result.metric = {recorded.metric!r}: no such row; {advice}")
    if recorded.set not in ("dev", "test"):
        raise ConfigError(f"{recipe}: result.set = {recorded.set!r}: expected 'dev' or 'test'.")
    if recorded.set == "test" and not (config.data.test or _ships(config)):
        raise ConfigError(
            f"{recipe}: data.test is not set, so there is nothing to score on; or set result.set = 'dev'."
        )
    bounds = [recorded.low, recorded.high]
    if bounds != [None, None] and not all(isinstance(bound, int | float) for bound in bounds):
        raise ConfigError(f"{recipe}: result.low and result.high must both be numbers.")
    return recorded


def _ships(config: Config) -> bool:
    return isinstance(config.data.train, str) and config.data.train.startswith("phrasebook-")


def _one(
    config: Config, base: Path, out: Path, how: tuple[int, bool, Recorded]
) -> tuple[float, str]:
    """Train with one seed and score; what an earlier call has finished is taken as it is."""
    seed, resume, recorded = how
    from dragoman.config import build_config
    from dragoman.disk import write_atomically

    seeded = build_config(config.model_dump(exclude_none=True), [setting("training.seed", seed)])
    asked = {"set": recorded.set, "recipe": seeded.model_dump_json(exclude={"result"})}
    if resume and (out / NOTE).exists():
        values: dict[str, Any] = json.loads((out / NOTE).read_text(encoding="utf-8"))
        if values["asked"] != asked:
            raise ConfigError(
                f"{out}: was made by another recipe, or scored on another set; choose another --out."
            )
    else:
        scores = _train_and_score(seeded, base, out, (resume, recorded.set == "test"))
        values = {"asked": asked, "scores": scores}
        content = json.dumps(values, ensure_ascii=False, indent=2)
        write_atomically(out / NOTE, f"{content}\n".encode())
    score = values["scores"][recorded.metric]
    return score["score"], score["signature"]


def _train_and_score(
    config: Config, base: Path, out: Path, how: tuple[bool, bool]
) -> dict[str, Any]:
    resume, on_test = how
    from dragoman import api
    from dragoman.cli.stop import stopping
    from dragoman.training.callbacks import ProgressLine
    from dragoman.training.folder import CONFIG, load_config_of
    from dragoman.training.prepare import read_corpora, read_test

    going_on = resume and out.exists()
    if going_on and (out / CONFIG).exists() and load_config_of(out).made.get("finished"):
        model = api.load(out)  # Only the scoring was cut off.
    else:
        line = ProgressLine(out.name)
        try:
            with stopping([line]) as callbacks:
                options = api.TrainOptions(data=base, resume=going_on, callbacks=callbacks)
                model = api.train(config, out, options)
        finally:
            line.close()
    corpus = read_test(config, base) if on_test else read_corpora(config, base).dev
    assert corpus is not None  # `read_recorded` has seen to it.
    return model.evaluate(corpus.pairs).to_dict()
