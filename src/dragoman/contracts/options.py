"""The pytest plugin behind ``--plugin``. It imports nothing heavy: pytest loads it in every run."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--plugin``."""
    parser.getgroup("dragoman").addoption(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE",
        help="a Python file that adds rows to dragoman's tables: only they are held",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugins before any test is collected."""
    paths: list[str] = config.getoption("plugin") or []
    if not paths:
        return
    from dragoman.contracts.rows import use_plugins
    from dragoman.errors import PluginError

    try:
        use_plugins(Path(config.invocation_params.dir, path) for path in paths)
    except PluginError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the contracts of which a plugin's rows have no part."""
    if not config.getoption("plugin"):
        return
    idle = [item for item in items if _has_no_rows(item)]
    config.hook.pytest_deselected(items=idle)
    items[:] = [item for item in items if item not in idle]


def _has_no_rows(item: pytest.Item) -> bool:
    reasons = (mark.kwargs.get("reason", "") for mark in item.iter_markers("skip"))
    return any(reason.startswith("got empty parameter set") for reason in reasons)
