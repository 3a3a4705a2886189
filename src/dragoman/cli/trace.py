"""``dragoman trace``: one sentence on its whole way through a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.options import AnyModel, Plugins, open_model

if TYPE_CHECKING:
    from dragoman.inspection.trace import Trace
    from dragoman.model import Model

_BAR = 20


def trace(
    model: AnyModel,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The sentence.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page that needs nothing else.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write everything, as JSON.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the attention; .svg works too.")
    ] = None,
    answer: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The right answer: the page compares training and use."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of --json, and stop.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Translate a sentence greedily, and show what the decoder saw at each step."""
    from dragoman.cli.options import print_json
    from dragoman.inspection.trace import Trace

    if schema:
        print_json(Trace.json_schema())
        return
    opened = open_model(model, plugin)
    found = opened.trace(text)
    if json is not None:
        json.write_text(found.to_json() + "\n", encoding="utf-8")
    if png is not None:
        from dragoman.inspection.plots import plot_attention

        plot_attention(found, png)
    if html is not None:
        html.write_text(_page(opened, found, answer), encoding="utf-8")
    _print(found)


def _page(model: Model, found: Trace, answer: str | None) -> str:
    from dragoman.inspection.beams import beam_tree
    from dragoman.inspection.page import render_html
    from dragoman.inspection.panels import render_beam, render_comparison
    from dragoman.inspection.tracer import compare

    subject, text = model.subject, found.src_text
    panels = [] if answer is None else [render_comparison(compare(subject, text, answer))]
    panels.append(render_beam(beam_tree(subject, text)))
    return render_html(found, text, panels)


def _print(found: Trace) -> None:
    """Show the steps in a terminal: what was read, the choice and how sure, where it looked most."""
    typer.echo(f"{found.src_text} -> {found.tgt_text}    ({found.model})")
    width = max(len(step.input) for step in found.steps)
    for number, step in enumerate(found.steps, 1):
        bar = "#" * round(_BAR * step.probability)
        line = f"{number:3}  {step.input:<{width}}  -> {step.choice:<{width}} {step.probability:6.1%} {bar:<{_BAR}}"
        others = [one for one in step.candidates if one.id != step.choice_id][:2]
        line += "  or " + ", ".join(f"{one.token} {one.probability:.1%}" for one in others)
        if step.attention is not None:
            most = max(range(len(step.attention)), key=step.attention.__getitem__)
            line += f"  looks at {found.src_tokens[most]}"
        typer.echo(line.rstrip())
    typer.echo(f"log probability {found.log_prob:.3f}")
