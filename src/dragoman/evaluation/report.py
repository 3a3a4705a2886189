"""The report: every metric over a test set, as a whole and by the length of the source."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dragoman.errors import InputError
from dragoman.evaluation.labels import Confusion, confuse
from dragoman.evaluation.metric import DEFAULT_SEED, Measured, Rows, Score, check_references
from dragoman.evaluation.metrics import BUILT_IN, METRICS, Bleu, BleuTokenizer, n_best_accuracy
from dragoman.evaluation.risk import LeastRisk

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dragoman.evaluation.confidence import ConfidenceReport

Lengths = npt.NDArray[np.float64]
Rates = Callable[[Sequence[str], Sequence[str], Sequence[Sequence[str]]], Mapping[str, Measured]]
Baseline = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[str]]

# The fewest words of each bucket; a source without any has its own.
_BUCKETS = {0: "0", 1: "1-5", 6: "6-10", 11: "11-15", 16: "16-20", 21: "21-30", 31: "31+"}


@dataclass(frozen=True)
class EvaluationOptions:
    """How to evaluate.

    Attributes:
        num_samples: Bootstrap samples for the confidence intervals; 0 for none.
        seed: Of the bootstrap.
        bleu_tokenizer: What splits text into words for BLEU; see `Bleu`.
        metrics: Rows of METRICS; what plugins added comes on top.
        flat: Whether JSON gives a metric as a number, its signature under "signatures".
        confusion: Whether to count which label was taken for which.
        rates: What else is measured: from sources, outputs and references to it by name.
        baselines: What scores are compared with: from sources and references to outputs, by name.
        candidates: For each source its n best outputs, if one of them being right counts for something.
        nbest: How many were asked for.
        choose: Takes one of a search's outputs; the likeliest is taken unless given.
    """

    num_samples: int = 1000
    seed: int = DEFAULT_SEED
    bleu_tokenizer: BleuTokenizer = "13a"
    metrics: tuple[str, ...] = ("bleu", "chrf", "ter", "exact_match")
    flat: bool = False
    confusion: bool = False
    rates: Rates | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict[str, Baseline])
    candidates: Sequence[Sequence[str]] = ()
    nbest: int = 1
    choose: LeastRisk | None = None

    def __post_init__(self) -> None:
        for key in ("num_samples", "seed"):
            if getattr(self, key) < 0:
                raise InputError(f"{key} is {getattr(self, key)}, which must not be negative")


@dataclass(frozen=True)
class LengthRow:
    """The sentences whose sources are about as long.

    Attributes:
        words: The bounds of the sources' lengths, in words between white space; in characters where all are one word.
        num_sentences: With such a source; at least one.
        length_ratio: Of the hypotheses to the references, in BLEU's tokens.
        scores: By metric, in percent.
    """

    words: str
    num_sentences: int
    length_ratio: float
    scores: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Give the row as JSON can hold it, the scores beside the rest."""
        return {
            "words": self.words,
            "num_sentences": self.num_sentences,
            "length_ratio": self.length_ratio,
            **self.scores,
        }


@dataclass(frozen=True)
class Evaluation:
    """How well a model did on a test set.

    Attributes:
        scores: By metric.
        num_sentences: In the test set.
        num_empty: Hypotheses that are empty or white space.
        length_ratio: Of the hypotheses to the references, in BLEU's tokens; see `Bleu`.
        by_length: From short to long sources; a bucket without sentences has no row.
        flat: Whether JSON gives a metric as a number, its signature under "signatures".
        confusion: Which label was taken for which, where a text has one.
        baselines: The scores of what needs no model, by its name and by metric.
        confidence: How far the model's confidence can be believed, where that was asked for.
    """

    scores: dict[str, Score]
    num_sentences: int
    num_empty: int
    length_ratio: float
    by_length: list[LengthRow] = field(default_factory=list[LengthRow])
    flat: bool = False
    confusion: Confusion | None = None
    baselines: Mapping[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    confidence: "ConfidenceReport | None" = None

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON can hold it, each metric under its name."""
        scores: dict[str, Any] = {name: score.to_dict() for name, score in self.scores.items()}
        if self.flat:
            values = self.scores.items()
            scores = {name: score.score for name, score in values}
            scores["signatures"] = {name: score.signature for name, score in values}
            scores["intervals"] = {name: score.interval for name, score in values}
        return {
            **scores,
            "num_sentences": self.num_sentences,
            "num_empty": self.num_empty,
            "length_ratio": self.length_ratio,
            "by_length": [row.to_dict() for row in self.by_length],
            **({"confusion": self.confusion.to_dict()} if self.confusion else {}),
            **({"baselines": dict(self.baselines)} if self.baselines else {}),
            **({"confidence": self.confidence.to_dict()} if self.confidence else {}),
        }

    def table(self) -> "RenderableType":
        """Lay the report out for a terminal."""
        from rich.console import Group
        from rich.table import Table

        scores = Table("metric", title="Scores")
        for heading in ("score", "95 % interval"):
            scores.add_column(heading, justify="right")
        scores.add_column("signature", overflow="fold")
        for name, score in self.scores.items():
            bounds = "{:.2f} - {:.2f}".format(*score.interval) if score.interval else ""
            scores.add_row(name, f"{score.score:.2f}", bounds, score.signature)
        for baseline, values in self.baselines.items():
            for name, value in values.items():
                scores.add_row(f"{baseline}: {name}", f"{value:.2f}", "", "baseline")
        lengths = Table("words", title="By length of the source")
        for heading in ("sentences", "length ratio", *self.scores):
            lengths.add_column(heading, justify="right")
        for row in self.by_length:
            values = (f"{row.scores[name]:.2f}" for name in self.scores)
            lengths.add_row(row.words, f"{row.num_sentences:,}", f"{row.length_ratio:.3f}", *values)
        summary = (
            f"{self.num_sentences:,} sentences, {self.num_empty:,} empty hypotheses, "
            f"length ratio {self.length_ratio:.3f}"
        )
        sure = () if self.confidence is None else (self.confidence.table(),)
        return Group(scores, lengths, *sure, summary)


def evaluate_outputs(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    options: EvaluationOptions | None = None,
) -> Evaluation:
    """Score a model's outputs by every metric.

    Args:
        sources: What the model was given.
        hypotheses: What it made of each source; at least one.
        references: For each source one or more.
        options: If none are given, the defaults.

    Raises:
        InputError: If the counts differ, there is nothing to score, or a source has no reference.
    """
    options = options or EvaluationOptions()
    check_sources(sources, hypotheses)
    check_references(hypotheses, references)
    names = (*options.metrics, *(METRICS.keys() - BUILT_IN))
    measured = measure_outputs(hypotheses, references, names, options.bleu_tokenizer)
    if options.rates is not None:
        measured |= options.rates(sources, hypotheses, references)
    if options.candidates:
        measured[f"accuracy_{options.nbest}best"] = n_best_accuracy(
            options.candidates, references, options.nbest
        )
    lengths = _lengths(measured, hypotheses, references)
    return Evaluation(
        scores={
            name: seen.score(options.num_samples, options.seed) for name, seen in measured.items()
        },
        num_sentences=len(hypotheses),
        num_empty=sum(not hypothesis.strip() for hypothesis in hypotheses),
        length_ratio=_ratio(lengths),
        by_length=_by_length(sources, measured, lengths),
        flat=options.flat,
        confusion=confuse(hypotheses, references) if options.confusion else None,
        baselines={
            name: {
                metric: METRICS[metric]().corpus(make(sources, references), references).score
                for metric in options.metrics
            }
            for name, make in options.baselines.items()
        },
    )


def check_sources(sources: Sequence[str], hypotheses: Sequence[str]) -> None:
    """Make sure that there is a hypothesis for each source.

    Raises:
        InputError: The counts differ.
    """
    if len(sources) != len(hypotheses):
        raise InputError(
            f"the number of sources, {len(sources)}, is not that of hypotheses, "
            f"{len(hypotheses)}; line n of each must be about the same sentence"
        )


def measure_outputs(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    names: Sequence[str],
    bleu_tokenizer: BleuTokenizer = "13a",
) -> dict[str, Measured]:
    """Measure by those rows of METRICS that mean something here; each under the name that it is shown by."""
    return {
        METRICS[name].shown_as or name: (
            Bleu(bleu_tokenizer) if name == "bleu" else METRICS[name]()
        ).measure(hypotheses, references)
        for name in names
        if METRICS[name].applies(references)
    }


def rows_by_length(sources: Sequence[str]) -> dict[str, Rows]:
    """Sort sources by length: the bounds of a bucket, from short to long, to the rows in it, at least one."""
    lower_bounds = list(_BUCKETS)
    rows_of: dict[int, list[int]] = {bound: [] for bound in lower_bounds}
    count = _source_length(sources)
    for row, source in enumerate(sources):
        bucket = bisect_right(lower_bounds, count(source)) - 1
        rows_of[lower_bounds[bucket]].append(row)
    return {_BUCKETS[bound]: np.array(rows, np.intp) for bound, rows in rows_of.items() if rows}


def _by_length(
    sources: Sequence[str], measured: dict[str, Measured], lengths: Lengths
) -> list[LengthRow]:
    return [
        LengthRow(
            words=words,
            num_sentences=len(rows),
            length_ratio=_ratio(lengths[rows]),
            scores={name: seen.score_of(rows) for name, seen in measured.items()},
        )
        for words, rows in rows_by_length(sources).items()
    ]


def _source_length(sources: Sequence[str]) -> Callable[[str], int]:
    """Count words; where every source is one, characters."""
    if all(len(source.split()) <= 1 for source in sources):
        return len
    return lambda source: len(source.split())


def _lengths(measured: dict[str, Measured], *texts: Sequence[Any]) -> Lengths:
    """Give each hypothesis' length and that of the closest reference: in BLEU's tokens, or in words."""
    if "bleu" in measured:
        return measured["bleu"].statistics[:, :2]
    rows: list[tuple[int, int]] = []
    for hypothesis, references in zip(*texts, strict=True):
        length = len(hypothesis.split())
        wanted = (len(reference.split()) for reference in references)
        rows.append((length, min(wanted, key=lambda one: (abs(one - length), one))))
    return np.array(rows, np.float64)


def _ratio(lengths: Lengths) -> float:
    hypothesis, reference = lengths.sum(axis=0)
    return float(hypothesis / reference) if reference else 0.0
