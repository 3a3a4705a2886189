"""Shapes are checked in every test: jaxtyping's annotations, by beartype, in three rooms.

Files whose tests learn for long ask for ``unchecked``; ``DRAGOMAN_SHAPES=0 pytest`` leaves all checks out.
"""

import gc
import os
import sys
from pathlib import Path

import jaxtyping
import pytest

# For `from helpers.tables import ...`: with import-mode=importlib tests do not see their neighbours.
sys.path.insert(0, str(Path(__file__).parent))

# The contracts that tests/contract imports explain their failures as its own tests do.
pytest.register_assert_rewrite("dragoman.contracts", "helpers")

CHECKED = ("dragoman.nn", "dragoman.search", "dragoman.training")

# What stands in the cache of whoever tests plays no part; tests of the kernel compile one of their own.
os.environ["DRAGOMAN_NATIVE"] = "0"

if os.environ.get("DRAGOMAN_SHAPES", "1") != "0":
    early = [name for name in sys.modules if name.startswith(CHECKED)]
    assert not early, f"imported before their shapes could be checked: {early}"
    jaxtyping.install_import_hook(list(CHECKED), "beartype.beartype")


@pytest.fixture(scope="module")
def unchecked():
    """Leave shapes unchecked while a file's networks learn; short tests check those of the same parts."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def pytest_collection_finish():
    """Leave what has been imported and collected, a million objects, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors gain nothing from threads; what a training sets is taken back."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
    yield
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_flush_denormal(False)
