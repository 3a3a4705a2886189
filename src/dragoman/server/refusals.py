"""Why a request is turned away, besides what is wrong with it."""

from __future__ import annotations


class BusyError(Exception):
    """No room for another request.

    Attributes:
        retry_after_s: When there may be.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"busy; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class LateError(Exception):
    """A request that took too long."""


class UnknownModelError(Exception):
    """No model of that name, or between those languages."""


class WrongKeyError(Exception):
    """No API key, or a wrong one."""


class TooMuchError(Exception):
    """More text than a request may hold."""
