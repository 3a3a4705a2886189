"""``python -m dragoman.cli.reference > docs/cli.md``: the page that says what ``--help`` says."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from dragoman.cli.main import app

_HEAD = """\
# The commands

What `--help` says, in one page. Made by `python -m dragoman.cli.reference > docs/cli.md`; a test holds it to the code.

What is meant for a pipe goes to stdout and is UTF-8; everything else goes to stderr. Exit codes: 0; 1 for a result
that is not as recorded (`reproduce`) or a fault of Dragoman's own; 2 for what you can mend (a path, a file, an option); 130
for Ctrl-C. With `DRAGOMAN_DEBUG=1` errors come with their traceback.
"""


def reference() -> str:
    """Write the page."""
    command: Any = typer.main.get_command(app)
    return "\n".join([_HEAD, *_sections(command, "dragoman", None)]).rstrip() + "\n"


def _sections(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=name, parent=parent)
    subcommands: dict[str, Any] = getattr(command, "commands", {})
    if subcommands and parent is not None:
        yield f"## {context.command_path}\n\n{_text(command)}\n"
    for subname, subcommand in subcommands.items():
        yield from _sections(subcommand, subname, context)
    if subcommands:
        return
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    depth = "##" if parent is None or parent.parent is None else "###"
    yield f"{depth} {context.command_path}\n\n{_text(command)}\n\n```\n{usage}\n```\n"
    rows = [_row(param, context) for param in command.get_params(context)]
    rows = [row for row in rows if row and not row.startswith("| `-h, --help`")]
    if rows:
        yield "\n".join(["| option | what it does |", "|---|---|", *rows]) + "\n"


def _text(command: Any) -> str:
    return inspect.cleandoc(command.help or "")


def _row(param: Any, context: typer.Context) -> str:
    record = param.get_help_record(context)
    if record is None:
        return ""
    names, text = (part.replace("|", "\\|").replace("<TAB>", "`<TAB>`") for part in record)
    return f"| `{names}` | {' '.join(text.split())} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
