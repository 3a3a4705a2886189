"""How far a model has come with many sources, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def watch(what: str) -> Callable[[int, int], None]:
    """Make what is told of progress, and says it in one line.

    Args:
        what: Was done with the sources, such as "translated back".
    """
    began = time.monotonic()
    first: list[int] = []

    def show(done: int, total: int) -> None:
        first.append(done)
        rate = (done - first[0]) / max(1e-9, time.monotonic() - began)
        left = f", {(total - done) / rate / 60:.0f} min left" if rate else ""
        sys.stderr.write(f"\r\x1b[K{what} {done:,} of {total:,}{left}")
        sys.stderr.flush()

    return show
