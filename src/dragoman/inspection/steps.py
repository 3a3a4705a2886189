"""A trace as a part of a page: the way through the model, and the decoder's steps one by one.

Every step is written into a table, so that the part is whole without JavaScript; the page's script copies one row at
a time onto a stage. On a server's page (the lab) words can be chosen and hidden: there they are buttons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dragoman.inspection.markup import (
    fill,
    inert,
    load,
    peak_of,
    percent,
    say,
    scale,
    sentence,
    signed,
    strip,
    token,
    visible,
)
from dragoman.inspection.trace import Candidate, Trace, TraceStep

_NUM_SHADES = 10  # each has a rule in trace.css


def render_steps(trace: Trace, *, lab: bool = False) -> str:
    """Show a trace.

    Args:
        trace: What happened.
        lab: Whether a server stands behind the page, which can do it again otherwise.

    Returns:
        The inside of a ``<main>``. The trace lies in it unchanged, as the JSON in ``#trace``.
    """
    return _Steps(trace, lab).render()


@dataclass(frozen=True)
class _Steps:
    trace: Trace
    lab: bool

    def render(self) -> str:
        trace = self.trace
        kind = "attention" if trace.has_attention else "plain"
        peak = peak_of([*trace.encoder_states, trace.context, *(one.state for one in trace.steps)])
        rows = [self._cells(index, peak) for index in range(len(trace.steps))]
        parts = {
            "src_text": sentence(trace.src_text),
            "src_tokens": self._src_tokens(),
            "hide_note": say("hide_note") if self.lab and trace.has_attention else "",
            "encoder_states": self._encoder_states(peak),
            "scale": scale(peak),
            "context": strip(trace.context, peak, "context"),
            "context_note": say(f"context_note_{kind}"),
            "blend": fill(load("blend.html"), self._blend()) if self.lab else "",
            "changed": self._changed(),
            "timeline": "".join(map(_timeline_item, range(len(trace.steps)), trace.steps)),
            "status": self._status(),
            "attention_note": say(f"attention_note_{kind}"),
            "choose_note": say("choose_note") if self.lab else "",
            "rows": "".join(map(_row, range(len(rows)), rows)),
            "tgt_text": sentence(trace.tgt_text),
            "log_prob": signed(trace.log_prob),
            "trace": inert(trace.to_json()),
        }
        return fill(load("steps.html"), parts | rows[0])

    def _src_tokens(self) -> str:
        tokens = self.trace.src_tokens
        if not (self.lab and self.trace.has_attention):
            return "".join(f"<li>{token(one)}</li>" for one in tokens)
        hidden = self.trace.changes.hidden
        return "".join(
            f'<li><button type="button" class="hide" data-hide="{index}"'
            f' aria-pressed="{str(index in hidden).lower()}">{token(one)}</button></li>'
            for index, one in enumerate(tokens)
        )

    def _blend(self) -> dict[str, str]:
        blend = self.trace.changes.blend
        share = 0.5 if blend is None else blend.share
        return {
            "other": "" if blend is None else escape(blend.text),
            "share": f"{100 * share:.0f}",
        }

    def _changed(self) -> str:
        """Say what was changed, and offer to take it back."""
        trace, changes = self.trace, self.trace.changes
        said: list[str] = []
        if changes.said:
            words = " ".join(visible(step.choice) for step in trace.steps[: len(changes.said)])
            said.append(say("changed_said", words=words))
        if changes.hidden:
            words = ", ".join(visible(trace.src_tokens[index]) for index in changes.hidden)
            said.append(say("changed_hidden", words=words))
        if changes.blend is not None:
            share = f"{100 * changes.blend.share:.0f}"
            said.append(say("changed_blend", text=changes.blend.text, share=share))
        if not said:
            return ""
        undo = f'<button type="button" class="undo">{say("undo")}</button>' if self.lab else ""
        items = "".join(f"<li>{one}</li>" for one in said)
        return f'<div class="changed"><ul>{items}</ul>{undo}</div>'

    def _encoder_states(self, peak: float) -> str:
        gates = self.trace.encoder_gates
        return "".join(
            f"<dt>{token(one)}</dt><dd>{strip(state, peak, f'encoder {index}')}"
            f"{_gates(gates[index] if gates else None, f'encoder-gate {index}')}</dd>"
            for index, (one, state) in enumerate(
                zip(self.trace.src_tokens, self.trace.encoder_states, strict=True)
            )
        )

    def _cells(self, index: int, peak: float) -> dict[str, str]:
        """Write what one step shows, by the name of the cell and of its place on the stage."""
        step = self.trace.steps[index]
        return {
            "input": token(step.input),
            "state": strip(step.state, peak, f"step {index}")
            + _gates(step.gates, f"step-gate {index}"),
            "attention": _attention(self.trace.src_tokens, step.attention),
            "softmax": self._candidates(index),
            "choice": _choice(step),
        }

    def _candidates(self, index: int) -> str:
        step = self.trace.steps[index]
        items = [self._candidate(index, one) for one in step.candidates]
        rest = f'<span class="rest">{say("rest")}</span>'
        items.append(f"<li>{rest}{_share(step.rest)}</li>")
        return f'<ul class="candidates">{"".join(items)}</ul>'

    def _candidate(self, index: int, candidate: Candidate) -> str:
        picked = candidate.id == self.trace.steps[index].choice_id
        mark = ' class="picked"' if picked else ""
        name = token(candidate.token)
        if self.lab:
            name = (
                f'<button type="button" class="choose" data-step="{index}"'
                f' data-id="{candidate.id}">{name}</button>'
            )
        return f"<li{mark}>{name}{_share(candidate.probability, picked=picked)}</li>"

    def _status(self) -> str:
        first = self.trace.steps[0]
        return say(
            "status",
            n="1",
            total=str(len(self.trace.steps)),
            input=visible(first.input),
            choice=visible(first.choice),
        )


def _gates(gates: dict[str, tuple[float, ...]] | None, where: str) -> str:
    """Leave a place where the script draws the gates once somebody wants to see them: they are many."""
    if not gates:
        return ""
    rows = "".join(
        f'<dt>{say(f"gate_{name}")}</dt><dd data-draw="{where} {name}"></dd>' for name in gates
    )
    return (
        f'<details class="gates" hidden><summary>{say("gates")}</summary><dl>{rows}</dl></details>'
    )


def _attention(src_tokens: Sequence[str], weights: Sequence[float] | None) -> str:
    if weights is None:
        return say("attention_none")
    words = "".join(
        f'<li data-shade="{round(_NUM_SHADES * weight)}">{token(one)}'
        f"<small>{percent(weight)}</small></li>"
        for one, weight in zip(src_tokens, weights, strict=True)
    )
    return f'<ol class="words">{words}</ol>'


def _share(probability: float, *, picked: bool = False) -> str:
    heard = f'<span class="heard">{say("chosen")}</span>' if picked else ""
    return (
        '<svg class="bar" aria-hidden="true" viewBox="0 0 1 1"'
        f' preserveAspectRatio="none"><rect width="{probability:.4f}" height="1"/></svg>'
        f'<span class="share">{percent(probability)}{heard}</span>'
    )


def _choice(step: TraceStep) -> str:
    outside = ""
    if step.choice_id not in {one.id for one in step.candidates}:
        outside = f'<span class="outside">{say("choice_outside")}</span>'
    return token(step.choice) + outside


def _timeline_item(index: int, step: TraceStep) -> str:
    return (
        f'<li><button type="button" data-go="{index}"><sup>{index + 1}</sup>'
        f"{token(step.choice)}</button></li>"
    )


def _row(index: int, cells: dict[str, str]) -> str:
    columns = "".join(f'<td class="cell-{name}">{cell}</td>' for name, cell in cells.items())
    return f'<tr><th scope="row">{index + 1}</th>{columns}</tr>'
