"""``dragoman train``: from pairs to a model folder."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import (
    AsJson,
    Columns,
    Data,
    Plugins,
    Quiet,
    SrcSep,
    TgtSep,
    load_plugins,
    parse_columns,
    print_json,
    setting,
)
from dragoman.errors import ConfigError, InputError

if TYPE_CHECKING:
    from dragoman.config import Config
    from dragoman.evaluation.report import Evaluation
    from dragoman.model import Model

SCORES = "scores.json"


@dataclass(frozen=True)
class _Order:
    """What the command line asks for.

    Attributes:
        source: A recipe, a file of pairs, two parallel ones, or the name of a corpus that ships.
        out: The model folder.
        settings: In the order in which they apply.
        started: When the clock began.
    """

    source: str | tuple[str, str]
    out: Path
    settings: tuple[str, ...]
    data: Path | None
    minutes: float | None
    resume: bool
    silent: bool
    started: float
    task: str = "translate"
    start: Path | None = None


Pairs = Annotated[
    list[str],
    typer.Argument(
        metavar="PAIRS",
        help="A recipe (.toml), a file of pairs, two parallel files, or phrasebook-en-fr.",
    ),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The model folder to make.")]
Task = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What the pairs are, where no recipe says it: translate, g2p, transliterate, inflect, "
        "normalise, summarise, tag, classify.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Such as model.cell=gru; may be repeated, the last wins.",
    ),
]
Dev = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Pairs to choose on; twice for two parallel files."),
]
Test = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Pairs to score at the end; twice for two parallel files."),
]
Minutes = Annotated[
    float | None, typer.Option(metavar="N", help="Fit the training to so much time.")
]
Start = Annotated[
    Path | None,
    typer.Option("--from", metavar="MODEL", help="Begin with this model's weights and vocabulary."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the training that --out holds.")]
Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of the data; cp949 for what Korean Windows wrote."),
]


def train(
    ctx: typer.Context,
    pairs: Pairs,
    out: Out,
    task: Task = "translate",
    data: Data = None,
    settings: Settings = None,
    dev: Dev = None,
    test: Test = None,
    minutes: Minutes = None,
    start: Start = None,
    resume: Resume = False,
    encoding: Encoding = None,
    columns: Columns = None,
    src_sep: SrcSep = None,
    tgt_sep: TgtSep = None,
    plugin: Plugins = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on pairs of sentences.

    Without a recipe, settings are chosen from the data and explained. Without --dev, some pairs are held out,
    by source sentence. Ctrl-C saves; --resume goes on, and ends in the same weights.
    """
    started = time.monotonic()
    said: dict[str, Any] = {
        "data.dev": _files(dev, data),
        "data.test": _files(test, data),
        "data.encoding": encoding,
        "data.columns": parse_columns(columns),
        "data.src_sep": src_sep,
        "data.tgt_sep": tgt_sep,
    }
    given = [setting(key, value) for key, value in said.items() if value is not None]
    silent = quiet or as_json
    order = _Order(
        _source(pairs),
        out,
        (*given, *(settings or ())),
        data,
        minutes,
        resume,
        silent,
        started,
        task,
        start,
    )
    load_plugins(plugin)
    model = _train(order, ctx.obj or ())
    scores = _score_test(model, base_of(pairs[0], data))
    if as_json:
        print_json(_summary(model, scores))
    elif scores is not None:
        from dragoman.cli.evaluate import print_evaluation

        print_evaluation(scores)
    if not silent:
        _say_next(model, plugin or ())


def base_of(source: str, data: Path | None) -> Path:
    """Give the folder that names of data files are relative to."""
    return data or (Path(source).parent if source.endswith(".toml") else Path())


def check_data(config: Config, base: Path, recipe: str) -> None:
    """See that a recipe's files are where they should be, before anything else is done.

    Raises:
        ConfigError: One is missing.
    """
    for names in (config.data.train, config.data.dev, config.data.test):
        for name in [names] if isinstance(names, str) else names or []:
            if not name.startswith("phrasebook-") and not (base / name).exists():
                raise ConfigError(
                    f"{recipe} names {name}, which is not in {base}/; say where its data is with --data DIR."
                )


def how_to_go_on(out: Path, words: Sequence[str]) -> str:
    """Say what is saved, and the command that goes on with what `words` began."""
    from dragoman.training.folder import CHECKPOINT

    own = ["dragoman", *(word for word in words if word != "--resume")]
    if not (out / CHECKPOINT).exists():
        return f"nothing was learned yet. To begin again:\n  {shlex.join(own)}"
    return f"everything is saved in {out}/. To go on:\n  {shlex.join([*own, '--resume'])}"


def _train(order: _Order, words: Sequence[str]) -> Model:
    from dragoman import api
    from dragoman.cli.stop import stopping
    from dragoman.config import load_config
    from dragoman.training.callbacks import ProgressLine
    from dragoman.training.distributed import is_first

    source = order.source
    if isinstance(source, tuple):
        given: Any = api.Parallel(*source)
    else:
        given = source
        if source.endswith(".toml"):
            config = load_config(Path(source), order.settings)
            check_data(config, base_of(source, order.data), source)
    callbacks = [ProgressLine(order.out.name)] if is_first() and not order.silent else []
    try:
        with stopping(callbacks) as watched:
            options = api.TrainOptions(
                order.data,
                order.settings,
                order.minutes,
                order.resume,
                order.task,
                watched,
                order.started,
                order.start,
            )
            return api.train(given, order.out, options)
    except KeyboardInterrupt:
        say(f"\nstopped; {how_to_go_on(order.out, words)}")
        raise typer.Exit(130) from None
    finally:
        for callback in callbacks:
            callback.close()


def _score_test(model: Model, base: Path) -> Evaluation | None:
    """Score a model on its test set, if it has one, and note the scores in its folder."""
    from dragoman.cli.evaluate import draw_confusion
    from dragoman.disk import write_atomically
    from dragoman.training.folder import CONFUSION
    from dragoman.training.prepare import read_test

    corpus = read_test(model.config, base)
    if corpus is None:
        return None
    found = model.evaluate(corpus)
    values = {"set": corpus.path, **found.to_dict()}
    text = json.dumps(values, ensure_ascii=False, indent=2)
    write_atomically(model.folder / SCORES, f"{text}\n".encode())
    draw_confusion(found, model.folder / CONFUSION)
    return found


def _source(pairs: Sequence[str]) -> str | tuple[str, str]:
    """Give one source, or two parallel files."""
    if len(pairs) == 1:
        return pairs[0]
    if len(pairs) > 2 or any(name.endswith(".toml") for name in pairs):
        raise InputError(
            f"{' '.join(pairs)}: expected a recipe, a file of pairs, or two parallel files."
        )
    return pairs[0], pairs[1]


def _files(paths: Sequence[Path] | None, data: Path | None) -> str | list[str] | None:
    """Name files as a recipe does; without ``--data`` they are relative to where the user is."""
    if not paths:
        return None
    names = [str(path if data else path.absolute()) for path in paths]
    return names[0] if len(names) == 1 else names


def _summary(model: Model, scores: Evaluation | None) -> dict[str, Any]:
    from dragoman.training.folder import METRICS

    lines = (model.folder / METRICS).read_text(encoding="utf-8").splitlines()
    best = [record for record in map(json.loads, lines) if record["best"]]
    return {
        "folder": str(model.folder),
        "model": model.describe(),
        "steps": model.config.training.steps,
        "dev": best[-1] if best else None,
        "test": scores.to_dict() if scores else None,
    }


def _say_next(model: Model, plugins: Sequence[Path]) -> None:
    extra = [word for plugin in plugins for word in ("--plugin", str(plugin))]
    folder = str(model.folder)
    say(f"\nThe model is in {folder}/. Next:")
    for words in (
        ["translate", folder, *extra, "A sentence of your own."],
        ["evaluate", folder, "test.tsv", *extra],
        ["info", folder, *extra],
    ):
        say(f"  {shlex.join(['dragoman', *words])}")
