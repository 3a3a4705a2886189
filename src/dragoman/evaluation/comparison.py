"""Two systems on one test set: which is better, how surely, and on which sentences and words."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dragoman.data.files import import_extra
from dragoman.errors import InputError
from dragoman.evaluation.metric import (
    DEFAULT_SEED,
    FloatArray,
    Measured,
    Score,
    check_references,
    middle,
)
from dragoman.evaluation.metrics import METRICS, BleuTokenizer, Chrf
from dragoman.evaluation.report import check_sources, measure_outputs, rows_by_length

Split = Callable[[str], list[str]]

_SURE = 0.05
# The least count of each bucket of words.
_FREQUENCIES = {0: "0", 1: "1", 2: "2-4", 5: "5-9", 10: "10-99", 100: "100-999", 1000: "1000+"}


@dataclass(frozen=True)
class CompareOptions:
    """How to compare.

    Attributes:
        metrics: Rows of METRICS.
        num_samples: Bootstrap samples; at least 1.
        seed: Of the bootstrap.
        bleu_tokenizer: What splits text into words, for BLEU and for the words by frequency.
        train: Targets in which words are counted; the references unless given.
        num_changes: How many sentences to show for and against.
        note: What was done to all texts, to stand at the end of every signature; "" for nothing.
    """

    metrics: tuple[str, ...] = ("bleu", "chrf", "ter", "exact_match")
    num_samples: int = 1000
    seed: int = DEFAULT_SEED
    bleu_tokenizer: BleuTokenizer = "13a"
    train: Sequence[str] = ()
    num_changes: int = 5
    note: str = ""

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise InputError(
                f"num_samples is {self.num_samples}; a bootstrap needs at least one sample"
            )


@dataclass(frozen=True)
class Material:
    """What both systems were given.

    Attributes:
        sources: What was to be translated.
        references: For each source one or more.
    """

    sources: Sequence[str]
    references: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Difference:
    """One metric over both systems.

    Attributes:
        first: A's score, with its interval.
        second: B's score, with its interval.
        difference: B less A.
        interval: The bounds of the middle 95 % of the difference over paired bootstrap samples.
        p_value: How often chance alone would make a difference this large, either way; see `paired_p_value`.
        first_wins: Share of the samples in which A is better (Koehn 2004).
        second_wins: Share of the samples in which B is better.
        better: "A", "B", or "" where the p-value is 0.05 or more.
    """

    first: Score
    second: Score
    difference: float
    interval: tuple[float, float]
    p_value: float
    first_wins: float
    second_wins: float
    better: str


@dataclass(frozen=True)
class LengthDifference:
    """The sentences whose sources are about as long: scores of A and B by metric, in percent."""

    words: str
    num_sentences: int
    first: dict[str, float]
    second: dict[str, float]


@dataclass(frozen=True)
class WordDifference:
    """The words about as frequent.

    Attributes:
        frequency: The bounds of their counts.
        num_words: Such words in the references that count.
        first: A's F1, in percent.
        second: B's F1, in percent.
    """

    frequency: str
    num_words: int
    first: float
    second: float


@dataclass(frozen=True)
class Change:
    """A sentence that the systems translate differently, with the chrF of each by itself."""

    source: str
    references: tuple[str, ...]
    first: str
    second: str
    first_chrf: float
    second_chrf: float

    @property
    def gain(self) -> float:
        """The chrF of B less that of A."""
        return self.second_chrf - self.first_chrf


@dataclass(frozen=True)
class Comparison:
    """All that was found.

    Attributes:
        num_sentences: In the test set.
        num_same: Sentences of which both systems make the same.
        scores: By metric.
        by_length: From short to long sources; a bucket without sentences has no row.
        by_frequency: From rare to frequent words; a bucket without words in the references has no row.
        gains: The sentences that B does better, most first.
        losses: The sentences that A does better, most first.
    """

    num_sentences: int
    num_same: int
    scores: dict[str, Difference]
    by_length: list[LengthDifference]
    by_frequency: list[WordDifference]
    gains: list[Change]
    losses: list[Change]

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        return asdict(self)


def compare_outputs(
    test: Material,
    first: Sequence[str],
    second: Sequence[str],
    options: CompareOptions | None = None,
) -> Comparison:
    """Compare what two systems, A and B, made of the same sources.

    Args:
        test: Sources and references.
        first: A's outputs, one a source.
        second: B's outputs, one a source.
        options: If none are given, the defaults.

    Raises:
        InputError: The counts differ, there is nothing to score, or no metric of the options means anything here.
    """
    options = options or CompareOptions()
    both = (first, second)
    for outputs in both:
        check_sources(test.sources, outputs)
        check_references(outputs, test.references)
    seen, other = (
        measure_outputs(outputs, test.references, options.metrics, options.bleu_tokenizer)
        for outputs in both
    )
    if not seen:
        raise InputError(
            f"{', '.join(options.metrics)}: means nothing for these references; name another metric."
        )
    lower = {METRICS[name].shown_as or name: METRICS[name].lower_is_better for name in METRICS}
    gains, losses = _changes(test, first, second, options.num_changes)
    return Comparison(
        num_sentences=len(first),
        num_same=sum(one == two for one, two in zip(first, second, strict=True)),
        scores={
            name: _difference(seen[name], other[name], options, lower_is_better=lower[name])
            for name in seen
        },
        by_length=[
            LengthDifference(
                words,
                len(rows),
                {name: one.score_of(rows) for name, one in seen.items()},
                {name: one.score_of(rows) for name, one in other.items()},
            )
            for words, rows in rows_by_length(test.sources).items()
        ],
        by_frequency=_by_frequency(test.references, first, second, options),
        gains=gains,
        losses=losses,
    )


def paired_p_value(differences: FloatArray, observed: float) -> float:
    """Estimate how often chance alone would make a difference this large, either way.

    The differences over bootstrap samples, moved so that their mean is 0, stand for what chance does
    (Efron and Tibshirani 1993, ch. 16); counting the test set itself as one sample keeps p above 0. Systems
    that do not differ have p = 1.

    Args:
        differences: Over bootstrap samples that both systems share (Koehn 2004, W04-3250).
        observed: Over the test set.
    """
    by_chance = np.abs(differences - differences.mean())
    return float((1 + np.sum(by_chance >= abs(observed))) / (1 + len(differences)))


def _difference(
    one: Measured, other: Measured, options: CompareOptions, *, lower_is_better: bool
) -> Difference:
    num_samples, seed = options.num_samples, options.seed
    drawn = other.resample(num_samples, seed) - one.resample(num_samples, seed)
    first, second = (
        replace(score, signature=f"{score.signature}|{options.note}") if options.note else score
        for score in (one.score(num_samples, seed), other.score(num_samples, seed))
    )
    observed = second.score - first.score
    # One sentence, drawn again and again, says nothing of chance.
    p_value = paired_p_value(drawn, observed) if len(one.statistics) > 1 else 1.0
    gain = -drawn if lower_is_better else drawn
    better = "B" if (observed < 0) == lower_is_better else "A"
    return Difference(
        first,
        second,
        observed,
        middle(drawn),
        p_value,
        first_wins=float(np.mean(gain < 0)),
        second_wins=float(np.mean(gain > 0)),
        better=better if p_value < _SURE else "",
    )


def _by_frequency(
    references: Sequence[Sequence[str]],
    first: Sequence[str],
    second: Sequence[str],
    options: CompareOptions,
) -> list[WordDifference]:
    split = _splitter(options.bleu_tokenizer)
    texts = options.train or [reference for refs in references for reference in refs]
    counts = Counter(word for text in texts for word in split(text))
    one, other = (
        word_f1(
            [split(text) for text in outputs],
            [[split(reference) for reference in refs] for refs in references],
            counts,
        )
        for outputs in (first, second)
    )
    return [
        WordDifference(name, one[name][0], one[name][1], other[name][1])
        for name in _FREQUENCIES.values()
        if name in one and name in other
    ]


def word_f1(
    hypotheses: Sequence[Sequence[str]],
    references: Sequence[Sequence[Sequence[str]]],
    counts: Mapping[str, int],
) -> dict[str, tuple[int, float]]:
    """Give the F1 of words by how frequent they are (compare-mt: Neubig et al. 2019, arXiv:1903.07926).

    A word of a hypothesis is right if the reference has it too, as often; order plays no part. Of several
    references the one counts that shares most words with the hypothesis.

    Args:
        hypotheses: As words.
        references: For each hypothesis one or more, as words.
        counts: How frequent each word is; one that is not there has 0.

    Returns:
        By bucket the number of words in the references, at least one, and the F1 in percent.
    """
    bounds = list(_FREQUENCIES)
    totals: dict[str, list[int]] = {}

    def add(words: Iterable[tuple[str, int]], place: int) -> None:
        for word, number in words:
            name = _FREQUENCIES[bounds[bisect_right(bounds, counts.get(word, 0)) - 1]]
            totals.setdefault(name, [0, 0, 0])[place] += number

    for hypothesis, refs in zip(hypotheses, references, strict=True):
        given = Counter(hypothesis)
        wanted = max(map(Counter, refs), key=lambda one: ((given & one).total(), -one.total()))
        for place, words in enumerate((given & wanted, given, wanted)):
            add(words.items(), place)
    return {
        name: (num_wanted, 200 * num_right / (num_given + num_wanted))
        for name, (num_right, num_given, num_wanted) in totals.items()
        if num_wanted
    }


def _splitter(tokenizer: BleuTokenizer) -> Split:
    """Split text into the words that BLEU counts."""
    import_extra("sacrebleu", "scoring")
    from sacrebleu.metrics.bleu import BLEU

    tokenize: Callable[[str], str] = BLEU(tokenize=tokenizer, force=True).tokenizer
    return lambda text: tokenize(text).split()


def _changes(
    test: Material, first: Sequence[str], second: Sequence[str], number: int
) -> tuple[list[Change], list[Change]]:
    """Find the sentences that B does better, and those that A does, by the chrF of each sentence."""
    one, other = (Chrf().measure(outputs, test.references) for outputs in (first, second))
    changes = [
        Change(
            test.sources[row],
            tuple(test.references[row]),
            first[row],
            second[row],
            one.score_of(np.array([row])),
            other.score_of(np.array([row])),
        )
        for row in range(len(first))
        if first[row] != second[row]
    ]
    changes.sort(key=lambda change: -change.gain)
    gains = [change for change in changes if change.gain > 0]
    losses = [change for change in reversed(changes) if change.gain < 0]
    return gains[:number], losses[:number]
