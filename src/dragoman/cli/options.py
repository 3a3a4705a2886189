"""Options that several commands have, and what they turn into."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.errors import InputError

if TYPE_CHECKING:
    from dragoman.api import Model

ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model folder, as `dragoman train` makes it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="A Python file that adds rows: a cell, an attention, a metric; may be repeated.",
    ),
]
Beam = Annotated[
    int | None,
    typer.Option(
        "--beam", metavar="N", help="Hypotheses kept; 1 is greedy. As the model says, unless given."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The folder that names of data files are relative to; a recipe's own, unless given.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="SRC,TGT", help="The two columns, by name or by number from 1."
    ),
]


def load_plugins(paths: Sequence[Path] | None) -> None:
    """Add the rows of the plugins that the user has named."""
    if paths:
        from dragoman.plugins import load_plugin

        for path in paths:
            load_plugin(path)


def open_model(folder: Path, plugins: Sequence[Path] | None) -> Model:
    """Load a model, after the plugins that it may need."""
    load_plugins(plugins)
    from dragoman.api import load

    return load(folder)


def parse_columns(columns: str | None) -> tuple[str | int, str | int] | None:
    """Take ``src,tgt`` or ``2,1`` apart.

    Raises:
        InputError: It is not two.
    """
    if columns is None:
        return None
    names = [name.strip() for name in columns.split(",")]
    if len(names) != 2 or not all(names):
        raise InputError(f"--columns {columns}: expected two, such as src,tgt or 2,1.")
    src, tgt = (int(name) if name.isdecimal() else name for name in names)
    return src, tgt


def setting(key: str, value: Any) -> str:
    """Write a setting as ``--set`` would take it; JSON of a string or a list is TOML as well."""
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def print_json(value: Any) -> None:
    """Print figures for a program."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
