"""``dragoman evaluate``: how well a model does on a test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.guard import say
from dragoman.cli.lines import opened, write_lines
from dragoman.cli.options import (
    Alphabet,
    AnyModel,
    AsJson,
    Beam,
    BleuTokenize,
    Columns,
    CoveragePenalty,
    Encoding,
    LengthPenalty,
    Lexicon,
    MaxLength,
    Mbr,
    MinLength,
    NoRepeat,
    Pattern,
    Plugins,
    Sharpness,
    SrcSep,
    TgtSep,
    With,
    bleu_tokenizer,
    chooser,
    constraints_of,
    open_model,
    parse_columns,
    print_json,
    print_tables,
    widened,
)
from dragoman.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from dragoman.data.corpus import Corpus
    from dragoman.evaluation.report import Evaluation

_NUM_SHOWN = 5


Test = Annotated[
    Path,
    typer.Argument(
        metavar="TEST", help="Pairs as TSV, CSV, JSONL or Parquet; or the sources alone, ..."
    ),
]
References = Annotated[
    Path | None,
    typer.Argument(metavar="REFERENCES", help="... with the references beside them."),
]
NBest = Annotated[
    int | None,
    typer.Option(
        "--nbest",
        metavar="N",
        min=1,
        help="Also count how often one of the N best outputs is right.",
    ),
]
Bootstrap = Annotated[
    bool, typer.Option("--bootstrap/--no-bootstrap", help="Whether scores have an interval.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write the translations, a line a pair."),
]
Confusion = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where to draw which label was taken for which, where texts are classified: a .png or .svg; "
        "confusion.png in the model folder unless given.",
    ),
]
Confidence = Annotated[
    bool,
    typer.Option(
        "--confidence/--no-confidence",
        help="Whether to say how far the model's confidence can be believed.",
    ),
]
Curve = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where to draw how good the rest is when the model abstains: a .png or .svg.",
    ),
]


def evaluate(
    model: AnyModel,
    test: Test,
    references: References = None,
    beam: Beam = None,
    nbest: NBest = None,
    length_penalty: LengthPenalty = None,
    coverage_penalty: CoveragePenalty = None,
    max_length: MaxLength = None,
    min_length: MinLength = None,
    no_repeat: NoRepeat = None,
    mbr: Mbr = None,
    sharpness: Sharpness = None,
    bleu_tokenize: BleuTokenize = "13a",
    bootstrap: Bootstrap = True,
    output: Output = None,
    confusion: Confusion = None,
    confidence: Confidence = True,
    curve: Curve = None,
    columns: Columns = None,
    src_sep: SrcSep = None,
    tgt_sep: TgtSep = None,
    encoding: Encoding = "utf-8",
    others: With = None,
    alphabet: Alphabet = None,
    pattern: Pattern = None,
    lexicon: Lexicon = None,
    as_json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Translate a test set and score the result by the task's metrics: BLEU, chrF, TER, exact match; WER; accuracy.

    Lines with the same source are one sentence with several references.
    """
    from dragoman.data.corpus import ReadOptions
    from dragoman.evaluation.report import EvaluationOptions
    from dragoman.translator import TranslateOptions

    choose = chooser(mbr, None, nbest or 1, sharpness)
    scoring = EvaluationOptions(
        1000 if bootstrap else 0, bleu_tokenizer=bleu_tokenizer(bleu_tokenize), choose=choose
    )
    opened_model = open_model(model, plugin, others)
    constraints = constraints_of(opened_model, alphabet, pattern, lexicon)
    options = TranslateOptions(
        beam,
        nbest or 1,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        max_length=max_length,
        min_length=min_length,
        no_repeat=no_repeat,
        attention=False,
        constraints=constraints,
        confidence=confidence or curve is not None,
    )
    options = widened(options, choose, beam or opened_model.config.search.beam_size)
    reading = ReadOptions(encoding, parse_columns(columns), src_sep, tgt_sep)
    corpus = opened_model.read(test if references is None else (test, references), reading)
    _tell_problems(corpus)
    outputs, found = opened_model.evaluate_with_outputs(corpus, options, scoring)
    if output is not None:
        _write_outputs(output, corpus, outputs)
    draw_confusion(found, confusion or model / "confusion.png", asked=confusion is not None)
    if curve is not None:
        _draw_curve(found, curve)
    if as_json:
        print_json(found.to_dict())
    else:
        print_evaluation(found)


def _write_outputs(path: Path, corpus: Corpus, outputs: Sequence[str]) -> None:
    """Write a line a pair, where pairs of one source were translated once."""
    if len(outputs) < len(corpus.pairs):
        sources = dict.fromkeys(pair.src for pair in corpus.pairs)
        made = dict(zip(sources, outputs, strict=True))
        outputs = [made[pair.src] for pair in corpus.pairs]
    with opened(path) as file:
        write_lines(file, (line.replace("\n", " ") for line in outputs))


def draw_confusion(found: Evaluation, path: Path, *, asked: bool = False) -> None:
    """Draw which label was taken for which, if there are such; only what was asked for must succeed."""
    if found.confusion is None and asked:
        raise InputError(f"--confusion {path}: only models that classify texts have one.")
    if found.confusion is None:
        return
    from dragoman.inspection.plots import plot_confusion

    try:
        plot_confusion(found.confusion.labels, found.confusion.counts, path)
    except (MissingExtraError, OSError) as error:
        if asked:
            raise InputError(f"{path}: cannot be drawn: {error}.") from None
        say(f"{path.name} was not drawn: {error}")


def _draw_curve(found: Evaluation, path: Path) -> None:
    """Draw how good what is kept is, the less of it is kept."""
    from dragoman.inspection.plots import plot_coverage

    if found.confidence is None:
        raise InputError(
            f"--curve {path}: the model had no confidence in anything; nothing to draw."
        )
    sure = found.confidence
    try:
        plot_coverage([(one.coverage, one.quality) for one in sure.curve], sure.measure, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be drawn: {error}.") from None


def print_evaluation(found: Evaluation) -> None:
    """Print scores as a table."""
    print_tables([found.table()])


def _tell_problems(corpus: Corpus) -> None:
    """List lines that are skipped, on stderr."""
    if corpus.problems:
        say(f"{len(corpus.problems)} lines of {corpus.path} cannot be used and are skipped:")
        for problem in corpus.problems[:_NUM_SHOWN]:
            say(f"  {problem}")
