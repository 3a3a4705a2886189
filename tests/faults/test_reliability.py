"""docs/reliability.md lists what this folder tries, no more and no less."""

from pathlib import Path

import pytest

from helpers.reliability import read_doc, unmarked

pytestmark = pytest.mark.fault("a table of faults that is out of date", "the tests fail")


def whole_folder(request) -> bool:
    here = Path(__file__).parent
    collected = {Path(item.path) for item in request.session.items}
    return collected >= set(here.glob("test_*.py"))


def test_the_table_is_that_of_the_tests(request, fault_rows):
    if not whole_folder(request):
        pytest.skip("needs all of tests/faults")
    wanted = {row.key for row in fault_rows}
    assert set(read_doc()) == wanted, "run tests/faults/report.py"
    assert unmarked(request.session.items) == []
