"""Plugins: a Python file of the user's own that adds rows to the tables.

Only ever named by the user (``--plugin mine.py``), never by a model. The file holds plain dicts named as the
tables are, such as ``ATTENTIONS = {"mine": MyAttention}``.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from dragoman.errors import PluginError
from dragoman.tables import TABLES


def load_plugin(path: Path | str) -> list[str]:
    """Run a file and add its rows.

    Args:
        path: A Python file.

    Returns:
        What it added, such as "ATTENTIONS.mine".

    Raises:
        PluginError: The file does not load, adds nothing, or would replace a row.
    """
    path = Path(path)
    if not path.is_file():
        raise PluginError(f"{path}: no such plugin; expected a Python file.")
    module = _run(path)
    added: list[str] = []
    for table, rows in TABLES.items():
        own: Any = getattr(module, table, None)
        # A plugin that imports a table to look at it adds nothing by that.
        if not isinstance(own, dict) or own is rows:
            continue
        for name, row in own.items():  # pyright: ignore[reportUnknownVariableType]
            known = rows.get(str(name))  # pyright: ignore[reportUnknownArgumentType]
            if known is not None and getattr(known, "__module__", "") != module.__name__:
                raise PluginError(
                    f"{path}: {table} has a row {name!r} already; choose another name."
                )
            rows[str(name)] = row  # pyright: ignore[reportUnknownArgumentType]
            added.append(f"{table}.{name}")
    if not added:
        raise PluginError(
            f"{path}: adds no rows; expected a dict named as one of {', '.join(TABLES)}."
        )
    return added


def _run(path: Path) -> ModuleType:
    name = f"dragoman_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path}: not a Python file; a plugin's name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"{path}: fails to load: {type(error).__name__}: {error}.") from error
    return module
