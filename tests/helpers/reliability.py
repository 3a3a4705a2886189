"""The table of docs/reliability.md: what each marked test of tests/faults shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DOC = Path(__file__).parents[2] / "docs" / "reliability.md"
START, END = "<!-- made by tests/faults/report.py -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """A fault, what holds, the file that tries it, and its tests."""

    what: str
    holds: str
    file: str
    tests: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What the document must say."""
        return self.what, self.holds, self.file


def rows(items: Iterable) -> list[Row]:
    """Gather the marked tests of tests/faults."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in items:
        mark = item.get_closest_marker("fault")
        if mark is not None:
            found.setdefault((*mark.args, Path(item.path).name), []).append(item.nodeid)
    return [Row(*key, tuple(tests)) for key, tests in found.items()]


def unmarked(items: Iterable) -> list[str]:
    """Name the tests of tests/faults that say of no fault what holds."""
    here = Path(__file__).parents[1] / "faults"
    return [
        item.nodeid
        for item in items
        if Path(item.path).parent == here and item.get_closest_marker("fault") is None
    ]


def read_doc() -> list[tuple[str, str, str]]:
    """Read the rows that the document has."""
    return [*read_counts()]


def read_counts() -> dict[tuple[str, str, str], str]:
    """Read how many tests of each row had passed."""
    table = DOC.read_text("utf-8").partition(START)[2].partition(END)[0].splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table
        if line.startswith("|")
    ]
    return {
        (what, holds, where.partition("](")[0].strip("[`]")): count
        for what, holds, where, count in cells[2:]
    }
