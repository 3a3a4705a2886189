"""API keys: who may ask, and how often."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dragoman.server.options import ApiKey
from dragoman.server.refusals import BusyError, WrongKeyError

_MINUTE = 60.0


@dataclass
class _Bucket:
    """What a key may still ask (a token bucket)."""

    left: float
    seen: float


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


class Doorman:
    """Lets in who has a key, as often as the key says.

    Args:
        keys: Those that are known; without any, everybody may come in.
    """

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = tuple(keys)
        # Equally long, whatever the keys are.
        self._digests = [_digest(key.secret) for key in self._keys]
        self._buckets = {
            number: _Bucket(float(key.per_minute), time.monotonic())
            for number, key in enumerate(self._keys)
        }

    def admit(self, shown: str | None) -> None:
        """Let somebody in.

        Raises:
            WrongKeyError: They showed none, or one that is not known.
            BusyError: Their key has been used too often.
        """
        if not self._keys:
            return
        # All keys are compared, each in constant time: how long it takes says nothing of any.
        given = _digest(shown or "")
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        if not any(matches):
            raise WrongKeyError("an API key is needed: send it as `Authorization: Bearer KEY`.")
        self._spend(matches.index(True))

    def _spend(self, number: int) -> None:
        per_minute = self._keys[number].per_minute
        if not per_minute:
            return
        bucket, now = self._buckets[number], time.monotonic()
        gained = (now - bucket.seen) * per_minute / _MINUTE
        bucket.left, bucket.seen = min(float(per_minute), bucket.left + gained), now
        if bucket.left < 1:
            raise BusyError(max(1, round((1 - bucket.left) * _MINUTE / per_minute)))
        bucket.left -= 1
