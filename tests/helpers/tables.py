"""A model written down as a table: what follows each beginning, so that searches can be done by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dragoman.search.stepper import ArrayDistribution

A, B, C = 4, 5, 6
VOCAB = 7


@dataclass(frozen=True)
class Rows:
    """Each row's sentence and its tokens so far."""

    sentences: tuple[int, ...]
    said: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class TableStep:
    """What a step of a table gives."""

    distribution: ArrayDistribution
    weights: np.ndarray | None
    state: Rows


class TableStepper:
    """Says what its table says.

    Args:
        tables: For each sentence, (beginning) -> {token: probability}; the rest is impossible.
        weights: For each sentence, (beginning) -> attention; nothing is attended to without.
    """

    def __init__(self, tables: Sequence[Mapping], weights: Sequence[Mapping] | None = None):
        self.tables, self.weights = tables, weights
        self.rows_stepped: list[int] = []

    def start(self, src):
        # A source's first token is its sentence's number, so that batches can be cut.
        return Rows(tuple(int(row[0]) - 4 for row in src), ((),) * len(src))

    def step(self, last_ids, state):
        self.rows_stepped.append(len(last_ids))
        said = tuple(
            (*past, last) if last != 2 else past
            for past, last in zip(state.said, last_ids.tolist(), strict=True)
        )
        log_probs = np.full((len(said), VOCAB), -np.inf, dtype=np.float32)
        for row, (sentence, past) in enumerate(zip(state.sentences, said, strict=True)):
            for token, probability in self.tables[sentence].get(past, {3: 1.0}).items():
                log_probs[row, token] = np.log(probability)
        weights = None
        if self.weights is not None:
            looked = [
                self.weights[sentence].get(past, (1.0, 0.0, 0.0))
                for sentence, past in zip(state.sentences, said, strict=True)
            ]
            weights = np.array(looked, dtype=np.float32)
        return TableStep(ArrayDistribution(log_probs), weights, Rows(state.sentences, said))

    def select(self, state, rows):
        chosen = rows.tolist()
        return Rows(
            tuple(state.sentences[row] for row in chosen), tuple(state.said[row] for row in chosen)
        )


def sources_of(number: int) -> np.ndarray:
    """Sources for so many sentences: three positions, the last EOS."""
    return np.array([[4 + sentence, 4, 3] for sentence in range(number)])
