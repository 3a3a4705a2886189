"""Settings for data that nobody has tuned for: chosen by its task, and by the machine if time is short."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from dragoman.config import Config, build_config
from dragoman.data.corpus import Pair
from dragoman.data.profile import look
from dragoman.errors import ConfigError
from dragoman.sizing import fit_to_time
from dragoman.tables import check_config
from dragoman.tasks import TASKS

Values = dict[str, dict[str, Any]]

# Suggested only where what the user has said lets them be.
_WHERE_THEY_FIT = (
    ("training", "lexical_start"),
    ("training", "guided_attention"),
    ("model", "context_output"),
    ("model", "word_memory"),
)


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

    def configure(values: Values) -> Config:
        return _fitting(
            values, lambda kept: build_config({"task": task, **kept}, overrides, "--set")
        )

    config = configure(found.values)
    # Networks that label are small beside what they read, and their tasks' settings fit any time.
    if limit is None or config.model.labels:
        return config, [*found.reasons, *found.by_size]
    from dragoman.training.speed import Trials

    trials = Trials(pairs, limit.minutes * 60, limit.elapsed_s, configure)
    values, reasons = fit_to_time(found.values, look(pairs), trials)
    return configure(values), [*found.reasons, *reasons]


def _fitting(values: Values, build: Callable[[Values], Config]) -> Config:
    """Leave out as few suggestions as need be for settings that go together; where that is not enough, none."""
    for count in range(len(_WHERE_THEY_FIT) + 1):
        for left_out in combinations(_WHERE_THEY_FIT, count):
            config = build(
                {
                    section: {
                        key: one for key, one in part.items() if (section, key) not in left_out
                    }
                    for section, part in values.items()
                }
            )
            try:
                check_config(config)
            except ConfigError:
                continue
            return config
    return build(values)
