"""How much of the training is done: by steps, or by the wall clock, whose readings are written down.

The learning rate follows the share done. A run that is given minutes re-reads the clock from time to time
and notes each reading, so that the same run can be made again, to the bit, without a clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# All validations of a timed run together take at most this share of it.
_PAUSES = 0.12
# What earlier steps count for in the mean speed: the first ones, which warm up, are forgotten.
_MEMORY = 0.99


@dataclass(frozen=True)
class Reading:
    """From `step` on, when a share `done` lay behind, each step counts for `rate`."""

    step: int
    done: float
    rate: float


@dataclass
class Clock:
    """The share of a training that is done after so many steps.

    Attributes:
        readings: In the order of their steps; the last one holds.
        steps: When to stop, if that is known.
    """

    readings: list[Reading]
    steps: int | None

    @classmethod
    def of_steps(cls, steps: int) -> Clock:
        """Count steps."""
        return cls([Reading(0, 0.0, 1 / max(1, steps))], steps)

    def done(self, step: int) -> float:
        """Return the share done after `step` steps."""
        for reading in reversed(self.readings):
            if step >= reading.step:
                return reading.done + (step - reading.step) * reading.rate
        return 0.0

    def over(self, step: int) -> bool:
        """Whether training ends here."""
        return step >= self.steps if self.steps is not None else self.done(step) >= 1 - 1e-9


@dataclass
class WallClock(Clock):
    """A clock that fits the schedule to the time that is left.

    Attributes:
        seconds: The whole time.
        spent_s: What earlier sessions of the same training used.
        pauses_s: Time a validation took, the last few times.
    """

    seconds: float = 0.0
    spent_s: float = 0.0
    started: float = field(default_factory=time.monotonic)
    training_s: float = 0.0
    trained_steps: float = 0.0
    num_steps: int = 0
    pauses_s: list[float] = field(default_factory=list[float])
    next_reading_s: float = 0.0

    @classmethod
    def of_minutes(cls, minutes: float, spent_s: float, started: float) -> WallClock:
        """Count minutes, from `started` (of `time.monotonic`)."""
        return cls([], None, minutes * 60, spent_s, started)

    @property
    def elapsed_s(self) -> float:
        """Seconds used, by this session and earlier ones."""
        return self.spent_s + time.monotonic() - self.started

    def done(self, step: int) -> float:
        """Return the share done; before the first reading, a small one."""
        return super().done(step) if self.readings else 0.0

    def over(self, step: int) -> bool:
        """Whether the schedule has run out, or the time, with what the last validation needs kept back."""
        return super().over(step) or self.elapsed_s + self._reserve_s >= self.seconds

    def trained(self, seconds: float) -> None:
        """Note that one step took so long."""
        self.training_s = self.training_s * _MEMORY + seconds
        self.trained_steps = self.trained_steps * _MEMORY + 1
        self.num_steps += 1

    def read(self, step: int, validations_left: int) -> bool:
        """Fit the rate to the time left, at first after 20 steps and then 60 times; say whether it did."""
        if self.num_steps < 20 or self.elapsed_s < self.next_reading_s:
            return False
        self.next_reading_s = self.elapsed_s + self.seconds / 60
        whole = self.seconds - self.elapsed_s - self._reserve_s
        pauses_s = max(0.0, _PAUSES * self.seconds - sum(self.pauses_s))
        left = whole - min(validations_left * self._pause_s, pauses_s)
        steps_left = max(1, int(left * self.trained_steps / self.training_s))
        done = self.done(step)
        self.readings.append(Reading(step, done, (1 - done) / steps_left))
        return True

    def affords_a_pause(self) -> bool:
        """Whether another validation keeps all of them to their share of the time."""
        return sum(self.pauses_s) + self._pause_s <= _PAUSES * self.elapsed_s

    @property
    def _pause_s(self) -> float:
        return self.pauses_s[-1] if self.pauses_s else self.seconds / 200

    @property
    def _reserve_s(self) -> float:
        # The last validation, and then confidence, which is fitted to as many outputs.
        return 2.2 * self._pause_s + 0.01 * self.seconds + 0.3
