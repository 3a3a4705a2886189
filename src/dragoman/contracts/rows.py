"""Which rows of which tables are held to the contracts: all, or those that plugins have added."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dragoman.tables import TABLES

_added: set[str] | None = None


def use_plugins(paths: Iterable[Path]) -> None:
    """Add the plugins' rows to the tables; from now on only they are held."""
    global _added
    from dragoman.plugins import load_plugin

    _added = {row for path in paths for row in load_plugin(path)}


def is_held(table: str, name: str) -> bool:
    """Say whether a row is held to the contracts in this run."""
    return _added is None or f"{table}.{name}" in _added


def rows(table: str) -> list[str]:
    """Name the rows of a table that are held."""
    return [name for name in TABLES[table] if is_held(table, name)]
