"""How to serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman.errors import ConfigError


@dataclass(frozen=True)
class ApiKey:
    """Somebody who may ask.

    Attributes:
        secret: What they show.
        per_minute: How many requests they may make a minute; 0 for as many as they like.
    """

    secret: str
    per_minute: int = 0


@dataclass(frozen=True)
class ServeOptions:
    """How to serve.

    Attributes:
        max_concurrency: Requests that are worked on at once; more are told to come back.
        max_queue: Sentences that may wait; a request that would make them more is told to come back.
        max_batch: Sentences translated together.
        max_batch_chars: Characters translated together, so that a batch never takes long.
        gather_s: How long the first sentence of a batch waits for company.
        timeout_s: After how long a request is given up.
        max_chars: Characters in a request.
        max_body: Bytes of a request.
        max_streams: Answers that are streamed at once.
        lab: Whether the page's teaching parts are there.
        keys: Who may ask; anybody if there are none.
        origins: Which other sites' pages may ask (CORS).
        log_text: Whether texts are logged.
    """

    max_concurrency: int = 256
    max_queue: int = 1024
    max_batch: int = 64
    max_batch_chars: int = 8000
    gather_s: float = 0.004
    timeout_s: float = 30.0
    max_chars: int = 20_000
    max_body: int = 256 * 1024
    max_streams: int = 16
    lab: bool = True
    keys: Sequence[ApiKey] = ()
    origins: Sequence[str] = ()
    log_text: bool = False


def read_keys(path: Path) -> list[ApiKey]:
    """Read a file of API keys: one a line, and after a space how many requests a minute it may make.

    Raises:
        ConfigError: It cannot be read, is empty, or a line is wrong; keys themselves are not shown.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}).") from None
    keys: list[ApiKey] = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) > 2 or not words[0].isascii() or not all(w.isdecimal() for w in words[1:]):
            raise ConfigError(
                f"{path}:{number}: expected a key in ASCII, and perhaps how many requests a minute it may make."
            )
        keys.append(ApiKey(words[0], int(words[1]) if len(words) == 2 else 0))
    if not keys:
        raise ConfigError(
            f"{path}: holds no key; write one a line, or serve without --api-key-file."
        )
    return keys
