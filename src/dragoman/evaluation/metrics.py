"""Metrics: hypotheses and references to a score, its signature and its confidence interval.

BLEU, chrF and TER are sacreBLEU's (Post 2018, arXiv:1804.08771). Each is a function of statistics
that are summed over the sentences, so a text is read once: the score of any choice of sentences, be
it a bootstrap sample or all the long ones, is a sum of rows.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np

from dragoman.data.files import import_extra
from dragoman.errors import InputError
from dragoman.evaluation.labels import ChunkF1, MacroF1, TokenAccuracy
from dragoman.evaluation.metric import (
    FloatArray,
    Measured,
    Metric,
    check_references,
    count_references,
)
from dragoman.evaluation.rouge import Rouge1, Rouge2, RougeL

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric as SacreMetric

BleuTokenizer = Literal["13a", "none", "char", "zh", "intl"]
_EXACT_MATCH_VERSION = 1  # to be raised when its definition changes


@dataclass(frozen=True)
class Bleu(Metric):
    """BLEU (Papineni et al. 2002, P02-1040).

    Attributes:
        tokenizer: What splits the text into words: "13a" as in WMT; "none" if that is done
            already; "char" or "zh" for languages written without spaces; "intl" for all Unicode
            punctuation.
    """

    tokenizer: BleuTokenizer = "13a"

    def __post_init__(self) -> None:
        known = get_args(BleuTokenizer)
        if self.tokenizer not in known:
            raise InputError(f"no BLEU tokenizer {self.tokenizer!r}; there are {', '.join(known)}")

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count the tokens, and for n up to 4 the n-grams and those that match."""
        import_extra("sacrebleu", "scoring")
        from sacrebleu.metrics.bleu import BLEU

        # Forced, it no longer suspects text that is tokenized; the signature stays the same.
        return _measure("bleu", BLEU(tokenize=self.tokenizer, force=True), hypotheses, references)

    @staticmethod
    def length_ratio(statistics: FloatArray) -> float:
        """Divide the tokens in hypotheses by those in the references closest in length.

        Below 1, BLEU is scaled by the brevity penalty, exp(1 - 1 / ratio).

        Args:
            statistics: Rows of what `measure` saw, which begin with these two lengths.
        """
        hypothesis, reference = statistics[:, :2].sum(axis=0)
        return float(hypothesis / reference) if reference else 0.0


@dataclass(frozen=True)
class Chrf(Metric):
    """The F-score of character n-grams (Popović 2015, W15-3049).

    Attributes:
        word_order: The longest word n-gram that counts as well; 2 is chrF++.
    """

    word_order: int = 0

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count the n-grams of hypothesis, of the best reference, and those that match."""
        import_extra("sacrebleu", "scoring")
        from sacrebleu.metrics.chrf import CHRF

        return _measure("chrf", CHRF(word_order=self.word_order), hypotheses, references)


@dataclass(frozen=True)
class Ter(Metric):
    """The edits, shifts of phrases among them, for each word in the references (Snover 2006)."""

    lower_is_better: ClassVar[bool] = True

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count the edits and the words of the references, on average."""
        import_extra("sacrebleu", "scoring")
        from dragoman.evaluation.ter import FastTER

        return _measure("ter", FastTER(), hypotheses, references)


@dataclass(frozen=True)
class ExactMatch(Metric):
    """The percentage of hypotheses that are one of their references.

    Texts are compared in NFC, with white space trimmed and collapsed.
    """

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Note whether the hypothesis matches, and count the sentence."""
        check_references(hypotheses, references)
        matches = [
            float(_plain(hypothesis) in map(_plain, refs))
            for hypothesis, refs in zip(hypotheses, references, strict=True)
        ]
        num_refs = count_references(references)
        signature = f"nrefs:{num_refs}|case:mixed|norm:nfc|space:collapsed"
        return Measured(
            "exact_match",
            f"{signature}|version:{_EXACT_MATCH_VERSION}",
            np.column_stack([matches, np.ones(len(matches))]),
            lambda summed: float(100 * summed[0] / summed[1]),
        )


@dataclass(frozen=True)
class Accuracy(ExactMatch):
    """`ExactMatch` by the name that tasks on single words use."""

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Note whether the hypothesis matches, and count the item."""
        return replace(super().measure(hypotheses, references), name="accuracy")


def n_best_accuracy(
    candidates: Sequence[Sequence[str]], references: Sequence[Sequence[str]], nbest: int
) -> Measured:
    """Measure the percentage of sources one of whose n best outputs is one of their references.

    Args:
        candidates: For each source its outputs, best first; at most `nbest`.
        references: For each source one or more.
        nbest: How many were asked for.
    """
    matches = [
        float(not set(map(_plain, outputs)).isdisjoint(map(_plain, refs)))
        for outputs, refs in zip(candidates, references, strict=True)
    ]
    one = Accuracy().measure([outputs[0] for outputs in candidates], references)
    statistics = np.column_stack([matches, np.ones(len(matches))])
    name = f"accuracy_{nbest}best"
    return replace(
        one, name=name, signature=f"{one.signature}|nbest:{nbest}", statistics=statistics
    )


@dataclass(frozen=True)
class WordErrors(ExactMatch):
    """The percentage of words that are none of their references: WER as in g2p, where an item is a word."""

    lower_is_better: ClassVar[bool] = True

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Note whether the hypothesis fails, and count the word."""
        found = super().measure(hypotheses, references)
        wrong = np.column_stack([1 - found.statistics[:, 0], found.statistics[:, 1]])
        return replace(found, name="wer", statistics=wrong)


@dataclass(frozen=True)
class ErrorRate(Metric):
    """Edits (insertions, deletions, substitutions) for each symbol of the reference, in percent.

    Of several references the one counts that has the lowest rate.
    """

    lower_is_better: ClassVar[bool] = True
    name: ClassVar[str]
    unit: ClassVar[str]

    @staticmethod
    def symbols(text: str) -> Sequence[str]:
        """Cut a text into what is counted."""
        raise NotImplementedError

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count the edits, and the symbols of the reference."""
        check_references(hypotheses, references)
        rows: list[tuple[int, int]] = []
        for hypothesis, refs in zip(hypotheses, references, strict=True):
            said = self.symbols(_plain(hypothesis))
            wanted = [self.symbols(_plain(ref)) for ref in refs]
            counts = [(edit_distance(said, one), len(one)) for one in wanted]
            rows.append(min(counts, key=lambda count: (count[0] / max(1, count[1]), count)))
        num_refs = count_references(references)
        return Measured(
            self.name,
            f"nrefs:{num_refs}|unit:{self.unit}|case:mixed|norm:nfc|refs:best|version:1",
            np.array(rows, np.float64),
            lambda summed: float(100 * summed[0] / max(1.0, summed[1])),
        )


@dataclass(frozen=True)
class PhoneErrors(ErrorRate):
    """Edits a phone; phones stand between spaces."""

    name: ClassVar[str] = "per"
    unit: ClassVar[str] = "phone"

    @staticmethod
    def symbols(text: str) -> Sequence[str]:
        """Cut at spaces."""
        return text.split()


@dataclass(frozen=True)
class CharacterErrors(ErrorRate):
    """Edits a character."""

    name: ClassVar[str] = "cer"
    unit: ClassVar[str] = "character"

    @staticmethod
    def symbols(text: str) -> Sequence[str]:
        """Cut everywhere."""
        return text


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the insertions, deletions and substitutions from one sequence to another (Levenshtein 1966)."""
    before = list(range(len(other) + 1))
    for row, symbol in enumerate(one, 1):
        now = [row]
        for column, wanted in enumerate(other, 1):
            now.append(
                min(before[column] + 1, now[-1] + 1, before[column - 1] + (symbol != wanted))
            )
        before = now
    return before[-1]


def _measure(
    name: str,
    metric: "SacreMetric",
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
) -> Measured:
    """Measure with sacreBLEU.

    Its public bootstrap gives neither percentiles nor the scores of a part, and takes its seed from
    the environment; so these are the two hooks on which it is built itself.
    """
    check_references(hypotheses, references)
    streams: list[tuple[Any, ...]] = list(zip_longest(*references))  # the n-th of all, or None
    statistics = metric._extract_corpus_statistics(  # pyright: ignore[reportPrivateUsage]
        hypotheses, streams
    )

    def combine(summed: FloatArray) -> float:
        score = metric._compute_score_from_stats(  # pyright: ignore[reportPrivateUsage]
            summed.tolist()
        )
        return float(score.score)

    signature = metric.get_signature().format()
    return Measured(name, signature, np.asarray(statistics, np.float64), combine)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


# A metric is one class and one row here; a row builds it with its default settings.
METRICS: dict[str, type[Metric]] = {
    "bleu": Bleu,
    "chrf": Chrf,
    "ter": Ter,
    "exact_match": ExactMatch,
    "accuracy": Accuracy,
    "wer": WordErrors,
    "per": PhoneErrors,
    "cer": CharacterErrors,
    "f1": ChunkF1,
    "token_accuracy": TokenAccuracy,
    "macro_f1": MacroF1,
    "rouge1": Rouge1,
    "rouge2": Rouge2,
    "rougeL": RougeL,
}

# Rows that a plugin added are those that are not among these.
BUILT_IN = frozenset(METRICS)
