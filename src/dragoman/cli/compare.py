"""``dragoman compare``: which of two models is better, how surely, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.guard import say
from dragoman.cli.lines import opened
from dragoman.cli.options import (
    AsJson,
    Beam,
    BleuTokenize,
    Columns,
    Encoding,
    Plugins,
    SrcSep,
    TgtSep,
    bleu_tokenizer,
    load_plugins,
    parse_columns,
    print_json,
    print_tables,
)
from dragoman.errors import InputError

First = Annotated[
    Path,
    typer.Argument(
        metavar="A",
        help="A model folder, a bundle or a shipped name; or a file of outputs, one a pair of the data.",
    ),
]
Second = Annotated[Path, typer.Argument(metavar="B", help="Another, for the same task.")]
TestSet = Annotated[
    Path, typer.Option("--data", metavar="FILE", help="The test set, in the task's format.")
]
Metric = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="bleu, chrf, ter, accuracy, ...; may be repeated. The task's own, unless given.",
    ),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write all of it as one page, with charts."),
]
Train = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Training pairs, to count words in; the references count unless given.",
    ),
]
Samples = Annotated[int, typer.Option(metavar="N", min=1, help="Of the paired bootstrap.")]


def compare(
    first: First,
    second: Second,
    data: TestSet,
    metric: Metric = None,
    html: Html = None,
    train: Train = None,
    samples: Samples = 1000,
    bleu_tokenize: BleuTokenize = "13a",
    beam: Beam = None,
    columns: Columns = None,
    src_sep: SrcSep = None,
    tgt_sep: TgtSep = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Compare two models on a test set: paired bootstrap, by length, by word frequency, what changed most.

    Lines with the same source are one sentence with several references. Where a model was taught to drop case
    or the final stop, all texts lose them, and the signatures say so.
    """
    from dragoman.comparing import Contest, render_page, sheets_of
    from dragoman.data.corpus import ReadOptions
    from dragoman.evaluation.comparison import CompareOptions

    tokenizer = bleu_tokenizer(bleu_tokenize)
    load_plugins(plugin)
    _check_metrics(metric or ())
    _check_page(html)
    contest = Contest(first, second)
    reading = ReadOptions(encoding, parse_columns(columns), src_sep, tgt_sep)
    corpus = contest.read(data, reading)
    if corpus.problems:
        say(f"{len(corpus.problems)} lines of {corpus.path} cannot be used and are skipped.")
    counted = contest.read(train, reading).pairs if train else []
    options = CompareOptions(
        metrics=tuple(metric or contest.task.metrics),
        num_samples=samples,
        bleu_tokenizer=tokenizer,
        train=[pair.tgt for pair in counted],
    )
    found = contest.compare(corpus, options, beam)
    if html is not None:
        with opened(html) as file:
            file.write(render_page(found, options, contest.names).encode(errors="replace"))
        say(f"{html}: the page")
    if as_json:
        print_json({"a": str(first), "b": str(second), **found.to_dict()})
    else:
        print_tables(sheet.table() for sheet in sheets_of(found, options, contest.names))


def _check_metrics(names: Sequence[str]) -> None:
    """Refuse what is no metric, before anything is translated."""
    from dragoman.evaluation.metrics import METRICS

    for name in names:
        if name not in METRICS:
            raise InputError(f"--metric {name}: no such metric; there are {', '.join(METRICS)}.")


def _check_page(path: Path | None) -> None:
    """Refuse a page that cannot be written, before anything is translated."""
    if path is not None and path.is_dir():
        raise InputError(f"--html {path}: is a folder; name a file in it.")
    if path is not None and not path.parent.is_dir():
        raise InputError(f"--html {path}: the folder {path.parent} does not exist; make it first.")
