"""The picture of which label was taken for which."""

import pytest

from dragoman.errors import InputError
from dragoman.inspection.plots import plot_confusion


def test_it_is_drawn(tmp_path):
    path = tmp_path / "confusion.png"
    plot_confusion(
        ["sport", "a $very$ long label " * 3, "정치"], [[3, 0, 1], [0] * 3, [1] * 3], path
    )
    assert path.read_bytes().startswith(b"\x89PNG")


def test_of_many_labels_the_first_are_drawn(tmp_path):
    path = tmp_path / "confusion.svg"
    rows = [[int(x == y) for x in range(60)] for y in range(60)]
    plot_confusion([f"label{n}" for n in range(60)], rows, path)
    assert "label39" in path.read_text() or path.stat().st_size > 10_000


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(InputError, match="png"):
        plot_confusion(["a"], [[1]], tmp_path / "confusion.gif")
