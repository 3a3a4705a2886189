"""``dragoman``: the commands, put together.

Every command imports what it needs when it runs, so that ``dragoman --help`` is there at once.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from dragoman import __version__
from dragoman.cli.accelerate import accelerate
from dragoman.cli.backtranslate import backtranslate
from dragoman.cli.bench import bench
from dragoman.cli.bulk import bulk
from dragoman.cli.calibrate import calibrate
from dragoman.cli.compare import compare
from dragoman.cli.data import app as data_app
from dragoman.cli.demo import demo
from dragoman.cli.distill import distill
from dragoman.cli.eject import eject
from dragoman.cli.evaluate import evaluate
from dragoman.cli.export import export
from dragoman.cli.guard import Guarded
from dragoman.cli.info import info
from dragoman.cli.lab import app as lab_app
from dragoman.cli.models import app as models_app
from dragoman.cli.plot import plot
from dragoman.cli.reproduce import reproduce
from dragoman.cli.serve import serve
from dragoman.cli.trace import trace
from dragoman.cli.train import train
from dragoman.cli.translate import translate
from dragoman.cli.tune import tune

app = typer.Typer(
    name="dragoman",
    cls=Guarded,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(short_help="Train two small models, and show what they do.")(demo)
app.command(short_help="Train a model on pairs of sentences.")(train)
app.command(short_help="Try settings; keep the best as a recipe.")(tune)
app.command(short_help="Translate sentences, a file or a pipe.")(translate)
app.command(short_help="Translate files of any size, on many cores or machines.")(bulk)
app.command("predict", short_help="The same as translate, for other tasks.")(translate)
app.command(short_help="Score a model on a test set.")(evaluate)
app.command(short_help="Fit a model's confidence to a dev set.")(calibrate)
app.command(short_help="Compare two models on a test set.")(compare)
app.command(short_help="Serve models: a page and an API.")(serve)
app.command(short_help="Show every step of one sentence.")(trace)
app.command(short_help="Draw a model's curves, attention and map.")(plot)
app.command(short_help="Turn a model into a bundle that runs without torch.")(export)
app.command(short_help="Compile a faster kernel for this machine.")(accelerate)
app.command(short_help="Turn a bundle into one C file.")(eject)
app.command(short_help="Train a small student on what its teacher says.")(distill)
app.command(short_help="Make pairs of text in the target language.")(backtranslate)
app.command(short_help="Measure how fast a model or a bundle is.")(bench)
app.command(short_help="Train a recipe again; compare with its result.")(reproduce)
app.command(short_help="Say what a model is.")(info)
app.add_typer(lab_app, name="lab", short_help="Make findings of the field again.")
app.add_typer(models_app, name="models", short_help="List models by name, or fetch one.")
app.add_typer(data_app, name="data", short_help="List public corpora, or fetch one.")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dragoman {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Recurrent sequence-to-sequence models: train them, use them, look into them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Its words, without the program's name; those of the process unless given.

    Returns:
        The exit code: 0; 1 for a result that is not as recorded, or a fault of our own; 2 for what the user can
        mend; 130 for Ctrl-C; 141 when whoever read our output has left.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever the locale; a file's name that is no UTF-8 comes out as it came in.
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        app(args=arguments, prog_name="dragoman", obj=tuple(arguments))
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
