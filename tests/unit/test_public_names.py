"""The public surface, pinned: a name that comes or goes is a decision, not an accident."""

import subprocess
import sys

import pytest

import dragoman

PUBLIC = [
    "Config",
    "Constraints",
    "DragomanError",
    "Model",
    "SamplingOptions",
    "TrainOptions",
    "TranslateOptions",
    "Translation",
    "ensemble",
    "evaluate",
    "load",
    "load_config",
    "load_plugin",
    "train",
]


def test_public_names_are_these():
    assert dragoman.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(dragoman, name).__name__ == name


def test_import_loads_nothing_heavy():
    code = "import dragoman, sys; print(sorted({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        dragoman.no_such_name  # noqa: B018
