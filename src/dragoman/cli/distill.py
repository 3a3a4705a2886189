"""``dragoman distill``: a small, fast student learns from its teacher's outputs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import AsJson, Data, Plugins, load_plugins, print_json, setting
from dragoman.errors import DataError

if TYPE_CHECKING:
    from dragoman.distill import DistillOptions
    from dragoman.model import Model

NOTES, PAIRS = "teacher.jsonl", "distilled.jsonl"


@dataclass(frozen=True)
class _Order:
    """What the command line asks for."""

    student: Path
    out: Path
    data: Path | None
    more: tuple[Path, ...]
    settings: tuple[str, ...]
    minutes: float | None
    resume: bool
    silent: bool


Teachers = Annotated[
    list[Path],
    typer.Argument(metavar="TEACHER", help="A model folder or bundle; several vote together."),
]
Student = Annotated[Path, typer.Option(metavar="RECIPE", help="The student's recipe (.toml).")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The student's model folder to make.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Of the student's; may be repeated."),
]
Minutes = Annotated[
    float | None, typer.Option(metavar="N", help="Fit the student's training to so much time.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what --out holds.")]
Beam = Annotated[int, typer.Option("--beam", metavar="N", help="The teacher's beam.")]
Interpolate = Annotated[
    bool,
    typer.Option(
        "--interpolate", help="Of the teacher's N best, learn the nearest to the right answer."
    ),
]
Keep = Annotated[
    float, typer.Option(metavar="SHARE", help="Of the outputs, by the teacher's own belief.")
]
WithAnswers = Annotated[
    bool, typer.Option("--with-answers", help="Learn from the people's answers as well.")
]
More = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="More pairs for the teacher to translate, such as backtranslate makes; may be repeated.",
    ),
]
Outputs = Annotated[
    int, typer.Option(metavar="N", help="Learn from the teacher's N best for each source.")
]


def distill(
    ctx: typer.Context,
    teachers: Teachers,
    student: Student,
    out: Out,
    data: Data = None,
    settings: Settings = None,
    minutes: Minutes = None,
    resume: Resume = False,
    beam: Beam = 5,
    interpolate: Interpolate = False,
    outputs: Outputs = 1,
    more: More = None,
    keep: Keep = 0.95,
    with_answers: WithAnswers = False,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Translate the student's training sources with the teacher, and train the student on that.

    What the teacher said is kept in DIR.teacher/, so that a run that was stopped goes on with --resume.
    Dev and test sets stay as the recipe names them.
    """
    load_plugins(plugin)
    from dragoman.distill import DistillOptions

    options = DistillOptions(beam, interpolate, keep, with_answers=with_answers, outputs=outputs)
    given = tuple(more or ()), tuple(settings or ())
    order = _Order(student, out, data, *given, minutes, resume, as_json)
    _check(order)
    try:
        num_pairs, num_kept, path = _answer(order, teachers, options)
        model = _learn(order, path)
    except KeyboardInterrupt:
        say(f"\nstopped; all that was done is kept. To go on, with --resume if {out}/ exists:")
        say(f"  {shlex.join(['dragoman', *(ctx.obj or ())])}")
        raise typer.Exit(130) from None
    if as_json:
        print_json(
            {"folder": str(out), "pairs": num_kept, "of": num_pairs, "model": model.describe()}
        )
    else:
        say(f"The student is in {out}/; it learned {num_kept:,} pairs, made of {num_pairs:,}.")


def _check(order: _Order) -> None:
    """Find what is wrong before the teacher works."""
    from dragoman.cli.train import base_of, check_data
    from dragoman.config import load_config
    from dragoman.training.session import check_out

    config = load_config(order.student, order.settings)
    check_data(config, base_of(str(order.student), order.data), str(order.student))
    check_out(order.out, resume=order.resume)
    for path in order.more:
        if not path.is_file():
            raise DataError(f"{path}: no such file; --more names one of pairs.")


def _answer(order: _Order, teachers: list[Path], options: DistillOptions) -> tuple[int, int, Path]:
    """Let the teacher answer; give the number of pairs, of those kept, and their file."""
    from dragoman.answers import write_pairs
    from dragoman.cli.train import base_of
    from dragoman.cli.watching import watch
    from dragoman.config import load_config
    from dragoman.data.corpus import read_corpus
    from dragoman.distill import distill_pairs
    from dragoman.loading import load
    from dragoman.model import ensemble
    from dragoman.training.prepare import read_corpora, read_options

    config = load_config(order.student, order.settings)
    pairs = read_corpora(config, base_of(str(order.student), order.data)).train.pairs
    reading = read_options(config.data)
    pairs = [*pairs, *(pair for path in order.more for pair in read_corpus(path, reading).pairs)]
    models = [load(folder) for folder in teachers]
    teacher = models[0] if len(models) == 1 else ensemble(models)
    folder = order.out.with_name(f"{order.out.name}.teacher")
    kept = distill_pairs(
        teacher, pairs, folder / NOTES, options, None if order.silent else watch("the teacher said")
    )
    if not kept:
        raise DataError(f"{teachers[0]}: none of its {len(pairs):,} outputs is fit to learn from.")
    path = folder / PAIRS
    write_pairs(path, kept)
    return len(pairs), len(kept), path.absolute()


def _learn(order: _Order, path: Path) -> Model:
    """Train the student; its dev and test sets stay the recipe's."""
    from dragoman import api
    from dragoman.cli.stop import stopping
    from dragoman.cli.train import base_of
    from dragoman.training.callbacks import ProgressLine

    settings = (*order.settings, setting("data.train", str(path)))
    callbacks = [] if order.silent else [ProgressLine(order.out.name)]
    try:
        with stopping(callbacks) as watched:
            options = api.TrainOptions(
                base_of(str(order.student), order.data),
                settings,
                order.minutes,
                order.resume,
                callbacks=watched,
            )
            return api.train(order.student, order.out, options)
    finally:
        for callback in callbacks:
            callback.close()
