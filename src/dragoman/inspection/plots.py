"""Pictures for a report: where the decoder looked, and how a training went.

Matplotlib is imported inside the functions, and they draw on figures of their own, so that the
user's backend and settings stay as they are.
"""

# pyright: reportUnknownMemberType=false
# (Matplotlib's stubs leave its **kwargs untyped.)

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.errors import InputError, MissingExtraError
from dragoman.inspection.trace import ContextMap, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Records = Sequence[Mapping[str, float]]

# Fonts with Hangul, kana and Han, as Linux, macOS and Windows name them.
CJK_FONTS = (
    "Noto Sans CJK KR",
    "Noto Sans CJK JP",  # all that older Matplotlib sees of the same collection
    "Noto Sans KR",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Malgun Gothic",
    "NanumGothic",
    "UnDotum",
)
_BASE_FONT = "DejaVu Sans"  # comes with Matplotlib
_FIRST_CJK = "\u1100"

_SUFFIXES = (".png", ".svg")
_DPI = 150
_CELL_IN = 0.4
_MAX_SIDE_IN = 24.0
_MAX_LABEL = 24
_CLASS_IN, _MAX_CLASSES = 0.5, 40
_MAX_MARKED = 40  # a longer curve is drawn without a dot at each record
_BLUE, _ORANGE, _GREY = "#1f5fa8", "#c2590c", "#565d6b"


def prepare_plots() -> None:
    """Load what drawing needs, if it is there: the first picture is the slow one."""
    with suppress(MissingExtraError):
        _new_figure(1, 1)


def plot_attention(trace: Trace, path: Path) -> None:
    """Draw the attention weights: source tokens on x, output tokens on y.

    Args:
        trace: A trace of a model with attention.
        path: The picture to write, ``.png`` or ``.svg``.

    Raises:
        InputError: If the model has no attention, or the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    weights = [step.attention for step in trace.steps if step.attention is not None]
    if not weights:
        raise InputError(f"There is no attention to plot in a model without it: {trace.model}")
    src = [_label(token) for token in trace.src_tokens]
    tgt = [_label(step.choice) for step in trace.steps]
    cell = min(_CELL_IN, _MAX_SIDE_IN / max(len(src), len(tgt)))
    figure = _new_figure(cell * len(src), cell * len(tgt))
    axes = figure.add_axes((0, 0, 1, 1))  # the labels lie outside; saving makes room for them
    image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(len(src)), src, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(tgt)), tgt)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set(fontsize=min(11.0, 30 * cell), fontfamily=_fonts([*src, *tgt]), parse_math=False)
    axes.set_xlabel("source")
    axes.set_ylabel("output")
    legend = figure.add_axes((1 + 0.15 / figure.get_figwidth(), 0, 0.1 / figure.get_figwidth(), 1))
    figure.colorbar(image, cax=legend, ticks=[0, 1], label="weight")
    _save(figure, path)


def plot_curves(records: Records, path: Path, title: str) -> None:
    """Draw a training: the losses, and the two accuracies with the exposure gap between them.

    Under teacher forcing the decoder reads the reference; running free it reads its own output, and
    its mistakes feed on themselves. The gap between the two is what exposure bias costs
    (Ranzato et al. 2016, arXiv:1511.06732).

    Args:
        records: Metrics at ``"step"``: ``"train_loss"``, ``"dev_loss"``,
            ``"dev_accuracy_teacher_forced"``, ``"dev_accuracy_free_running"`` (from 0 to 1) and
            ``"bleu"`` (from 0 to 100); each may be missing from any of them.
        path: The picture to write, ``.png`` or ``.svg``.
        title: The heading.

    Raises:
        InputError: If the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    figure = _new_figure(11, 4.2)
    losses, accuracies = figure.subplots(1, 2)
    # Every training ends with it: margins that are given need not be found by drawing it twice.
    figure.subplots_adjust(left=0.065, right=0.985, bottom=0.25, top=0.88, wspace=0.17)
    figure.suptitle(title, fontfamily=_fonts([title]), parse_math=False)
    _draw_losses(losses, records)
    _draw_accuracies(accuracies, records)
    _save(figure, path, tight=False)


def plot_contexts(found: ContextMap, path: Path) -> None:
    """Draw where sentences lie by their context vectors.

    Args:
        found: The map.
        path: The picture to write, ``.png`` or ``.svg``.

    Raises:
        InputError: If the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    figure = _new_figure(9, 6.5)
    axes = figure.add_axes((0, 0, 1, 1))
    fonts = _fonts([one.text for one in found.places])
    for one in found.places:
        color, size = (_ORANGE, 60) if one.own else (_BLUE, 20)
        axes.scatter([one.x], [one.y], s=size, color=color, alpha=0.8, lw=0)
        label = axes.annotate(
            _label(one.text), (one.x, one.y), (4, 3), textcoords="offset points", fontsize=7
        )
        label.set(fontfamily=fonts, parse_math=False)
    for side, share in zip(("x", "y"), found.explained, strict=True):
        name = (
            f"{'first' if side == 'x' else 'second'} principal axis ({share:.0%} of the variance)"
        )
        axes.set(**{f"{side}label": name})
    _tidy(axes)
    _save(figure, path)


def plot_coverage(points: Sequence[tuple[float, float]], measure: str, path: Path) -> None:
    """Draw how good the outputs are that a model keeps when it abstains from the least sure ones.

    Args:
        points: The share kept, from 0 to 1, and how right that is, in percent.
        measure: By which metric.
        path: The picture to write, ``.png`` or ``.svg``.

    Raises:
        InputError: If the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    figure = _new_figure(6, 4)
    axes = figure.add_axes((0, 0, 1, 1))
    shares, qualities = zip(*sorted(points), strict=True)
    axes.plot([100 * share for share in shares], qualities, color=_BLUE)
    axes.set_xlim(0, 100)
    _tidy(axes, "outputs kept, the surest first (%)", f"{measure} of those kept")
    _save(figure, path)


def plot_trials(scores: Sequence[tuple[int, float]], path: Path) -> None:
    """Draw a study: each trial's score on dev, and the best so far.

    Args:
        scores: The trials' numbers and scores, at least one.
        path: The picture to write, ``.png`` or ``.svg``.

    Raises:
        InputError: If the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    figure = _new_figure(6, 4)
    axes = figure.add_axes((0, 0, 1, 1))
    numbers, values = zip(*sorted(scores), strict=True)
    axes.plot(numbers, values, "o", color=_BLUE, label="a trial")
    axes.step(numbers, list(accumulate(values, max)), where="post", color=_ORANGE, label="the best")
    axes.legend(frameon=False)
    _tidy(axes, "trial", "score on dev")
    _save(figure, path)


def plot_gradients(
    lengths: Sequence[int],
    shares: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: Path,
) -> None:
    """Draw how much of the gradient reaches the first word, by length, on a logarithmic scale.

    Args:
        lengths: Words of a sequence.
        shares: For each cell its shares before training and after.
        path: The picture to write, ``.png`` or ``.svg``.

    Raises:
        InputError: If the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    figure = _new_figure(7.0, 4.0)
    axes = figure.add_subplot()
    colours = dict(zip(shares, (_ORANGE, _GREY, _BLUE), strict=False))
    for cell, (before, after) in shares.items():
        colour = colours.get(cell, _GREY)
        axes.plot(lengths, before, ":", color=colour, label=f"{cell}, before training")
        axes.plot(lengths, after, "-o", color=colour, markersize=4, label=f"{cell}, after")
    axes.set_yscale("log")
    _finish(axes, "gradient at the first word / at the last")
    axes.set_xlabel("words of the sequence")
    _save(figure, path)


def plot_confusion(labels: Sequence[str], counts: Sequence[Sequence[int]], path: Path) -> None:
    """Draw which label was taken for which: right labels on y, given ones on x.

    Each row is shaded by shares, so that rare labels show as well as frequent ones; the numbers are counts. Of
    more than forty labels the first ones are drawn.

    Args:
        labels: The classes, in the order of the picture.
        counts: [right, given] texts.
        path: The picture to write, ``.png`` or ``.svg``.

    Raises:
        InputError: If the suffix is another one.
        MissingExtraError: If Matplotlib is not installed.
    """
    shown = min(len(labels), _MAX_CLASSES)
    names = [_label(label) for label in labels[:shown]]
    rows = [list(row[:shown]) for row in counts[:shown]]
    shares = [
        [count / max(1, sum(whole)) for count in row]
        for row, whole in zip(rows, counts, strict=False)
    ]
    figure = _new_figure(_CLASS_IN * shown, _CLASS_IN * shown)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(shown), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(shown), names)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set(fontfamily=_fonts(names), parse_math=False)
    for y, row in enumerate(rows):
        for x, count in enumerate(row):
            if count:
                color = "white" if shares[y][x] > 0.5 else "black"
                axes.text(x, y, f"{count:,}", ha="center", va="center", color=color, fontsize=7)
    axes.set_xlabel("given")
    axes.set_ylabel("right")
    if shown < len(labels):
        axes.set_title(f"the {shown} most frequent of {len(labels):,} labels")
    _save(figure, path)


def _draw_losses(axes: "Axes", records: Records) -> None:
    _curve(axes, _points(records, "train_loss"), "train", _GREY)
    _curve(axes, _points(records, "dev_loss"), "dev", _BLUE)
    _finish(axes, "loss")


def _draw_accuracies(axes: "Axes", records: Records) -> None:
    forced = _points(records, "dev_accuracy_teacher_forced")
    free = _points(records, "dev_accuracy_free_running")
    bleu = _points(records, "bleu")
    _curve(axes, forced, "teacher forced", _BLUE)
    _curve(axes, free, "free running", _ORANGE)
    if shared := sorted(forced.keys() & free.keys()):
        lower, upper = [free[step] for step in shared], [forced[step] for step in shared]
        gap = f"exposure gap ({100 * (upper[-1] - lower[-1]):.1f} points at the end)"
        axes.fill_between(shared, lower, upper, color=_ORANGE, alpha=0.2, lw=0, label=gap)
    if bleu:
        _curve(axes, {step: score / 100 for step, score in bleu.items()}, "BLEU / 100", _GREY)
    axes.set_ylim(0, 1)
    _finish(axes, "dev accuracy")


def _points(records: Records, key: str) -> dict[float, float]:
    """Pick one metric: step to value, where there is one."""
    return {
        record["step"]: record[key]
        for record in records
        if math.isfinite(record.get(key, math.nan))
    }


def _curve(axes: "Axes", points: Mapping[float, float], label: str, color: str) -> None:
    if points:
        marker = "o" if len(points) <= _MAX_MARKED else ""
        axes.plot(
            list(points), list(points.values()), color=color, label=label, marker=marker, ms=3
        )


def _finish(axes: "Axes", ylabel: str) -> None:
    _tidy(axes, "step", ylabel)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
    else:
        axes.text(0.5, 0.5, "not recorded", ha="center", color=_GREY, transform=axes.transAxes)


def _tidy(axes: "Axes", xlabel: str = "", ylabel: str = "") -> None:
    """Name the axes, and leave them little else than a faint grid."""
    if xlabel:
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _new_figure(width: float, height: float) -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "plotting needs matplotlib, which is not installed: pip install 'dragoman[train]'"
        ) from error
    return Figure(figsize=(width, height), dpi=_DPI)


def _label(token: str) -> str:
    shown = token if token.strip() else "␣" * max(1, len(token))
    return shown if len(shown) <= _MAX_LABEL else shown[: _MAX_LABEL - 1] + "…"


def _fonts(texts: Iterable[str]) -> list[str]:
    """Choose fonts for these texts: the usual one, and after it a CJK font if they need it."""
    from matplotlib import font_manager

    if max("".join(texts), default="") < _FIRST_CJK:
        return [_BASE_FONT]
    installed = {
        font.name for font in font_manager.fontManager.ttflist if Path(font.fname).exists()
    }
    return [_BASE_FONT, *[name for name in CJK_FONTS if name in installed][:1]]


def _save(figure: "Figure", path: Path, *, tight: bool = True) -> None:
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{path}: a plot is written as {' or '.join(_SUFFIXES)}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        figure.savefig(path, bbox_inches="tight" if tight else None, pad_inches=0.15)
