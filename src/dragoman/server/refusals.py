"""Why a request is turned away, besides what is wrong with it."""

from __future__ import annotations

from dragoman.errors import InputError


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


class UnknownModelError(InputError):
    """There is no such model."""


class WrongKeyError(Exception):
    """No API key, or a wrong one."""


class TooMuchError(Exception):
    """More text than a request may hold."""
