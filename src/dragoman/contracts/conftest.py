"""Makes ``--plugin`` known where the package's folder is named by its path.

With ``--pyargs`` pytest reads a conftest too late for options: there the entry point in
pyproject.toml does it.
"""

from __future__ import annotations

import pytest

from dragoman.contracts import options


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options once."""
    if not pluginmanager.is_registered(options):
        pluginmanager.register(options)
