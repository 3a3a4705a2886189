"""``dragoman demo``: two models learn English to French before your eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where everything is written.")
    ] = Path("demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds only, to see that everything works.")
    ] = False,
) -> None:
    """Train two small models on the corpus that ships, and show what they do (5 minutes)."""
    from dragoman.demo import run_demo

    run_demo(out, quick=quick)
