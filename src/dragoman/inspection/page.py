"""A trace as one web page that needs nothing but itself: no server, no network.

Python writes every step into a table, so the page is whole without JavaScript; the page's script
copies one row at a time onto a stage. Text from the trace is escaped here, and the page's own
policy lets no other script or style run.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources

from dragoman.inspection.trace import Trace, TraceStep

Messages = dict[str, dict[str, str]]

_MAX_COLUMNS = 64  # a longer vector is folded into several lines
_LINE_PX = 7
_MIN_STRIP_PX = 18
_NUM_SHADES = 10  # each has a rule in trace.css
_NUM_TINTS = 8  # of each colour, in a strip


def render_html(trace: Trace, title: str) -> str:
    """Make the page of one trace, in English and Korean.

    Args:
        trace: What happened.
        title: The page's heading.

    Returns:
        A whole HTML document. The trace lies in it unchanged, as the JSON in ``#trace``.
    """
    kind = "attention" if trace.has_attention else "plain"
    peak = _peak([*trace.encoder_states, trace.context, *(step.state for step in trace.steps)])
    rows = [_cells(trace, index, peak) for index in range(len(trace.steps))]
    style, script = _load("trace.css"), _load("trace.js")
    parts = {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "title": escape(title),
        "model": escape(trace.model),
        "src_text": _text(trace.src_text),
        "src_tokens": "".join(f"<li>{_token(token)}</li>" for token in trace.src_tokens),
        "encoder_states": _encoder_states(trace, peak),
        "scale": _scale(peak),
        "context": _strip(trace.context, peak, "context"),
        "context_note": _say(f"context_note_{kind}"),
        "timeline": "".join(map(_timeline_item, range(len(trace.steps)), trace.steps)),
        "status": _status(trace),
        "attention_note": _say(f"attention_note_{kind}"),
        "rows": "".join(map(_row, range(len(rows)), rows)),
        "tgt_text": _text(trace.tgt_text),
        "log_prob": _signed(trace.log_prob),
        "trace": _inert(trace.to_json()),
        "messages": _inert(json.dumps(load_messages(), ensure_ascii=False)),
    }
    return _fill(_load("trace.html"), parts | rows[0])


@cache
def _load(name: str) -> str:
    return resources.files("dragoman.inspection").joinpath(name).read_text(encoding="utf-8")


@cache
def load_messages() -> Messages:
    """Read the page's own words: language to key to text."""
    return json.loads(_load("messages.json"))


def _fill(template: str, parts: dict[str, str]) -> str:
    """Fill every ``{{marker}}`` in one pass, so that nothing filled in is ever read as a marker."""

    def part(marker: re.Match[str]) -> str:
        kind, name = marker.groups()
        if kind == "say":
            return _say(name)
        if kind == "label":
            return _label(name)
        return parts[name]

    return re.sub(r"\{\{(?:(say|label):)?(\w+)\}\}", part, template)


def _policy(style: str, script: str) -> str:
    """Allow this style and this script, and nothing else (Content Security Policy, level 3)."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )


def _digest(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _inert(text: str) -> str:
    """Keep JSON from ending, or starting, an element of the page that it lies in."""
    return text.replace("<", "\\u003c")


def _data(values: dict[str, str]) -> str:
    return "".join(f' data-{name}="{escape(value)}"' for name, value in values.items())


def _say(key: str, **values: str) -> str:
    """Write one of the page's messages, in English; the script finds it again by its key."""
    text = load_messages()["en"][key].format(**values)
    return f'<span data-t="{key}"{_data(values)}>{escape(text)}</span>'


def _label(key: str, **values: str) -> str:
    text = load_messages()["en"][key].format(**values)
    return f'data-t-label="{key}"{_data(values)} aria-label="{escape(text)}"'


def _visible(token: str) -> str:
    return token if token.strip() else "␣" * max(1, len(token))


def _token(token: str) -> str:
    special = " special" if re.fullmatch(r"<\w+>", token) else ""
    return f'<bdi class="token{special}">{escape(_visible(token))}</bdi>'


def _text(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>" if text.strip() else _say("empty")


def _percent(probability: float) -> str:
    return "&lt;0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def _peak(vectors: Iterable[Sequence[float]]) -> float:
    return max(abs(value) for vector in vectors for value in vector) or 1.0


def _strip(values: Sequence[float], peak: float, name: str) -> str:
    """Draw a vector as a strip of cells, one a unit.

    Args:
        values: The vector.
        peak: The size that gets the full colour.
        name: Where the page's script finds the exact numbers, such as ``"encoder 0"``.
    """
    label = _label("strip", n=str(len(values)), low=_signed(min(values)), high=_signed(max(values)))
    return _heat(values, peak, f'data-vector="{name}" {label}')


def _scale(peak: float) -> str:
    low, high = _signed(-peak), _signed(peak)
    ramp = [tint / _NUM_TINTS for tint in range(-_NUM_TINTS, _NUM_TINTS + 1)]
    ramp_svg = _heat(ramp, 1.0, _label("scale", low=low, high=high))
    return f'<p class="scale"><span>{low}</span>{ramp_svg}<span>{high}</span></p>'


def _heat(values: Sequence[float], peak: float, attributes: str) -> str:
    """Draw the cells: one SVG path for each tint, so that a long vector stays a short page."""
    num_lines = -(-len(values) // _MAX_COLUMNS)
    num_columns = -(-len(values) // num_lines)
    paths: dict[int, list[str]] = {}
    for unit, value in enumerate(values):
        line, column = divmod(unit, num_columns)
        tint = round(_NUM_TINTS * value / peak)
        paths.setdefault(tint, []).append(f"M{column} {line}.5h1")
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


def _encoder_states(trace: Trace, peak: float) -> str:
    return "".join(
        f"<dt>{_token(token)}</dt><dd>{_strip(state, peak, f'encoder {index}')}</dd>"
        for index, (token, state) in enumerate(
            zip(trace.src_tokens, trace.encoder_states, strict=True)
        )
    )


def _cells(trace: Trace, index: int, peak: float) -> dict[str, str]:
    """Write what one step shows, by the name of the cell and of its place on the stage."""
    step = trace.steps[index]
    return {
        "input": _token(step.input),
        "state": _strip(step.state, peak, f"step {index}"),
        "attention": _attention(trace.src_tokens, step.attention),
        "softmax": _candidates(step),
        "choice": _choice(step),
    }


def _attention(src_tokens: Sequence[str], weights: Sequence[float] | None) -> str:
    if weights is None:
        return _say("attention_none")
    words = "".join(
        f'<li data-shade="{round(_NUM_SHADES * weight)}">{_token(token)}'
        f"<small>{_percent(weight)}</small></li>"
        for token, weight in zip(src_tokens, weights, strict=True)
    )
    return f'<ol class="words">{words}</ol>'


def _picked(step: TraceStep) -> int | None:
    tokens = [candidate.token for candidate in step.candidates]
    return tokens.index(step.choice) if step.choice in tokens else None


def _candidates(step: TraceStep) -> str:
    picked = _picked(step)
    items = [
        _candidate(_token(candidate.token), candidate.probability, picked=index == picked)
        for index, candidate in enumerate(step.candidates)
    ]
    items.append(_candidate(f'<span class="rest">{_say("rest")}</span>', step.rest))
    return f'<ul class="candidates">{"".join(items)}</ul>'


def _candidate(name: str, probability: float, *, picked: bool = False) -> str:
    mark = ' class="picked"' if picked else ""
    heard = f'<span class="heard">{_say("chosen")}</span>' if picked else ""
    return (
        f'<li{mark}>{name}<svg class="bar" aria-hidden="true" viewBox="0 0 1 1"'
        f' preserveAspectRatio="none"><rect width="{probability:.4f}" height="1"/></svg>'
        f'<span class="share">{_percent(probability)}{heard}</span></li>'
    )


def _choice(step: TraceStep) -> str:
    outside = "" if _picked(step) is not None else _say("choice_outside")
    return _token(step.choice) + (f'<span class="outside">{outside}</span>' if outside else "")


def _timeline_item(index: int, step: TraceStep) -> str:
    return (
        f'<li><button type="button" data-go="{index}"><sup>{index + 1}</sup>'
        f"{_token(step.choice)}</button></li>"
    )


def _status(trace: Trace) -> str:
    first = trace.steps[0]
    return _say(
        "status",
        n="1",
        total=str(len(trace.steps)),
        input=_visible(first.input),
        choice=_visible(first.choice),
    )


def _row(index: int, cells: dict[str, str]) -> str:
    columns = "".join(f'<td class="cell-{name}">{cell}</td>' for name, cell in cells.items())
    return f'<tr><th scope="row">{index + 1}</th>{columns}</tr>'
