"""Where errors become exit codes: one clear message on stderr, and a traceback only if asked for."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from dragoman.errors import DragomanError

ISSUES = "https://github.com/dragoman-nlp/dragoman/issues"
# What dragoman[train] installs, by import name.
_EXTRA = {
    "jaxtyping",
    "matplotlib",
    "onnx",
    "pyarrow",
    "sacrebleu",
    "safetensors",
    "tensorboard",
    "tomli_w",
    "torch",
    "xxhash",
    "zstandard",
}
_SIGPIPE = 141


class Guarded(TyperGroup):
    """The group of all commands: whatever goes wrong in one ends here."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except DragomanError as error:
            fail(str(error))
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # Who read our output has had enough, as `head` does: no reason to complain.
            _drop_output()
            raise typer.Exit(_SIGPIPE) from None
        except ImportError as error:
            missing = why_missing(error)
            if missing is None:
                _give_up(error)
            fail(missing)
        except OSError as error:
            _drop_output()
            place = error.filename or "standard input or output"
            fail(f"{place}: {error.strerror or error}.")
        except Exception as error:
            if type(error).__module__.startswith(("typer", "click")):
                raise  # A usage error or an exit, which Typer itself turns into a message and a code.
            _give_up(error)
        else:
            return result


def why_missing(error: ImportError) -> str | None:
    """Say what to install, if it is a package of an extra that is missing."""
    package = (error.name or "").partition(".")[0]
    if package not in _EXTRA:
        return None
    return f"this needs {package}, which is not installed: pip install 'dragoman[train]'"


def fail(message: str) -> NoReturn:
    """Say what is wrong, and end with code 2.

    Raises:
        typer.Exit: Always.
    """
    if os.environ.get("DRAGOMAN_DEBUG") and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    say(f"error: {message}")
    raise typer.Exit(2)


def say(text: str = "") -> None:
    """Write a line to stderr, where what is not output goes; a stderr that is gone is no fault."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _give_up(error: Exception) -> NoReturn:
    """Admit a fault of our own."""
    if os.environ.get("DRAGOMAN_DEBUG"):
        raise error
    say(f"internal error: {type(error).__name__}: {error}")
    say(f"Please report it at {ISSUES}; DRAGOMAN_DEBUG=1 shows where it happened.")
    raise typer.Exit(1) from None


def _drop_output() -> None:
    """Send what is still buffered for stdout nowhere, so that Python's last flush does not fail again."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
