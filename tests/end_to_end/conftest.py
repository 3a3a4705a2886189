import tempfile
from pathlib import Path

import pytest

from helpers.ready import ready


@pytest.fixture(scope="session")
def program():
    """Give `dragoman` as a program that answers at once."""
    with tempfile.TemporaryDirectory() as folder, ready(Path(folder)) as path:
        yield path
