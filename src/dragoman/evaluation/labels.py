"""Scores of labels: F1 of chunks, accuracy a word, F1 averaged over classes; and which was taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dragoman.evaluation.metric import (
    FloatArray,
    Measured,
    Metric,
    check_references,
    count_references,
)

Chunk = tuple[str, int, int]


def chunks(labels: Sequence[str]) -> Iterator[Chunk]:
    """Yield (kind, first, last) of each chunk, as conlleval and seqeval's default mode find them.

    B- begins a chunk, I- goes on with one of its kind or begins one; E- and S- end one. A label of another form,
    such as a part of speech, makes a chunk of itself and its like beside it.
    """
    before, kind, first = "O", "", 0
    for place, label in enumerate([*labels, "O"]):
        mark, now = label[:1], label.partition("-")[2] or label
        kept = before not in ("O", ".") and now == kind
        begins = mark in ("B", "S") or (before in ("E", "S", "O") and mark in ("E", "I"))
        ends = before in ("E", "S") or (before in ("B", "I") and mark in ("B", "S", "O"))
        if before not in ("O", ".") and (ends or not kept):
            yield kind, first, place - 1
        if begins or (mark not in ("O", ".") and now != kind):
            first = place
        before, kind = mark, now


@dataclass(frozen=True)
class ChunkF1(Metric):
    """F1 over chunks, micro-averaged: right means the same kind, first and last word (Tjong Kim Sang 2003).

    The definition is that of conlleval and of seqeval's default mode. Of several references that one counts
    with which most chunks agree.
    """

    @classmethod
    def applies(cls, references: Sequence[Sequence[str]]) -> bool:
        """Say whether there are chunks in IOB; parts of speech, say, have none."""
        return any(label.startswith("B-") for refs in references for label in refs[0].split())

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count the chunks that are right, given and wanted."""
        check_references(hypotheses, references)
        rows: list[tuple[int, int, int]] = []
        for hypothesis, refs in zip(hypotheses, references, strict=True):
            given = set(chunks(hypothesis.split()))
            wanted = [set(chunks(ref.split())) for ref in refs]
            best = max(wanted, key=lambda one: (len(given & one), -len(one)))
            rows.append((len(given & best), len(given), len(best)))
        return Measured(
            "f1",
            f"nrefs:{count_references(references)}|average:micro|unit:chunk|scheme:seqeval-default|version:1",
            np.array(rows, np.float64),
            lambda summed: float(200 * summed[0] / max(1.0, summed[1] + summed[2])),
        )


@dataclass(frozen=True)
class TokenAccuracy(Metric):
    """The percentage of the references' labels that stand at the same place in the hypothesis."""

    shown_as = "accuracy"

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count the labels that are right, and all; of several references the best one counts."""
        check_references(hypotheses, references)
        rows: list[tuple[int, int]] = []
        for hypothesis, refs in zip(hypotheses, references, strict=True):
            given = hypothesis.split()
            counts = [
                (sum(a == b for a, b in zip(given, wanted, strict=False)), len(wanted))
                for wanted in (ref.split() for ref in refs)
            ]
            rows.append(max(counts, key=lambda one: one[0] / max(1, one[1])))
        return Measured(
            "token_accuracy",
            f"nrefs:{count_references(references)}|unit:label|version:1",
            np.array(rows, np.float64),
            lambda summed: float(100 * summed[0] / max(1.0, summed[1])),
        )


@dataclass(frozen=True)
class MacroF1(Metric):
    """F1 of each class, averaged over the classes that occur, rare ones as heavy as frequent ones.

    A class is a whole line. As scikit-learn's ``f1_score(average="macro")``, which counts what occurs on either side.
    """

    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Count for each class the texts where it is right, given and wanted."""
        check_references(hypotheses, references)
        given, wanted = _lines(hypotheses, references)
        number = {label: place for place, label in enumerate(dict.fromkeys([*wanted, *given]))}
        counts = np.zeros((len(given), 3, len(number)))
        for row, (said, right) in enumerate(zip(given, wanted, strict=True)):
            counts[row, 0, number[said]] = said == right
            counts[row, 1, number[said]] += 1
            counts[row, 2, number[right]] += 1
        return Measured(
            "macro_f1",
            f"nrefs:{count_references(references)}|average:macro|unit:line|version:1",
            counts.reshape(len(given), -1),
            _mean_f1,
        )


@dataclass(frozen=True)
class Confusion:
    """Which class was taken for which.

    Attributes:
        labels: The classes, the most frequent first.
        counts: [right, given] texts.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it; a row is what a right label was taken for."""
        return {"labels": list(self.labels), "counts": [list(row) for row in self.counts]}


def confuse(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Confusion:
    """Count which class was taken for which."""
    given, wanted = _lines(hypotheses, references)
    occur = Counter(wanted)
    labels = sorted({*given, *wanted}, key=lambda label: (-occur[label], label))
    pairs = Counter(zip(wanted, given, strict=True))
    counts = tuple(tuple(pairs[right, said] for said in labels) for right in labels)
    return Confusion(tuple(labels), counts)


def _lines(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[list[str], list[str]]:
    """Give each text's class and the right one; white space is collapsed, and any reference may be right."""
    given = [" ".join(hypothesis.split()) for hypothesis in hypotheses]
    wanted: list[str] = []
    for said, refs in zip(given, references, strict=True):
        right = [" ".join(ref.split()) for ref in refs]
        wanted.append(said if said in right else right[0])
    return given, wanted


def _mean_f1(summed: FloatArray) -> float:
    right, given, wanted = summed.reshape(3, -1)
    occur = given + wanted
    return float(100 * np.mean(2 * right[occur > 0] / occur[occur > 0]))
