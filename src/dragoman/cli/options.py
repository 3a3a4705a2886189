"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin", help="A Python file of yours that adds rows to the tables; may be repeated."
    ),
]
Encoding = Annotated[str, typer.Option(help="How the text is encoded, such as cp949.")]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Names or 1-based numbers of the source's and the target's columns: src,tgt."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


def load_plugins(paths: list[Path] | None) -> None:
    """Load what the user named."""
    if paths:
        from dragoman.plugins import load_plugin

        for path in paths:
            load_plugin(path)


def split_columns(text: str | None) -> tuple[str | int, ...] | None:
    """Turn "2,1" or "en,de" into columns.

    Raises:
        InputError: There are not two.
    """
    if text is None:
        return None
    from dragoman.errors import InputError

    columns = tuple(int(part) if part.isdigit() else part for part in text.split(","))
    if len(columns) != 2:
        raise InputError(f"--columns {text}: expected two, such as 1,2 or src,tgt.")
    return columns
