"""``key=value``: settings given one at a time, in place of a recipe's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from dragoman.errors import ConfigError


def overridden(raw: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Give a recipe's plain values with some replaced; what is given stays as it is.

    Args:
        raw: The recipe.
        overrides: Such as ``model.cell=gru``; values are TOML, a bare word is a string.

    Raises:
        ConfigError: An override is none, or leads through a value as if it were a table.
    """
    merged = _copy(raw)
    for override in overrides:
        _apply(merged, override)
    return merged


def _copy(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copy(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else value
        for key, value in raw.items()
    }


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {override}: expected KEY=VALUE, such as model.cell=gru.")
    *parents, last = key.strip().split(".")
    table = raw
    for name in parents:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {override}: {name} is a value, not a table of values.")
    try:
        table[last] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        table[last] = text
