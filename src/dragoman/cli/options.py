"""Options that several commands have, and what they turn into."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from dragoman.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dragoman.constraints import Constraints
    from dragoman.evaluation.metrics import BleuTokenizer
    from dragoman.evaluation.risk import LeastRisk
    from dragoman.model import Model
    from dragoman.translator import TranslateOptions

ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model folder, as `dragoman train` makes it.")
]
AnyModel = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A model folder, a bundle, or a name such as phrasebook-en-fr.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="A Python file that adds rows: a cell, an attention, a metric; may be repeated.",
    ),
]
Beam = Annotated[
    int | None,
    typer.Option(
        "--beam", metavar="N", help="Hypotheses kept; 1 is greedy. As the model says, unless given."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The folder that names of data files are relative to; a recipe's own, unless given.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="SRC,TGT",
        help="The columns, by name or by number from 1, in the task's order.",
    ),
]
SrcSep = Annotated[
    str | None,
    typer.Option(metavar="SEP", help="What stands between the source's tokens; '' for nothing."),
]
TgtSep = Annotated[
    str | None,
    typer.Option(metavar="SEP", help="What stands between the target's tokens; '' for nothing."),
]
Alphabet = Annotated[
    str | None,
    typer.Option(
        metavar="SYMBOLS", help="All that outputs may consist of: characters, or a file of symbols."
    ),
]
Pattern = Annotated[
    str | None,
    typer.Option(metavar="REGEX", help="What every whole output must match."),
]
Lexicon = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Answers that always win, in the task's file format."),
]
LengthPenalty = Annotated[
    float | None,
    typer.Option(metavar="X", help="Exponent of the length that a score is divided by."),
]
CoveragePenalty = Annotated[
    float | None, typer.Option(metavar="X", help="Weight of the coverage penalty.")
]
MaxLength = Annotated[int | None, typer.Option(metavar="N", help="Most tokens of an output.")]
MinLength = Annotated[int | None, typer.Option(metavar="N", help="Fewest tokens of an output.")]
NoRepeat = Annotated[
    int | None,
    typer.Option(metavar="N", help="Never say so many tokens in a row twice; 0 allows it."),
]
Mbr = Annotated[
    str | None,
    typer.Option(
        metavar="SCORE",
        help="Give the output most like all of the beam's, by chrf, bleu or rouge, not the likeliest.",
    ),
]
Sharpness = Annotated[
    float | None,
    typer.Option(
        metavar="B",
        help="With --mbr over a beam: outputs count by exp(B x score), not by their probability.",
    ),
]
BleuTokenize = Annotated[
    str,
    typer.Option(metavar="NAME", help="What counts as a word for BLEU: 13a, none, char, zh, intl."),
]
Encoding = Annotated[
    str, typer.Option(metavar="NAME", help="Of the data; cp949 for what Korean Windows wrote.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing unless it fails.")]
With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="MODEL",
        help="Another model of the same vocabulary, to vote on every token; may be repeated.",
    ),
]


def chooser(
    mbr: str | None, samples: int | None, nbest: int, sharpness: float | None = None
) -> LeastRisk | None:
    """Make what chooses by minimum Bayes risk, if it is asked for."""
    if sharpness is not None and (mbr is None or samples is not None):
        raise InputError("--sharpness: weighs what --mbr chooses among from a beam, not draws.")
    if mbr is None:
        if samples is not None:
            raise InputError("--samples: without --mbr nothing is chosen among them; add it.")
        return None
    from dragoman.evaluation.risk import LeastRisk

    if samples is not None and samples < 1:
        raise InputError(f"--samples {samples}: expected at least 1.")
    return LeastRisk.by(mbr, drawn=samples is not None, nbest=nbest, sharpness=sharpness)


def widened(options: TranslateOptions, choose: LeastRisk | None, size: int) -> TranslateOptions:
    """Ask for as many outputs as one is chosen among, where one is chosen."""
    return options if choose is None else replace(options, nbest=max(size, options.nbest))


def constraints_of(
    model: Model, alphabet: str | None, pattern: str | None, lexicon: Path | None
) -> Constraints | None:
    """Gather the hard constraints; None if there are none."""
    if alphabet is None and pattern is None and lexicon is None:
        return None
    from dragoman.constraints import Constraints, lexicon_of, read_alphabet

    phones = model.config.text.tgt_tokenizer == "spaced"
    return Constraints(
        read_alphabet(alphabet) if alphabet else (),
        " " if phones else "",
        pattern or "",
        lexicon_of(model.read(lexicon).pairs) if lexicon else {},
    )


def load_plugins(paths: Sequence[Path] | None) -> None:
    """Add the rows of the plugins that the user has named."""
    if paths:
        from dragoman.plugins import load_plugin

        for path in paths:
            load_plugin(path)


def open_model(
    folder: Path, plugins: Sequence[Path] | None, others: Sequence[Path] | None = None
) -> Model:
    """Load a model, or several as an ensemble, after the plugins that they may need."""
    load_plugins(plugins)
    from dragoman.loading import load
    from dragoman.model import ensemble

    return ensemble([load(one) for one in (folder, *others)]) if others else load(folder)


def bleu_tokenizer(name: str) -> BleuTokenizer:
    """Take what counts as a word for BLEU; what it does not know is refused before anything is translated."""
    from dragoman.evaluation.metrics import Bleu

    tokenizer = cast("BleuTokenizer", name)
    Bleu(tokenizer)
    return tokenizer


def parse_columns(columns: str | None) -> tuple[str | int, ...] | None:
    """Take ``src,tgt`` or ``2,1`` apart; some tasks have more columns.

    Raises:
        InputError: It is less than two.
    """
    if columns is None:
        return None
    names = [name.strip() for name in columns.split(",")]
    if len(names) < 2 or not all(names):
        raise InputError(f"--columns {columns}: expected two or more, such as src,tgt or 2,1.")
    return tuple(int(name) if name.isdecimal() else name for name in names)


def setting(key: str, value: Any) -> str:
    """Write a setting as ``--set`` would take it; JSON of a string or a list is TOML as well."""
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def print_json(value: Any) -> None:
    """Print figures for a program."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_tables(tables: Iterable[RenderableType]) -> None:
    """Print tables: as wide as the terminal, or in a pipe as wide as they are."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 200
    console = Console(file=sys.stdout, width=width, highlight=False)
    for table in tables:
        console.print(table)
