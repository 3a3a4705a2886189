"""An ensemble: several models of one vocabulary that vote on every token, behind one `Stepper`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dragoman.search.stepper import ArrayDistribution, ArrayStep, Floats, Ids, Stepper, may_copy


@dataclass(frozen=True)
class EnsembleState:
    """Each member's state."""

    states: tuple[Any, ...]


class EnsembleStepper:
    """The mean of several models' probabilities (Sutskever et al. 2014, section 3.2 and table 1).

    Args:
        members: Models, torch or not, whose ids mean the same; at least one.

    Attributes:
        copies: Whether one of them may say words of the source that the vocabulary lacks.
    """

    def __init__(self, members: Sequence[Stepper[Any]]) -> None:
        if not members:
            raise ValueError("an ensemble needs a member")
        self.members = tuple(members)
        self.copies = any(may_copy(member) for member in members)

    def start(self, src: Ids) -> EnsembleState:
        """Have every member read the sources."""
        return EnsembleState(tuple(member.start(src) for member in self.members))

    def step(self, last_ids: Ids, state: EnsembleState) -> ArrayStep[EnsembleState]:
        """Have every member read one token a row; average what they say comes next, and where they looked."""
        steps = [
            member.step(last_ids, own)
            for member, own in zip(self.members, state.states, strict=True)
        ]
        log_probs = _stack([step.distribution.all() for step in steps])
        top = log_probs.max(axis=0)
        # -inf in all members stays -inf.
        safe = np.where(np.isfinite(top), top, 0).astype(np.float32)
        with np.errstate(divide="ignore"):
            mean = np.log(np.exp(log_probs - safe).mean(axis=0)) + safe
        looked = [step.weights for step in steps if step.weights is not None]
        weights: Floats | None = np.mean(looked, axis=0) if len(looked) == len(steps) else None
        return ArrayStep(
            ArrayDistribution(mean), weights, EnsembleState(tuple(step.state for step in steps))
        )

    def select(self, state: EnsembleState, rows: Ids) -> EnsembleState:
        """Reorder, repeat or drop rows."""
        return EnsembleState(
            tuple(
                member.select(own, rows)
                for member, own in zip(self.members, state.states, strict=True)
            )
        )


def _stack(log_probs: Sequence[Floats]) -> Floats:
    """Put the members' distributions on each other; what only some can say is impossible to the others."""
    width = max(one.shape[1] for one in log_probs)
    return np.stack(
        [
            np.pad(one, ((0, 0), (0, width - one.shape[1])), constant_values=-np.inf)
            for one in log_probs
        ]
    )
