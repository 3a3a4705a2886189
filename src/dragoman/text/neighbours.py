"""Neighbours: what stands before and after a source, where sources are words of a running text.

A network that reads them gets them in the same row as the source: ``before SOS source EOS after EOS``. A source that
stands alone is the row itself, as for any other network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from dragoman.text.vocabulary import EOS, SOS

Around = tuple[str, str]
"""The text before a source, and the text after it."""
Beside = tuple[Sequence[int], Sequence[int]]
"""The same as ids."""


def framed(src: Sequence[int], beside: Beside | None) -> list[int]:
    """Put a source between its neighbours; EOS is still to be added, as to any source."""
    if beside is None or not (beside[0] or beside[1]):
        return list(src)
    return [*beside[0], SOS, *src, EOS, *beside[1]]


def spans(lines: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Say for each item which others stand beside it: from which one, and up to which.

    Args:
        lines: The line that each item stands on; where one is missing, as a blank one is, a text ends.
        most: How many to either side.
    """
    begins = [n for n, line in enumerate(lines) if not n or line != lines[n - 1] + 1]
    found: list[tuple[int, int]] = []
    for begin, end in pairwise([*begins, len(lines)]):
        found += [(max(begin, n - most), min(end, n + 1 + most)) for n in range(begin, end)]
    return found


def around(texts: Sequence[str], most: int, lines: Sequence[int] | None = None) -> list[Around]:
    """Give each item of a running text its neighbours.

    Args:
        texts: The items, in their order; a blank one ends a text.
        most: How many to either side.
        lines: The line that each stands on, if not all of the lines are there.
    """
    lines = range(len(texts)) if lines is None else lines
    filled = [n for n, text in enumerate(texts) if text.strip()]
    found = [("", "")] * len(texts)
    for number, (first, last) in enumerate(spans([lines[n] for n in filled], most)):
        found[filled[number]] = (
            " ".join(texts[n] for n in filled[first:number]),
            " ".join(texts[n] for n in filled[number + 1 : last]),
        )
    return found


def windows(chunks: Iterable[Sequence[str]], most: int) -> Iterator[tuple[list[str], list[Around]]]:
    """Give the lines of a text that comes bit by bit, each as soon as its neighbours are known.

    Where the text is cut into chunks makes no difference.
    """
    before: list[str] = []
    held: list[str] = []

    def take(count: int) -> tuple[list[str], list[Around]]:
        nonlocal before, held
        found = around([*before, *held], most)[len(before) :]
        taken, held_back = held[:count], held[count:]
        before, held = [*before, *taken][-most:], held_back
        return taken, found[:count]

    for chunk in chunks:
        held += chunk
        blank = max((n + 1 for n, line in enumerate(held) if not line.strip()), default=0)
        ready = max(blank, len(held) - most)
        if ready > 0:
            yield take(ready)
    if held:
        yield take(len(held))
