"""How far a model has come with many sources, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

# Where nobody watches, in a log, so often.
_EVERY_S = 10.0


def watch(what: str) -> Callable[[int, int], None]:
    """Make what is told of progress, and says it: in one live line on a terminal, now and then elsewhere.

    Args:
        what: Was done with the sources, such as "translated back".
    """
    began = told_at = time.monotonic()
    first: int | None = None

    def show(done: int, total: int) -> None:
        nonlocal told_at, first
        now = time.monotonic()
        first = done if first is None else first
        rate = (done - first) / max(1e-9, now - began)
        left = f", {(total - done) / rate / 60:.0f} min left" if rate and done < total else ""
        line, end = f"{what} {done:,} of {total:,}{left}", "\n" if done >= total else ""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}{end}")
        elif end or now - told_at >= _EVERY_S:
            told_at = now
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    return show
