"""The program: its commands, and what becomes of errors.

Nothing heavy is imported here: ``dragoman --help`` must answer at once, so each command imports what it needs
when it runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence

import click
import typer

from dragoman.cli import data, demo, evaluate, info, reproduce, train, translate
from dragoman.errors import DragomanError

USER_ERROR, INTERNAL_ERROR, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    name="dragoman",
    help="Recurrent sequence-to-sequence models: train, translate, evaluate, look inside.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("train")(train.train)
app.command("reproduce")(reproduce.reproduce)
app.command("translate")(translate.translate)
app.command("evaluate")(evaluate.evaluate)
app.command("info")(info.info)
app.add_typer(data.app, name="data")


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    """Recurrent sequence-to-sequence models: train, translate, evaluate, look inside."""
    if version:
        from dragoman import __version__

        typer.echo(f"dragoman {__version__}")
        raise typer.Exit


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program; always ends in SystemExit."""
    _speak_utf8()
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: Sequence[str]) -> int:
    """Run a command and return its exit code: 0, 1 (ours), 2 (the user's), 130 (Ctrl-C)."""
    try:
        code = app(args=list(argv), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        _say("stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left, as `head` does. What Python would flush at exit has nowhere to go.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DragomanError as error:
        _say(f"error: {error}")
        return USER_ERROR
    except ModuleNotFoundError as error:
        if os.environ.get("DRAGOMAN_DEBUG"):
            traceback.print_exc()
        _say(f"error: {error.name} is not installed; pip install 'dragoman[train]' brings it.")
        return USER_ERROR
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"error: {where}{error.strerror or error}.")
        return USER_ERROR
    except Exception as error:
        if os.environ.get("DRAGOMAN_DEBUG"):
            traceback.print_exc()
        _say(
            f"internal error: {type(error).__name__}: {error}\n"
            "This is a fault of dragoman's; DRAGOMAN_DEBUG=1 shows where. Please report it."
        )
        return INTERNAL_ERROR


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
