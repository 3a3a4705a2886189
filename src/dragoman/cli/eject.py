"""``dragoman eject``: a bundle -> one C file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def eject(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A bundle, as `dragoman export` makes it.")
    ],
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FILE", help="The C file to write; its header is beside it."),
    ],
) -> None:
    """Write a bundle as one C99 file that needs nothing but libc and libm, with a header of three functions.

    Compiled with -DDRAGOMAN_MAIN it is a program that translates standard input line by line.
    """
    from dragoman.eject import write_program
    from dragoman.zoo import shipped

    found = None if bundle.exists() else shipped(str(bundle))
    made = write_program(found or bundle, to)
    typer.echo(f"{made.source}: {made.num_bytes / 1e6:.1f} MB of C; {made.header}: how to call it")
