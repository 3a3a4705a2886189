"""The greedy search that docs/bundle.md shows, run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest

from dragoman.search.filters import Forbid
from dragoman.search.greedy import Limits, greedy_search
from helpers.bundles import SMALL, stepper, write_tiny

PAGE = Path(__file__).parents[2] / "docs" / "bundle.md"


@pytest.mark.parametrize("attention", ["general", "none"])
def test_the_search_of_the_page_is_ours(tmp_path, attention):
    """A stranger who follows the page gets the same tokens."""
    config = SMALL.model_copy(update={"attention": attention})
    out = write_tiny(tmp_path / "tiny", config)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    code = code.replace("bundles/my", str(out)).replace("17, 5, 203, 3", "17, 5, 13, 3")
    found: dict = {}
    exec(code, found)
    limits = Limits([50], [Forbid((0, 1, 2))])
    wanted = greedy_search(stepper(out), np.array([[17, 5, 13, 3]]), limits)[0]
    assert tuple(found["said"]) == (*wanted.ids, *([3] if wanted.complete else []))
