"""``dragoman``: the commands, put together.

Every command imports what it needs when it runs, so that the first answer is there at once.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from dragoman import __version__
from dragoman.cli import GARBAGE_AFTER
from dragoman.cli.guard import Guarded

# By name: the module of this folder that holds it, and what it does. Only that of the command asked for is imported.
_COMMANDS = {
    "demo": ("demo", "Train two small models, and show what they do."),
    "train": ("train", "Train a model on pairs of sentences."),
    "tune": ("tune", "Try settings; keep the best as a recipe."),
    "translate": ("translate", "Translate sentences, a file or a pipe."),
    "bulk": ("bulk", "Translate files of any size, on many cores or machines."),
    "predict": ("translate", "The same as translate, for other tasks."),
    "evaluate": ("evaluate", "Score a model on a test set."),
    "calibrate": ("calibrate", "Fit a model's confidence to a dev set."),
    "compare": ("compare", "Compare two models on a test set."),
    "serve": ("serve", "Serve models: a page and an API."),
    "trace": ("trace", "Show every step of one sentence."),
    "plot": ("plot", "Draw a model's curves, attention and map."),
    "export": ("export", "Turn a model into a bundle that runs without torch."),
    "accelerate": ("accelerate", "Compile a faster kernel for this machine."),
    "eject": ("eject", "Turn a bundle into one C file."),
    "distill": ("distill", "Train a small student on what its teacher says."),
    "backtranslate": ("backtranslate", "Make pairs of text in the target language."),
    "bench": ("bench", "Measure how fast a model or a bundle is."),
    "reproduce": ("reproduce", "Train a recipe again; compare with its result."),
    "info": ("info", "Say what a model is."),
    "lab": ("lab", "Make findings of the field again."),
    "models": ("models", "List models by name, or fetch one."),
    "data": ("data", "List public corpora, or fetch one."),
}


def build(names: Iterable[str] = tuple(_COMMANDS)) -> typer.Typer:
    """Put commands together; a module holds a function of its own name, or a group of commands, `app`."""
    app = typer.Typer(
        name="dragoman",
        cls=Guarded,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in names:
        place, about = _COMMANDS[name]
        module = import_module(f"dragoman.cli.{place}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, short_help=about)
        else:
            app.command(name, short_help=about)(getattr(module, place))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dragoman {__version__}")
        raise typer.Exit


def _root(
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
    # Plugins of pydantic's are for those who write programs with it; looking for them takes longer than loading it.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    gc.set_threshold(GARBAGE_AFTER)
    # Nor is anything looked through once more at the end.
    atexit.register(gc.freeze)
    asked = next((one for one in arguments if not one.startswith("-")), None)
    app = build([asked]) if asked in _COMMANDS else build()
    try:
        app(args=arguments, prog_name="dragoman", obj=tuple(arguments))
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
