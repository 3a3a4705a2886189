"""The waist of the hourglass: every model stands behind `Stepper`, every search before it.

Rows are hypotheses. `start` gives one row a sentence; `select` reorders, repeats and drops rows, and what
belongs to a sentence is kept once, however many hypotheses look at it, as long as each sentence has equally
many, side by side. A step's `Distribution` may live on a device: a search takes no more of it than it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
# From here on, sorting all costs less than finding the best so many times.
_MANY = 64
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


@runtime_checkable
class Distribution(Protocol):
    """The log-probabilities of each row's next token, over the vocabulary of this batch."""

    def top(self, k: int) -> tuple[Floats, Ids]:
        """Return the k best log-probabilities and their tokens: two [rows, k], best first."""
        ...

    def gather(self, ids: Ids) -> Floats:
        """Return one token's log-probability a row: [rows]."""
        ...

    def all(self) -> Floats:
        """Return everything: [rows, vocab]."""
        ...

    def forbid(self, banned: Mapping[int, Sequence[int]] | Sequence[int]) -> Distribution:
        """Give tokens the log-probability -inf: the same ones in every row, or some a row."""
        ...

    def only(self, allowed: Mapping[int, Sequence[int]]) -> Distribution:
        """Give every token but the allowed ones -inf, in the rows named."""
        ...


@runtime_checkable
class Step(Protocol[S_co]):
    """One step of a model."""

    @property
    def distribution(self) -> Distribution:
        """What comes next."""
        ...

    @property
    def weights(self) -> Floats | None:
        """Where it looked, [rows, src_len]; None without attention."""
        ...

    @property
    def state(self) -> S_co:
        """The state after it."""
        ...


@runtime_checkable
class Stepper(Protocol[S]):
    """A model that writes one token at a time."""

    def start(self, src: Ids) -> S:
        """Read sources, [batch, src_len], PAD at the end; give the state before the first step."""
        ...

    def step(self, last_ids: Ids, state: S) -> Step[S]:
        """Read one token a row, [rows], SOS first."""
        ...

    def select(self, state: S, rows: Ids) -> S:
        """Reorder, repeat or drop rows."""
        ...


def may_copy(stepper: Stepper[Any]) -> bool:
    """Say whether a model may copy words that its vocabulary lacks, by its attribute `copies`, if it has one.

    Such a model takes sources in which ids from the source vocabulary's size on number the sentence's own words,
    and answers in kind; see `dragoman.text.copying`.
    """
    return bool(getattr(stepper, "copies", False))


def shortened(stepper: Stepper[Any]) -> Stepper[Any]:
    """Give the stepper that weighs only the words of a model's shortlist, by its attribute `short`, if it has one."""
    return getattr(stepper, "short", stepper)


def own_search(stepper: Stepper[Any], kind: str) -> Callable[..., Any]:
    """Give a stepper's own search of a kind, "greedy" or "beam", by its attribute `own`, if it has one.

    It is called as the search is, without the stepper, and gives the same, or None where it is not able to.
    """
    return getattr(getattr(stepper, "own", None), kind, _none)


def _none(*asked: Any) -> None:
    del asked


@dataclass(frozen=True)
class ArrayDistribution:
    """A `Distribution` in memory: [rows, vocab]."""

    log_probs: Floats

    def top(self, k: int) -> tuple[Floats, Ids]:
        """Return the k best; equal ones in the order of their ids."""
        k = min(k, self.log_probs.shape[1])
        if k > _MANY:
            ids = np.argsort(-self.log_probs, axis=1, kind="stable")[:, :k]
            return np.take_along_axis(self.log_probs, ids, axis=1), ids
        # A few passes that each find the best of what is left cost a fraction of any sort.
        rows = np.arange(len(self.log_probs))
        left = self.log_probs if k == 1 else self.log_probs.copy()
        ids = np.empty((len(rows), k), dtype=np.int64)
        best = np.empty((len(rows), k), dtype=np.float32)
        for rank in range(k):
            found = left.argmax(axis=1)
            ids[:, rank], best[:, rank] = found, left[rows, found]
            if rank + 1 < k:
                left[rows, found] = -np.inf
        return best, ids

    def gather(self, ids: Ids) -> Floats:
        """Return one token's log-probability a row."""
        return np.take_along_axis(self.log_probs, ids[:, None], axis=1)[:, 0]

    def all(self) -> Floats:
        """Return everything."""
        return self.log_probs

    def forbid(self, banned: Mapping[int, Sequence[int]] | Sequence[int]) -> ArrayDistribution:
        """Give tokens -inf."""
        log_probs = self.log_probs.copy()
        if isinstance(banned, Mapping):
            for row, ids in banned.items():
                log_probs[row, list(ids)] = -np.inf
        else:
            log_probs[:, list(banned)] = -np.inf
        return ArrayDistribution(log_probs)

    def only(self, allowed: Mapping[int, Sequence[int]]) -> ArrayDistribution:
        """Give every token but the allowed ones -inf, in the rows named."""
        log_probs = self.log_probs.copy()
        for row, ids in allowed.items():
            kept = self.log_probs[row, list(ids)]
            log_probs[row] = -np.inf
            log_probs[row, list(ids)] = kept
        return ArrayDistribution(log_probs)


@dataclass(frozen=True)
class ArrayStep(Generic[S]):
    """A `Step` in memory."""

    distribution: Distribution
    weights: Floats | None
    state: S


@dataclass(frozen=True)
class Hypothesis:
    """A finished output.

    Attributes:
        ids: The tokens, without SOS and EOS.
        log_probs: Each token's log-probability, EOS's last if it came to one.
        score: What it is ranked by: the sum of `log_probs`, length-normalised, coverage penalty taken off.
        complete: Whether it ended in EOS rather than at the length limit.
        weights: Where each step looked, [steps, src_len], if asked for and if the model attends.
    """

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    score: float
    complete: bool
    weights: Floats | None = None

    @property
    def log_prob(self) -> float:
        """The log-probability of the whole output."""
        return float(sum(self.log_probs))
