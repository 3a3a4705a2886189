"""Small pieces of HTML that every part of the page is made of: words, tokens, vectors.

Whatever comes from a model or a person is escaped here. Every word of the page's own is written in English, with the
key of its message beside it, by which the page's script finds it in the reader's language.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib import resources
from itertools import groupby

Messages = dict[str, dict[str, str]]

_MAX_COLUMNS = 64  # a longer vector is folded into several lines
_LINE_PX = 7
_MIN_STRIP_PX = 18
_NUM_TINTS = 8  # of each colour, in a strip
_LEAST_SHOWN = 0.0005


@cache
def load(name: str) -> str:
    """Read one of the page's files."""
    return resources.files("dragoman.inspection").joinpath(name).read_text(encoding="utf-8")


@cache
def load_messages() -> Messages:
    """Read the page's own words: language to key to text."""
    return json.loads(load("messages.json"))


def fill(template: str, parts: dict[str, str]) -> str:
    """Fill every ``{{marker}}`` in one pass, so that nothing filled in is ever read as a marker."""

    def part(marker: re.Match[str]) -> str:
        kind, name = marker.groups()
        if kind == "say":
            return say(name)
        if kind == "label":
            return label(name)
        return parts[name]

    return re.sub(r"\{\{(?:(say|label):)?(\w+)\}\}", part, template)


def inert(text: str) -> str:
    """Keep JSON from ending, or starting, an element of the page that it lies in."""
    return text.replace("<", "\\u003c")


def _data(values: dict[str, str]) -> str:
    return "".join(f' data-{name}="{escape(value)}"' for name, value in values.items())


def say(key: str, **values: str) -> str:
    """Write one of the page's messages, in English; the script finds it again by its key."""
    text = load_messages()["en"][key].format(**values)
    return f'<span data-t="{key}"{_data(values)}>{escape(text)}</span>'


def label(key: str, **values: str) -> str:
    """Write a message as the label of an element."""
    text = load_messages()["en"][key].format(**values)
    return f'data-t-label="{key}"{_data(values)} aria-label="{escape(text)}"'


def visible(text: str) -> str:
    """Show a token of spaces as such."""
    return text if text.strip() else "␣" * max(1, len(text))


def token(text: str) -> str:
    """Write a token."""
    special = " special" if re.fullmatch(r"<\w+>", text) else ""
    return f'<bdi class="token{special}">{escape(visible(text))}</bdi>'


def sentence(text: str) -> str:
    """Write a text, which may be empty."""
    return f"<bdi>{escape(text)}</bdi>" if text.strip() else say("empty")


def percent(probability: float) -> str:
    """Write a probability."""
    return "&lt;0.1%" if 0 < probability < _LEAST_SHOWN else f"{probability:.1%}"


def signed(value: float) -> str:
    """Write a number with its sign."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def peak_of(vectors: Iterable[Sequence[float]]) -> float:
    """Find the size that gets the full colour."""
    return max(abs(value) for vector in vectors for value in vector) or 1.0


def strip(values: Sequence[float], peak: float, name: str) -> str:
    """Draw a vector as a strip of cells, one a unit.

    Args:
        values: The vector.
        peak: The size that gets the full colour.
        name: Where the page's script finds the exact numbers, such as ``"encoder 0"``.
    """
    said = label("strip", n=str(len(values)), low=signed(min(values)), high=signed(max(values)))
    return _heat(values, peak, f'data-vector="{name}" {said}')


def scale(peak: float) -> str:
    """Draw the legend of the strips."""
    low, high = signed(-peak), signed(peak)
    ramp = [tint / _NUM_TINTS for tint in range(-_NUM_TINTS, _NUM_TINTS + 1)]
    ramp_svg = _heat(ramp, 1.0, label("scale", low=low, high=high))
    return f'<p class="scale"><span>{low}</span>{ramp_svg}<span>{high}</span></p>'


def _heat(values: Sequence[float], peak: float, attributes: str) -> str:
    """Draw the cells: one SVG path for each tint, so that a long vector stays a short page."""
    num_lines = -(-len(values) // _MAX_COLUMNS)
    num_columns = -(-len(values) // num_lines)
    paths: dict[int, list[str]] = {}
    tints = [round(_NUM_TINTS * value / peak) for value in values]
    for line in range(num_lines):
        column = 0
        for tint, run in groupby(tints[line * num_columns : (line + 1) * num_columns]):
            width = len([*run])
            paths.setdefault(tint, []).append(f"M{column} {line}.5h{width}")
            column += width
    drawn = "".join(
        f'<path class="{"positive" if tint > 0 else "negative"}"'
        f' stroke-opacity="{abs(tint) / _NUM_TINTS:g}" d="{"".join(path)}"/>'
        for tint, path in sorted(paths.items())
        if tint
    )
    height = max(_MIN_STRIP_PX, _LINE_PX * num_lines)
    return (
        f'<svg class="strip" role="img" {attributes} viewBox="0 0 {num_columns} {num_lines}"'
        f' height="{height}" preserveAspectRatio="none">{drawn}</svg>'
    )
