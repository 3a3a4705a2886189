import sys
import xml.etree.ElementTree as ET

import matplotlib
import pytest
from matplotlib import font_manager, image

from dragoman.errors import InputError, MissingExtraError
from dragoman.inspection.plots import CJK_FONTS, plot_attention, plot_curves

RECORDS = [
    {"step": 0, "train_loss": 5.0},
    {"step": 100, "train_loss": 3.0, "dev_loss": 3.5, "dev_accuracy_teacher_forced": 0.4},
    {
        "step": 200,
        "dev_loss": 2.5,
        "dev_accuracy_teacher_forced": 0.7,
        "dev_accuracy_free_running": 0.5,
        "bleu": 20.0,
    },
    {"step": 300, "dev_accuracy_teacher_forced": 0.9, "dev_accuracy_free_running": 0.65},
]


def test_attention_is_drawn(make_trace, tmp_path):
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    plot_attention(make_trace(), one)
    plot_attention(make_trace(tgt=("je", "<eos>")), other)
    assert one.stat().st_size > 5000
    assert image.imread(one).shape != image.imread(other).shape


def test_attention_shows_the_weights(make_trace, tmp_path):
    trace = make_trace()
    paths = tmp_path / "one.png", tmp_path / "other.png"
    swapped = [step.model_copy(update={"attention": step.attention[::-1]}) for step in trace.steps]
    plot_attention(trace, paths[0])
    plot_attention(trace.model_copy(update={"steps": tuple(swapped)}), paths[1])
    before, after = map(image.imread, paths)
    assert before.shape == after.shape
    assert (before != after).mean() > 0.1


@pytest.mark.parametrize("num_tokens", [1, 60])
def test_attention_of_any_length(make_trace, tmp_path, num_tokens):
    path = tmp_path / "plot.svg"
    plot_attention(make_trace(src=("$w_1$",) * num_tokens, tgt=("x" * 99,) * num_tokens), path)
    ET.parse(path)


def test_hangul_raises_no_warning(make_trace, tmp_path):
    plot_attention(make_trace(src=("나는", "학생", "이다")), tmp_path / "plot.png")
    plot_curves(RECORDS, tmp_path / "curves.png", "한국어")


def test_hangul_without_a_font_raises_no_warning(make_trace, tmp_path, monkeypatch):
    others = [font for font in font_manager.fontManager.ttflist if font.name not in CJK_FONTS]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", others)
    plot_attention(make_trace(src=("뷁", "쀍")), tmp_path / "plot.png")


def test_attention_needs_attention(make_trace, tmp_path):
    with pytest.raises(InputError, match="no attention"):
        plot_attention(make_trace(attention=False), tmp_path / "plot.png")


def test_curves_are_drawn(tmp_path):
    path = tmp_path / "curves.svg"
    plot_curves(RECORDS, path, "lstm 256 $x$")
    text = path.read_text(encoding="utf-8")
    ET.parse(path)
    for shown in ("teacher forced", "exposure gap (25.0 points at the end)", "BLEU / 100"):
        assert shown in text  # Matplotlib keeps each text in a comment


@pytest.mark.parametrize("records", [[], [{"step": 1, "train_loss": float("nan")}]])
def test_curves_of_nothing_say_so(tmp_path, records):
    path = tmp_path / "curves.svg"
    plot_curves(records, path, "t")
    assert path.read_text(encoding="utf-8").count("not recorded") == 2


def test_suffix_is_checked(make_trace, tmp_path):
    for suffix in ("plot", "plot.pdf"):
        with pytest.raises(InputError, match=r"\.png or \.svg"):
            plot_attention(make_trace(), tmp_path / suffix)


def test_missing_matplotlib_is_explained(make_trace, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"dragoman\[train\]"):
        plot_attention(make_trace(), tmp_path / "plot.png")


def test_users_matplotlib_stays_as_it_is(make_trace, tmp_path):
    before = dict(matplotlib.rcParams)
    plot_attention(make_trace(), tmp_path / "plot.png")
    assert dict(matplotlib.rcParams) == before
