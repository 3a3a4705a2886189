import signal

import pytest

from helpers import reliability
from helpers.cli import train_tiny

# Where a script has started this in the background, Ctrl-C is ignored, and would be by all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROWS = pytest.StashKey[list[reliability.Row]]()


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module", autouse=True)
def _no_pictures():
    """Draw no curves, which takes longer than a tiny training and is held by tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dragoman.training.session._draw_curves", lambda out: None)
        yield


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "fault(what, holds): a row of docs/reliability.md: the fault, and what holds all the same",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Note the rows before tests are chosen by -k."""
    config.stash[ROWS] = reliability.rows(items)


@pytest.fixture(scope="session")
def fault_rows(pytestconfig):
    return pytestconfig.stash[ROWS]
