"""Run the tests of this folder, and write docs/reliability.md's table: `python tests/faults/report.py`.

Slow tests too (DRAGOMAN_SLOW), some of which need root: a row says what all its tests came to.

With --only FILE ... only these files' tests are run, with --rows none: the other rows' counts of passed tests are then
those of before, or a dash where a row is new.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

HEAD = ("| fault | what holds | tried in | passed |", "|---|---|---|---|")


class Results:
    """Notes which tests there are and how they ended."""

    def __init__(self, only):
        self.rows = []
        self.only = only
        self.ended: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Take the rows."""
        from helpers.reliability import rows  # Only now: pytest is to rewrite it.

        self.rows = rows(items)
        if self.only:
            items[:] = [item for item in items if Path(item.path).name in self.only]

    def pytest_runtest_logreport(self, report):
        """Take what became of a test; a set-up that fails or skips counts too."""
        if report.when == "call" or report.outcome != "passed":
            self.ended[report.nodeid] = report.outcome

    def passed(self, row, before) -> str:
        """Count a row's tests; give the count of before where none was run."""
        ended = [self.ended.get(test) for test in row.tests]
        if not any(ended):
            return before.get(row.key, "-")
        skipped = f", {ended.count('skipped')} skipped" if "skipped" in ended else ""
        return f"{ended.count('passed')} of {len(ended)}{skipped}"


def main() -> int:
    """Run, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="FILE", default=[])
    asked = parser.parse_args()
    os.environ.setdefault("DRAGOMAN_SLOW", "1")
    results = Results(asked.only)
    here = str(Path(__file__).parent)
    # In this process alone: its rows are those that are written.
    options = [here, "-p", "no:xdist", *(["--collect-only", "-qq"] if asked.rows else [])]
    status = pytest.main(options, plugins=[results])
    if not results.rows:
        return int(status)
    from helpers.reliability import DOC, END, START, read_counts

    before, text = read_counts(), DOC.read_text("utf-8")
    above, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    lines = [
        f"| {row.what} | {row.holds} | [`{row.file}`](../tests/faults/{row.file}) | {results.passed(row, before)} |"
        for row in results.rows
    ]
    part = asked.rows or asked.only
    when = (
        f"{rest.partition('|')[0].strip()}\n\n"
        if part
        else f"Run on {datetime.now(UTC):%Y-%m-%d}.\n\n"
    )
    table = "\n".join([*HEAD, *lines])
    DOC.write_text(f"{above}{START}\n\n{when}{table}\n\n{END}{after}", "utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
