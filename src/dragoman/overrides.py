"""``key=value``: settings given one at a time, in place of a recipe's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from dragoman.errors import ConfigError

# How long a training is; where one is given, the recipe's others say nothing any more.
_LENGTHS = frozenset({"training.epochs", "training.steps", "training.minutes"})


def overridden(raw: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Give a recipe's plain values with some replaced; what is given stays as it is.

    Args:
        raw: The recipe.
        overrides: Such as ``model.cell=gru``; values are TOML, a bare word is a string.

    Raises:
        ConfigError: An override is none, or leads through a value as if it were a table.
    """
    merged, given = _copy(raw), list(overrides)
    if _LENGTHS & {override.partition("=")[0].strip() for override in given}:
        training = merged.get("training")
        if isinstance(training, dict):
            for key in _LENGTHS:
                training.pop(key.removeprefix("training."), None)
    for override in given:
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
