"""What a metric is: from hypotheses and references to a score, its signature and its confidence interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dragoman.errors import InputError

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

DEFAULT_SEED = 12345  # sacreBLEU's


@dataclass(frozen=True)
class Score:
    """A score over a corpus.

    Attributes:
        name: Of the metric, as in `METRICS`.
        score: In percent; for TER, less is better.
        signature: The settings, versions and seed that it was computed with.
        interval: The bounds of the 95 % confidence interval, if it was asked for.
    """

    name: str
    score: float
    signature: str
    interval: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the score, less its name, as JSON can hold it."""
        interval = list(self.interval) if self.interval else None
        return {"score": self.score, "signature": self.signature, "interval": interval}


@dataclass(frozen=True)
class Measured:
    """What a metric saw in each sentence, from which every score follows.

    Attributes:
        name: Of the metric.
        signature: Its settings, the number of references first.
        statistics: Counts of whatever the metric counts, one row a sentence.
        combine: From the sum of some rows to their score.
    """

    name: str
    signature: str
    statistics: FloatArray
    combine: Callable[[FloatArray], float]

    def score(self, num_samples: int = 0, seed: int = DEFAULT_SEED) -> Score:
        """Score all sentences.

        Args:
            num_samples: Bootstrap samples for the confidence interval; 0 for none.
            seed: Of the bootstrap.
        """
        score = self.combine(self.statistics.sum(axis=0))
        if not num_samples:
            return Score(self.name, score, self.signature)
        num_refs, _, settings = self.signature.partition("|")
        signature = f"{num_refs}|bs:{num_samples}|seed:{seed}|{settings}"
        return Score(self.name, score, signature, self._interval(num_samples, seed))

    def score_of(self, rows: Rows) -> float:
        """Score some of the sentences.

        Args:
            rows: Their indices; at least one.
        """
        return self.combine(self.statistics[rows].sum(axis=0))

    def _interval(self, num_samples: int, seed: int) -> tuple[float, float]:
        return middle(self.resample(num_samples, seed))

    def resample(self, num_samples: int, seed: int = DEFAULT_SEED) -> FloatArray:
        """Score bootstrap samples (Koehn 2004, W04-3250), drawn as sacreBLEU draws them.

        Equal seeds draw equal sentences, so that two systems on one test set can be compared sample by sample.
        """
        rng = np.random.default_rng(seed)
        size = len(self.statistics)
        scores = [self.score_of(rng.integers(size, size=size)) for _ in range(num_samples)]
        return np.array(scores, np.float64)


def middle(scores: FloatArray) -> tuple[float, float]:
    """Bound the middle 95 % of bootstrap scores, at sacreBLEU's percentiles."""
    ordered = np.sort(scores)
    tail = len(ordered) // 40
    return float(ordered[tail]), float(ordered[-tail - 1])


class Metric(ABC):
    """A way to compare hypotheses with references.

    Attributes:
        lower_is_better: Whether it counts faults.
        shown_as: What a report calls it, if not as its row is called.
    """

    lower_is_better: ClassVar[bool] = False
    shown_as: ClassVar[str] = ""

    @classmethod
    def applies(cls, references: Sequence[Sequence[str]]) -> bool:
        """Say whether it means anything for such references."""
        del references
        return True

    @abstractmethod
    def measure(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Measured:
        """Compare every hypothesis with its references.

        Args:
            hypotheses: At least one.
            references: For each hypothesis one or more.

        Raises:
            InputError: If there is no hypothesis, or one without references.
        """

    def corpus(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
        """Score hypotheses, without an interval; for arguments and errors, see `measure`."""
        return self.measure(hypotheses, references).score()


def check_references(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Make sure that there is something to compare.

    Raises:
        InputError: If there is no hypothesis, or one without references.
    """
    if not hypotheses:
        raise InputError("nothing to score: there is no hypothesis")
    if len(hypotheses) != len(references):
        raise InputError(
            f"the number of hypotheses, {len(hypotheses)}, is not that of reference lists, "
            f"{len(references)}; give each hypothesis its own list"
        )
    for number, refs in enumerate(references, start=1):
        if isinstance(refs, str):
            raise InputError(f"sentence {number} has a text where a list of references is expected")
        if not refs:
            raise InputError(
                f"sentence {number} has no reference; every sentence needs at least one"
            )


def count_references(references: Sequence[Sequence[str]]) -> int | str:
    """Say for a signature how many references each hypothesis has: a number, or "var"."""
    counts = {len(refs) for refs in references}
    return counts.pop() if len(counts) == 1 else "var"
