"""``dragoman demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="A folder for what the demo makes.")] = Path("demo"),
    quick: Annotated[
        bool, typer.Option(help="Train for seconds only, to see that it works.")
    ] = False,
) -> None:
    """Learn English -> French in a few minutes, and show what is inside."""
    from dragoman.demo import run_demo

    run_demo(out, quick=quick)
