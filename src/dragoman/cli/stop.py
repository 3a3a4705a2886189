"""Ctrl-C while training: the step is finished, everything saved, and then it stops."""

from __future__ import annotations

import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from dragoman.cli.guard import say
from dragoman.training.callbacks import Callback, StepRecord, ValidationRecord


class _Stop(Callback):
    """Raises KeyboardInterrupt where a training can be saved whole."""

    def __init__(self) -> None:
        self.training = self.asked = False

    def on_step(self, record: StepRecord) -> None:
        """After a step everything is whole."""
        del record
        self.training = True
        self._look()

    def on_validation(self, record: ValidationRecord) -> None:
        """So it is after a validation."""
        del record
        self._look()

    def ask(self, signum: int, frame: object) -> None:
        """Remember the first Ctrl-C until the step is done; obey the second, or one before the first step."""
        del signum, frame
        if not self.training or self.asked:
            raise KeyboardInterrupt
        self.asked = True
        say("\nstopping after this step ...")

    def _look(self) -> None:
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def stopping(callbacks: Sequence[Callback]) -> Generator[list[Callback]]:
    """Let Ctrl-C end a training between two steps; a second one ends it at once.

    Args:
        callbacks: Who is told of the steps besides.

    Yields:
        The same, and the one that stops the training.
    """
    stop = _Stop()
    before = signal.signal(signal.SIGINT, stop.ask)
    try:
        yield [*callbacks, stop]
    finally:
        signal.signal(signal.SIGINT, before)
