"""Minimum-Bayes-risk decoding: of several outputs, the one that is most like all of them, not the likeliest.

With u a sentence-level score, the output is ``argmax_y sum_r P(r) u(y, r)``, y and r from the same outputs (Kumar &
Byrne 2004, N04-1022, eq. 3). Over draws from the model every r counts as often as it was drawn (Eikema & Aziz
2020, arXiv:2005.10283, section 5); over the n best of a search, by its probability, or with a sharpness b by
``exp(b * score)`` of what the search ranked it by, which does not fall with the length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dragoman.data.files import import_extra
from dragoman.errors import InputError
from dragoman.evaluation.rouge import sentence_rouge
from dragoman.translator import Translation

SentenceScore = Callable[[str, Sequence[str]], float]


def sentence_chrf() -> SentenceScore:
    """Score by chrF (Popović 2015), in percent."""
    metric: Any = import_extra("sacrebleu", "scoring sentences").CHRF()
    return lambda text, references: metric.sentence_score(text, list(references)).score


def sentence_bleu() -> SentenceScore:
    """Score by BLEU, smoothed, over the n-grams that a sentence is long enough for (sacreBLEU's), in percent."""
    metric: Any = import_extra("sacrebleu", "scoring sentences").BLEU(effective_order=True)
    return lambda text, references: metric.sentence_score(text, list(references)).score


def sentence_rouge_l() -> SentenceScore:
    """Score by ROUGE-L (Lin 2004), for summaries, in percent."""
    return sentence_rouge("rougeL")


SENTENCE_SCORES: dict[str, Callable[[], SentenceScore]] = {
    "chrf": sentence_chrf,
    "bleu": sentence_bleu,
    "rouge": sentence_rouge_l,
}


@dataclass(frozen=True)
class LeastRisk:
    """Chooses among the outputs of a sentence.

    Attributes:
        score: What likeness is.
        drawn: Whether the outputs are draws, and not the n best of a search.
        nbest: How many to give back, most like the others first.
        sharpness: b, with which the n best of a search count by their scores; by their probabilities unless given.
    """

    score: SentenceScore
    drawn: bool
    nbest: int = 1
    sharpness: float | None = None

    @classmethod
    def by(
        cls, name: str, *, drawn: bool, nbest: int = 1, sharpness: float | None = None
    ) -> LeastRisk:
        """Choose by a row of SENTENCE_SCORES.

        Raises:
            InputError: There is no such row.
        """
        if name not in SENTENCE_SCORES:
            raise InputError(f"no sentence score {name!r}; there are {', '.join(SENTENCE_SCORES)}.")
        return cls(SENTENCE_SCORES[name](), drawn, nbest, sharpness)

    def __call__(self, found: Translation) -> Translation:
        """Give the output most like the others; `score` is then its expected likeness, in percent."""
        outputs = (found, *found.alternatives)
        weights = _weights(outputs, [self._worth(one) for one in outputs])
        expected = {
            text: sum(weight * self.score(text, [other]) for other, weight in weights.items())
            for text in weights
        }
        first = {one.text: one for one in reversed(outputs)}
        ranked = sorted(weights, key=lambda text: -expected[text])
        best, *others = [
            replace(first[text], source=found.source, score=expected[text], alternatives=())
            for text in ranked[: self.nbest]
        ]
        return replace(best, alternatives=tuple(others))

    def _worth(self, one: Translation) -> float:
        """Say what an output counts for, as a logarithm: every draw the same."""
        if self.drawn:
            return 0.0
        return one.log_prob if self.sharpness is None else self.sharpness * one.score


def _weights(outputs: Sequence[Translation], worths: Sequence[float]) -> dict[str, float]:
    """Give each text its share: of outputs that are the same the sum."""
    top = max(worths)
    shares: dict[str, float] = {}
    for one, worth in zip(outputs, worths, strict=True):
        shares[one.text] = shares.get(one.text, 0.0) + math.exp(worth - top)
    total = sum(shares.values())
    return {text: share / total for text, share in shares.items()}
