"""Settings for data that nobody has tuned for: chosen by its task, and by the machine if time is short."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dragoman.config import Config, build_config
from dragoman.data.corpus import Pair
from dragoman.data.profile import look
from dragoman.sizing import fit_to_time
from dragoman.tasks import TASKS


@dataclass(frozen=True)
class TimeLimit:
    """A time to fit a training into.

    Attributes:
        minutes: All of it.
        started: When it began, of `time.monotonic`.
    """

    minutes: float
    started: float = field(default_factory=time.monotonic)

    def elapsed_s(self) -> float:
        """Return how much of it has gone."""
        return time.monotonic() - self.started


def suggest_config(
    pairs: Sequence[Pair],
    overrides: Sequence[str] = (),
    task: str = "translate",
    limit: TimeLimit | None = None,
) -> tuple[Config, list[str]]:
    """Choose settings for a corpus.

    Args:
        pairs: What there is to learn from.
        overrides: What the user has said, as ``key=value``.
        task: A row of TASKS.
        limit: How long the training may take; then a few steps are timed on this machine.

    Returns:
        The settings, and a line for each choice, with its reason.
    """
    found = TASKS[task].suggest(pairs)

    def configure(values: dict[str, dict[str, Any]]) -> Config:
        return build_config({"task": task, **values}, overrides, "--set")

    config = configure(found.values)
    # Networks that label are small beside what they read, and their tasks' settings fit any time.
    if limit is None or config.model.labels:
        return config, [*found.reasons, *found.by_size]
    from dragoman.training.speed import Trials

    trials = Trials(pairs, limit.minutes * 60, limit.elapsed_s, configure)
    values, reasons = fit_to_time(found.values, look(pairs), trials)
    return configure(values), [*found.reasons, *reasons]
