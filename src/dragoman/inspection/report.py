"""The lab's report: accuracy by source length, model beside model, and the gap between training and use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape

from dragoman.inspection.markup import fill, inert, label, load, load_messages, say
from dragoman.inspection.page import policy

_W, _H, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 320, 48, 16, 16, 44
_NUM_COLOURS = 4  # each has a rule in trace.css
_FULL = 100.0
_HIDDEN = ("ter",)  # an error rate among accuracies would only confuse


@dataclass(frozen=True)
class Line:
    """One score of one model, by source length.

    Attributes:
        model: The model's name.
        about: The model in a line.
        kind: A row of METRICS; ``forced`` or ``free``, the share of right tokens fed the right words or its own.
        values: From 0 to 100, one a length.
        signature: How it was computed.
    """

    model: str
    about: str
    kind: str
    values: tuple[float, ...]
    signature: str = ""


@dataclass(frozen=True)
class Study:
    """What was measured.

    Attributes:
        data: The test set's name.
        lengths: Names of the lengths.
        counts: Sentences of each length.
        lines: The scores.
    """

    data: str
    lengths: tuple[str, ...]
    counts: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def models(self) -> dict[str, str]:
        """The models, and each in a line."""
        return {line.model: line.about for line in self.lines}


def render_report(study: Study) -> str:
    """Make the page, in English and Korean; it needs nothing but itself."""
    style, script = load("trace.css"), load("trace.js")
    kinds = [
        kind for kind in dict.fromkeys(line.kind for line in study.lines) if kind not in _HIDDEN
    ]
    scores = [kind for kind in kinds if kind not in ("forced", "free")]
    sections = [render_scores(study, kind) for kind in scores]
    sections += [_gap(study, model, about) for model, about in study.models.items()]
    parts = {
        "policy": policy(style, script),
        "style": style,
        "script": script,
        "title": "Dragoman · lab context",
        "model": escape(study.data),
        "steps": f'<p class="note">{say("study_note", n=str(sum(study.counts)))}</p>'
        + _models(study),
        "panels": "".join(sections),
        "messages": inert(json.dumps(load_messages(), ensure_ascii=False)),
    }
    return fill(load("trace.html"), parts)


def _models(study: Study) -> str:
    items = "".join(
        f"<dt><bdi>{escape(name)}</bdi></dt><dd><bdi>{escape(about)}</bdi></dd>"
        for name, about in study.models.items()
    )
    return f'<dl class="outputs">{items}</dl>'


def render_scores(study: Study, kind: str) -> str:
    """Draw one metric of all models by source length, with its table, as a section of a page."""
    lines = [line for line in study.lines if line.kind == kind]
    rows = {line.model: line.values for line in lines}
    name = "study_exact" if kind == "exact_match" else "study_score"
    title = say(name, name=kind)
    return _section(study, f"by-length-{kind}", title, rows, lines[0].signature)


def _gap(study: Study, model: str, about: str) -> str:
    del about
    own = {line.kind: line.values for line in study.lines if line.model == model}
    return _section(
        study,
        f"gap-{list(study.models).index(model)}",
        say("study_gap", model=model),
        {"forced": own["forced"], "free": own["free"]},
    )


def _section(
    study: Study, name: str, title: str, rows: dict[str, tuple[float, ...]], signature: str = ""
) -> str:
    shown = {
        key: say(f"study_{key}") if key in ("forced", "free") else f"<bdi>{escape(key)}</bdi>"
        for key in rows
    }
    legend = "".join(
        f'<li><svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">'
        f'<path class="curve c{number % _NUM_COLOURS}" d="M1 4h22"/></svg>{text}</li>'
        for number, text in enumerate(shown.values())
    )
    head = "".join(
        f'<th scope="col">{escape(length)}<small> n={count}</small></th>'
        for length, count in zip(study.lengths, study.counts, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{shown[key]}</th>'
        + "".join(f"<td>{value:.1f}</td>" for value in values)
        + "</tr>"
        for key, values in rows.items()
    )
    note = f'<p class="note"><code>{escape(signature)}</code></p>' if signature else ""
    return f"""<section class="part" id="{name}" aria-labelledby="{name}-title">
<h2 id="{name}-title">{title}</h2><ul class="legend">{legend}</ul>
<div class="scroll" tabindex="0" role="group" aria-labelledby="{name}-title">{_chart(study, rows)}
<table><thead><tr><th scope="col">{say("study_length")}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>
{note}</section>"""


def _chart(study: Study, rows: dict[str, tuple[float, ...]]) -> str:
    step = (_W - _LEFT - _RIGHT) / max(1, len(study.lengths) - 1)
    xs = [_LEFT + step * number for number in range(len(study.lengths))]
    if len(xs) == 1:
        xs = [_W / 2]

    def height(value: float) -> float:
        return _TOP + (_H - _TOP - _BOTTOM) * (1 - min(max(value, 0.0), _FULL) / _FULL)

    grid = "".join(
        f'<path class="grid" d="M{_LEFT} {height(mark):.1f}H{_W - _RIGHT}"/>'
        f'<text x="{_LEFT - 8}" y="{height(mark) + 4:.1f}" text-anchor="end">{mark}</text>'
        for mark in (0, 25, 50, 75, 100)
    )
    ends = ("start", *("middle",) * (len(xs) - 2), "end") if len(xs) > 1 else ("middle",)
    names = "".join(
        f'<text x="{x:.1f}" y="{_H - _BOTTOM + 20}" text-anchor="{end}">{escape(length)}</text>'
        for x, end, length in zip(xs, ends, study.lengths, strict=True)
    )
    curves = ""
    for number, (key, values) in enumerate(rows.items()):
        colour = f"c{number % _NUM_COLOURS}"
        points = [(x, height(value)) for x, value in zip(xs, values, strict=True)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        curves += f'<path class="curve {colour}" d="M{path}"/>'
        curves += "".join(
            f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"'
            f' data-tip="{escape(key)} · {escape(length)}: {value:.1f}"/>'
            for (x, y), length, value in zip(points, study.lengths, values, strict=True)
        )
    return (
        f'<svg class="chart" role="img" {label("study_drawn")} viewBox="0 0 {_W} {_H}">'
        f"{grid}{names}{curves}</svg>"
    )
