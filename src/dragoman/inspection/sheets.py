"""Tables of figures, for a terminal and for a page: what `dragoman compare` shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from dragoman.inspection.markup import fill, inert, load, load_messages, say
from dragoman.inspection.page import policy

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Said:
    """One of the page's own messages, which has a form in each language.

    Attributes:
        key: In messages.json.
        values: What fills its braces.
    """

    key: str
    values: dict[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        return load_messages()["en"][self.key].format(**self.values)


Cell = Said | str


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        name: Of the section on the page.
        title: Above it.
        columns: The headings.
        rows: As many cells each as there are columns; a plain text may be anyone's.
        num_texts: How many columns, from the first, are text; numbers stand to the right.
        notes: Below it.
    """

    name: str
    title: Cell
    columns: tuple[Cell, ...]
    rows: Sequence[tuple[Cell, ...]]
    num_texts: int = 1
    notes: tuple[Cell, ...] = ()

    def table(self) -> RenderableType:
        """Lay it out for a terminal, in English."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(str(self.title)))
        for number, column in enumerate(self.columns):
            right = number >= self.num_texts
            justify = "right" if right else "left"
            table.add_column(Text(str(column)), justify=justify, overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        shown = [table] if self.rows else [Text(str(self.title))]
        return Group(*shown, *(Text(str(note)) for note in self.notes))

    def html(self) -> str:
        """Write it as a section of a page."""
        head = "".join(
            f'<th scope="col"{self._side(number)}>{_html(column)}</th>'
            for number, column in enumerate(self.columns)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{self._side(number)}>{_html(cell)}</td>" for number, cell in enumerate(row)
            )
            + "</tr>"
            for row in self.rows
        )
        notes = "".join(f'<p class="note">{_html(note)}</p>' for note in self.notes)
        title = f"{self.name}-title"
        table = (
            f'<div class="scroll" tabindex="0" role="group" aria-labelledby="{title}">'
            f'<table class="sheet"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
            if self.rows
            else ""
        )
        return f"""<section class="part" id="{self.name}" aria-labelledby="{title}">
<h2 id="{title}">{_html(self.title)}</h2>{table}{notes}</section>"""

    def _side(self, column: int) -> str:
        return ' class="number"' if column >= self.num_texts else ""


def render_sheets(title: str, about: str, sections: Sequence[str]) -> str:
    """Make a page that needs nothing but itself, in English and Korean.

    Args:
        title: The page's heading.
        about: A line below it.
        sections: HTML, as `Sheet.html` and `dragoman.inspection.report.render_scores` make it.
    """
    style, script = load("trace.css"), load("trace.js")
    parts = {
        "policy": policy(style, script),
        "style": style,
        "script": script,
        "title": escape(title),
        "model": escape(about),
        "steps": "",
        "panels": "".join(sections),
        "messages": inert(json.dumps(load_messages(), ensure_ascii=False)),
    }
    return fill(load("trace.html"), parts)


def _html(cell: Cell) -> str:
    return say(cell.key, **cell.values) if isinstance(cell, Said) else f"<bdi>{escape(cell)}</bdi>"
