"""ROUGE (Lin 2004, W04-1013) by Google's `rouge-score`, and what else is asked of summaries.

How much a summary repeats itself and how much it takes from its source are neither good nor bad by themselves, so
they are no rows of METRICS; and a baseline says what a score is worth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dragoman.data.files import import_extra
from dragoman.evaluation.metric import Measured, Metric, check_references, count_references

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
_NUM_REMEMBERED = 4096
_RATES_VERSION = 1  # to be raised when a definition changes


@dataclass(frozen=True)
class Rouge(Metric):
    """The F-score of n-grams, or of the longest common subsequence, that output and reference share.

    Of several references the one with the highest F counts. Words are stemmed (Porter), as is customary; where a
    reference is written in other letters than Latin ones, words are what stands between spaces and punctuation,
    since rouge-score's own would be none.
    """

    name: ClassVar[str]
    kind: ClassVar[str]

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Note each hypothesis' F, and count it."""
        check_references(hypotheses, references)
        score = sentence_rouge(self.kind)
        best = [score(text, refs) for text, refs in zip(hypotheses, references, strict=True)]
        signature = (
            f"nrefs:{count_references(references)}|score:f|refs:best|case:lower|stemmer:porter"
            f"|tok:rouge-score|version:{version('rouge-score')}"
        )
        return Measured(self.name, signature, _mean_of(best), _mean)


@dataclass(frozen=True)
class Rouge1(Rouge):
    """Words."""

    name: ClassVar[str] = "rouge1"
    kind: ClassVar[str] = "rouge1"


@dataclass(frozen=True)
class Rouge2(Rouge):
    """Pairs of words that follow each other."""

    name: ClassVar[str] = "rouge2"
    kind: ClassVar[str] = "rouge2"


@dataclass(frozen=True)
class RougeL(Rouge):
    """The longest common subsequence of words."""

    name: ClassVar[str] = "rougeL"
    kind: ClassVar[str] = "rougeL"


def sentence_rouge(kind: str) -> Callable[[str, Sequence[str]], float]:
    """Return what scores one text against its references, in percent.

    Args:
        kind: rouge-score's: rouge1, rouge2, ..., rougeL.
    """
    scorer: Any = import_extra("rouge_score.rouge_scorer", "ROUGE")
    tokenizers: Any = import_extra("rouge_score.tokenizers", "ROUGE")
    stemmed = tokenizers.DefaultTokenizer(use_stemmer=True)
    latin = scorer.RougeScorer([kind], tokenizer=_Remembering(stemmed.tokenize))
    other = scorer.RougeScorer([kind], tokenizer=_Remembering(words))

    def score(text: str, references: Sequence[str]) -> float:
        scoring = latin if _is_latin(references) else other
        return 100 * max(scoring.score(ref, text)[kind].fmeasure for ref in references)

    return score


class _Remembering:
    """What `RougeScorer` asks of a tokenizer.

    Where outputs are compared with each other, each is asked for many times, and stemming is most of the work.
    """

    def __init__(self, tokenize: Callable[[str], list[str]]) -> None:
        self.tokenize = lru_cache(_NUM_REMEMBERED)(tokenize)


def words(text: str) -> list[str]:
    """Cut a text into lowercase words, without punctuation."""
    return _WORD.findall(text.lower())


def rates(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, Measured]:
    """Measure how outputs come about, in percent of their words, and the same of the first references.

    Returns:
        `repetition_rate`, words that the output has said before; `copy_rate`, words that stand in the source.
    """
    said = [words(text) for text in hypotheses]
    wanted = [words(refs[0]) for refs in references]
    given = [set(words(text)) for text in sources]

    def rate(name: str, counts: Iterable[tuple[int, int]]) -> Measured:
        nrefs = count_references(references)
        signature = f"nrefs:{nrefs}|unit:word|case:lower|version:{_RATES_VERSION}"
        return Measured(name, signature, np.array(list(counts), np.float64), _share)

    found: dict[str, Measured] = {}
    for of, texts in (("", said), ("reference_", wanted)):
        again = ((len(text) - len(set(text)), len(text)) for text in texts)
        copied = (
            (sum(word in source for word in text), len(text))
            for text, source in zip(texts, given, strict=True)
        )
        found[f"{of}repetition_rate"] = rate(f"{of}repetition_rate", again)
        found[f"{of}copy_rate"] = rate(f"{of}copy_rate", copied)
    return found


def lead(sources: Sequence[str], references: Sequence[Sequence[str]]) -> list[str]:
    """Summarise each source by its first words, as many as a reference has on average."""
    lengths = [len(ref.split()) for refs in references for ref in refs]
    count = max(1, round(sum(lengths) / len(lengths)))
    return [" ".join(source.split()[:count]) for source in sources]


def first_sentence(sources: Sequence[str], references: Sequence[Sequence[str]]) -> list[str]:
    """Summarise each source by what stands before its first full stop, question or exclamation mark."""
    del references
    return [re.split(r"(?<=[.!?])\s|(?<=[。！？])", source, maxsplit=1)[0] for source in sources]


def _is_latin(texts: Sequence[str]) -> bool:
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    return 2 * sum(letter.isascii() for letter in letters) >= len(letters)


def _mean_of(values: Sequence[float]) -> Any:
    return np.column_stack([values, np.ones(len(values))]).astype(np.float64)


def _mean(summed: Any) -> float:
    return float(summed[0] / summed[1])


def _share(summed: Any) -> float:
    return float(100 * summed[0] / max(1.0, summed[1]))
