"""Further parts of a page: training beside use, a beam search as a tree, and the map of context vectors."""

from html import escape

from dragoman.inspection.markup import label, percent, say, sentence, signed, token, visible
from dragoman.inspection.trace import BeamNode, BeamTree, Comparison, ContextMap, TraceStep

_COLUMN, _ROW, _BOX_W, _BOX_H = 126, 44, 100, 32
_LOSS_FULL = 8.0  # nats: a bar of full length
_MAX_WORD = 12
_MAP_W, _MAP_H, _MAP_PAD = 960, 600, 60
_MAX_SENTENCE = 34


def render_comparison(found: Comparison) -> str:
    """Show the same decoder fed the right words and fed its own, step beside step."""
    total = str(len(found.right))
    parted = say("compare_same")
    if found.parts_at is not None:
        parted = say("compare_parts", n=str(found.parts_at + 1))
    steps = max(len(found.forced.steps), len(found.free.steps))
    rows = "".join(_pair(found, index) for index in range(steps))
    losses = [_loss_sum(one.steps) for one in (found.forced, found.free)]
    return f"""<section class="part" id="compare" aria-labelledby="compare-title">
<h2 id="compare-title">{say("compare_title")}</h2>
<p class="note">{say("compare_note")}</p>
<p class="status">{say("compare_forced", n=str(found.forced_hits), total=total)}
{say("compare_free", n=str(found.free_hits), total=total)} {parted}</p>
<dl class="outputs"><dt>{say("compare_right")}</dt><dd>{sentence(found.reference)}</dd>
<dt>{say("compare_said")}</dt><dd>{sentence(found.free.tgt_text)}</dd></dl>
<div class="scroll" tabindex="0" role="group" aria-labelledby="compare-title"><table class="compare">
<thead><tr><td></td><td></td><th scope="colgroup" colspan="4">{say("compare_training")}</th>
<th scope="colgroup" colspan="4">{say("compare_use")}</th></tr>
<tr><th scope="col">{say("step")}</th><th scope="col">{say("compare_wanted")}</th>
{_heads()}{_heads()}</tr></thead><tbody>{rows}</tbody>
<tfoot><tr><th scope="row" colspan="5">{say("compare_sum")}</th><td>{losses[0]}</td>
<td colspan="3"></td><td>{losses[1]}</td></tr></tfoot></table></div></section>"""


def _heads() -> str:
    names = ("compare_reads", "compare_says", "compare_share", "compare_loss")
    return "".join(f'<th scope="col">{say(name)}</th>' for name in names)


def _loss_sum(steps: tuple[TraceStep, ...]) -> str:
    return f"{-sum(step.log_prob for step in steps):.2f}"


def _pair(found: Comparison, index: int) -> str:
    wanted = found.right[index] if index < len(found.right) else None
    mark = ' class="parted"' if index == found.parts_at else ""
    cells = ""
    if index < len(found.forced.steps):
        step = found.forced.steps[index]
        cells += _side(
            step, step.candidates[0].token, right=step.candidates[0].id == step.choice_id
        )
    else:
        cells += '<td colspan="4"></td>'
    if index < len(found.free.steps):
        step = found.free.steps[index]
        ids = found.forced.ids
        cells += _side(step, step.choice, right=index < len(ids) and ids[index] == step.choice_id)
    else:
        cells += '<td colspan="4"></td>'
    right = "" if wanted is None else token(wanted)
    return f'<tr{mark}><th scope="row">{index + 1}</th><td>{right}</td>{cells}</tr>'


def _side(step: TraceStep, said: str, *, right: bool) -> str:
    kind, sign = ("hit", "✓") if right else ("miss", "✗")
    heard = say("compare_hit" if right else "compare_miss")
    loss = -step.log_prob
    return (
        f"<td>{token(step.input)}</td>"
        f'<td class="{kind}">{token(said)} <span aria-hidden="true">{sign}</span>'
        f'<span class="heard">{heard}</span></td>'
        f"<td>{percent(min(1.0, step.probability))}</td>"
        '<td class="loss"><svg class="bar" aria-hidden="true" viewBox="0 0 1 1"'
        f' preserveAspectRatio="none"><rect width="{min(1.0, loss / _LOSS_FULL):.4f}" height="1"/>'
        f"</svg>{loss:.2f}</td>"
    )


def render_beam(tree: BeamTree) -> str:
    """Draw a beam search: a column a step, its continuations best first, the way to the output marked."""
    rows = "".join(
        f"<tr><td>{sentence(one.text)}</td><td>{signed(one.score)}</td><td>{signed(one.log_prob)}</td></tr>"
        for one in tree.outputs
    )
    penalty = f"{tree.length_penalty:g}"
    legend = "".join(
        f'<li class="{fate}"><svg viewBox="0 0 24 16" width="24" height="16" aria-hidden="true">'
        f'<rect class="node {fate}" x="1.5" y="1.5" width="21" height="13" rx="4"/></svg>'
        f"{say(f'beam_{fate}', size=str(tree.beam_size))}</li>"
        for fate in ("kept", "best", "ended", "pruned", "late")
    )
    return f"""<section class="part" id="beam" aria-labelledby="beam-title">
<h2 id="beam-title">{say("beam_title")}</h2>
<p class="note">{say("beam_note", size=str(tree.beam_size), penalty=penalty)}</p>
<ul class="legend">{legend}</ul>
<div class="scroll" tabindex="0" role="group" aria-labelledby="beam-title">{_tree(tree)}</div>
<h3>{say("beam_outputs")}</h3>
<div class="scroll" tabindex="0" role="group" aria-labelledby="beam-title"><table><thead><tr>
<th scope="col">{say("beam_text")}</th><th scope="col">{say("beam_score")}</th>
<th scope="col">{say("log_prob")}</th></tr></thead><tbody>{rows}</tbody></table></div></section>"""


def _tree(tree: BeamTree) -> str:
    steps = 1 + max((node.step for node in tree.nodes), default=0)
    ranks = 1 + max((node.rank for node in tree.nodes), default=0)
    width, height = _COLUMN * (steps + 1), _ROW * ranks + 8
    edges = "".join(_edge(tree, node) for node in tree.nodes)
    nodes = "".join(_node(node) for node in tree.nodes)
    middle = _ROW // 2 + 4
    root = (
        f'<g class="root"><rect class="node kept" x="8" y="{middle - _BOX_H // 2}" width="{_BOX_W}"'
        f' height="{_BOX_H}" rx="8"/><text x="{8 + _BOX_W // 2}" y="{middle + 5}">&lt;sos&gt;</text></g>'
    )
    said = label("beam_drawn", n=str(len(tree.nodes)), text=_best_text(tree))
    return (
        f'<svg class="tree" role="img" {said} viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}">{edges}{root}{nodes}</svg>'
    )


def _best_text(tree: BeamTree) -> str:
    return tree.outputs[0].text if tree.outputs else ""


def _at(step: int, rank: int) -> tuple[int, int]:
    """Give the left end and the middle of a node's box; the root stands at step -1."""
    return 8 + _COLUMN * (step + 1), _ROW * rank + _ROW // 2 + 4


def _edge(tree: BeamTree, node: BeamNode) -> str:
    parent = None if node.parent is None else tree.nodes[node.parent]
    x, y = _at(-1, 0) if parent is None else _at(parent.step, parent.rank)
    to_x, to_y = _at(node.step, node.rank)
    x += _BOX_W
    bend = (to_x - x) // 2
    kind = "best" if node.best else node.fate
    return f'<path class="edge {kind}" d="M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"/>'


def _node(node: BeamNode) -> str:
    x, y = _at(node.step, node.rank)
    kind = f"{node.fate} best" if node.best else node.fate
    word = visible(node.token)
    short = word if len(word) <= _MAX_WORD else word[: _MAX_WORD - 1] + "…"
    share = min(1.0, 2.718281828459045**node.log_prob)
    tip = f"{word}  p={share:.4f}  log p={node.total:.3f}"
    return (
        f'<g data-tip="{escape(tip)}"><rect class="node {kind}" x="{x}" y="{y - _BOX_H // 2}"'
        f' width="{_BOX_W}" height="{_BOX_H}" rx="8"/>'
        f'<text class="{kind}" x="{x + _BOX_W // 2}" y="{y - 1}">{escape(short)}</text>'
        f'<text class="small" x="{x + _BOX_W // 2}" y="{y + 12}">{percent(share)}</text></g>'
    )


def render_map(found: ContextMap) -> str:
    """Draw where sentences lie, the person's own among them."""
    xs, ys = [one.x for one in found.places], [one.y for one in found.places]
    spans = ((min(xs), (max(xs) - min(xs)) or 1.0), (min(ys), (max(ys) - min(ys)) or 1.0))
    points, taken = "", list[tuple[float, float]]()
    for one in sorted(found.places, key=lambda place: not place.own):
        x = _MAP_PAD + (_MAP_W - 2 * _MAP_PAD) * (one.x - spans[0][0]) / spans[0][1]
        y = _MAP_H - _MAP_PAD - (_MAP_H - 2 * _MAP_PAD) * (one.y - spans[1][0]) / spans[1][1]
        # A name is written only where no other stands; the pointer shows it everywhere.
        free = all(abs(x - a) > 190 or abs(y - b) > 15 for a, b in taken)
        if free or one.own:
            taken.append((x, y))
        points = _point(one.text, (x, y), own=one.own, named=free or one.own) + points
    share = f"{sum(found.explained):.0%}"
    items = "".join(
        f"<tr><td>{sentence(one.text)}</td><td>{signed(one.x)}</td><td>{signed(one.y)}</td></tr>"
        for one in found.places
    )
    return f"""<section class="part" id="map" aria-labelledby="map-title">
<h2 id="map-title">{say("contexts_title")}</h2>
<p class="note">{say("contexts_note", share=share)}</p>
<div class="scroll" tabindex="0" role="group" aria-labelledby="map-title">
<svg class="contexts" role="img" {label("contexts_drawn", n=str(len(found.places)))}
 viewBox="0 0 {_MAP_W} {_MAP_H}">{points}</svg></div>
<details><summary>{say("contexts_table")}</summary><div class="scroll" tabindex="0" role="group"
 aria-labelledby="map-title"><table><thead><tr><th scope="col">{say("contexts_sentence")}</th>
<th scope="col">{say("contexts_axis", n="1")}</th><th scope="col">{say("contexts_axis", n="2")}</th></tr></thead>
<tbody>{items}</tbody></table></div></details></section>"""


def _point(text: str, at: tuple[float, float], *, own: bool, named: bool) -> str:
    x, y = at
    short = text if len(text) <= _MAX_SENTENCE else text[: _MAX_SENTENCE - 1] + "…"
    kind = ' class="own"' if own else ""
    left = x > _MAP_W * 0.72
    anchor, shift = ("end", -9) if left else ("start", 9)
    name = ""
    if named:
        name = f'<text x="{x + shift:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(short)}</text>'
    radius = 7 if own else 4.5
    return f'<g{kind} data-tip="{escape(text)}"><circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>{name}</g>'
