"""``dragoman backtranslate``: text of the target language becomes training pairs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import AsJson, Plugins, With, open_model, print_json
from dragoman.errors import DataError, InputError

ReverseModel = Annotated[
    Path,
    typer.Argument(
        metavar="REVERSE_MODEL", help="A model of the other direction, folder or bundle."
    ),
]
Text = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Lines in the language that is to be written."),
]
Out = Annotated[
    Path, typer.Option(metavar="FILE", help="The pairs to make (.jsonl), source and target.")
]
Beam = Annotated[int, typer.Option("--beam", metavar="N", help="Of the search.")]
Sample = Annotated[
    bool, typer.Option("--sample", help="Draw sources by their probability; no search.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="With --sample: fixes the draws.")]
Tag = Annotated[
    str,
    typer.Option(metavar="TEXT", help="What is put before each made source, such as <BT>."),
]
MaxRatio = Annotated[
    float,
    typer.Option(metavar="X", help="Leave out pairs whose sides differ so much in length."),
]
Outputs = Annotated[
    int, typer.Option(metavar="N", help="Make N sources of each line, the best of the beam.")
]
Forward = Annotated[
    bool,
    typer.Option(
        "--forward",
        help="The lines are sources, and MODEL says their targets: pairs of its own, to learn from beside real ones.",
    ),
]


def backtranslate(
    ctx: typer.Context,
    model: ReverseModel,
    text: Text,
    out: Out,
    beam: Beam = 5,
    sample: Sample = False,
    seed: Seed = 1,
    tag: Tag = "",
    max_ratio: MaxRatio = 3.0,
    outputs: Outputs = 1,
    forward: Forward = False,
    others: With = None,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Translate lines back into the source language, and write the pairs.

    What was said is kept in FILE.notes.jsonl, so that the same command goes on with a run that was stopped.
    """
    from dragoman.answers import write_pairs
    from dragoman.backtranslate import BacktranslateOptions, backtranslate_pairs
    from dragoman.cli.watching import watch
    from dragoman.data.files import UNDECODED, decode_lines, read_bytes

    options = BacktranslateOptions(beam, seed if sample else None, tag, max_ratio, outputs, forward)
    if out.exists():
        raise InputError(f"{out}: is there already; choose another --out, or delete it.")
    if out.suffix != ".jsonl":
        raise InputError(f"{out}: expected a name that ends in .jsonl, which holds any text.")
    # A line that is no text in its encoding is no target to learn.
    lines = decode_lines(str(text), read_bytes(text), "utf-8")
    lines = [line for line in lines if not UNDECODED.search(line)]
    notes = out.with_name(f"{out.name}.notes.jsonl")
    ready = open_model(model, plugin, others)
    try:
        pairs = backtranslate_pairs(
            ready, lines, notes, options, None if as_json else watch("translated back")
        )
    except KeyboardInterrupt:
        say("\nstopped; all that was done is kept. To go on:")
        say(f"  {shlex.join(['dragoman', *(ctx.obj or ())])}")
        raise typer.Exit(130) from None
    if not pairs:
        raise DataError(f"{text}: of its {len(lines):,} lines none became a pair.")
    write_pairs(out, pairs)
    if as_json:
        print_json({"pairs": len(pairs), "of": len(lines), "file": str(out)})
    else:
        say(f"{len(pairs):,} pairs of {len(lines):,} lines are in {out}.")
