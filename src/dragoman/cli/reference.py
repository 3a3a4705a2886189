"""``python -m dragoman.cli.reference > docs/cli.md``: the page that says what ``--help`` says."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import typer

from dragoman.cli.main import build

_HEAD = """\
# The commands

What `--help` says, on one page. Made by `python -m dragoman.cli.reference > docs/cli.md`; a test holds it to the code.

What is meant for a pipe goes to stdout and is UTF-8; everything else goes to stderr. Exit codes: 0; 1 for a result that
is not as recorded (`reproduce`), or a fault of Dragoman's own; 2 for what you can mend (a path, a file, an option); 130
for Ctrl-C; 141 when whoever reads the output has left, as `head` does. With `DRAGOMAN_DEBUG=1` errors come with their
traceback.
"""


def reference() -> str:
    """Write the page."""
    command: Any = typer.main.get_command(build())
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
    usage = " ".join([context.command_path, "[OPTIONS]", *_arguments(command)])
    depth = "##" if parent is None or parent.parent is None else "###"
    yield f"{depth} {context.command_path}\n\n{_text(command)}\n\n```\n{usage}\n```\n"
    rows = [_row(param, context) for param in command.params]
    if rows:
        yield "\n".join(["| option | what it does |", "|---|---|", *rows]) + "\n"


def _arguments(command: Any) -> Iterator[str]:
    for param in command.params:
        if param.param_type_name == "argument":
            name = param.metavar + ("..." if param.nargs < 0 else "")
            yield name if param.required else f"[{name}]"


def _text(command: Any) -> str:
    return inspect.cleandoc(command.help or "")


def _row(param: Any, context: typer.Context) -> str:
    record = param.get_help_record(context)
    assert record is not None  # No option is hidden.
    # Versions of Typer differ in whether an argument's type stands after its name.
    names, text = re.sub(r" <.*>", "", record[0]), " ".join(record[1].split())
    return f"| `{names}` | {text.replace('|', '/').replace('<TAB>', '`<TAB>`')} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
