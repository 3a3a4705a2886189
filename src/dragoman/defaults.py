"""Settings for data that nobody has tuned for: chosen by its task, and explained."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.config import Config, build_config
from dragoman.data.corpus import Pair
from dragoman.tasks import TASKS


def suggest_config(
    pairs: Sequence[Pair], overrides: Sequence[str] = (), task: str = "translate"
) -> tuple[Config, list[str]]:
    """Choose settings for a corpus.

    Args:
        pairs: What there is to learn from.
        overrides: What the user has said, as ``key=value``.
        task: A row of TASKS.

    Returns:
        The settings, and a line for each choice, with its reason.
    """
    found = TASKS[task].suggest(pairs)
    config = build_config({"task": task, **found.values}, overrides, "--set")
    return config, found.reasons
