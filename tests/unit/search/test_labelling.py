"""Viterbi, marginals and log-probabilities against the sum over all labellings."""

from itertools import pairwise, product

import numpy as np
import pytest

from dragoman.search.labelling import EnsembleEmitter, choose, log_prob, marginals, viterbi

RANDOM = np.random.default_rng(3)
LENGTHS = [4, 1, 3]
NUM_LABELS = 3
SCORES = RANDOM.normal(size=(3, 4, NUM_LABELS)) * 2
MASK = np.arange(4)[None] < np.array(LENGTHS)[:, None]
TRANSITIONS = (
    RANDOM.normal(size=NUM_LABELS),
    RANDOM.normal(size=(NUM_LABELS, NUM_LABELS)) * 2,
    RANDOM.normal(size=NUM_LABELS),
)


def everything(row, transitions=TRANSITIONS):
    """Score every labelling of a row."""
    start, between, end = transitions
    found = {}
    for labels in product(range(NUM_LABELS), repeat=LENGTHS[row]):
        emitted = sum(SCORES[row, place, label] for place, label in enumerate(labels))
        moved = sum(between[a, b] for a, b in pairwise(labels))
        found[labels] = start[labels[0]] + emitted + moved + end[labels[-1]]
    return found


@pytest.mark.parametrize("row", range(3))
class TestAgainstBruteForce:
    def test_viterbi(self, row):
        scores = everything(row)
        found = viterbi(SCORES, MASK, TRANSITIONS)[row]
        assert tuple(found[: LENGTHS[row]]) == max(scores, key=scores.get)
        assert (found[LENGTHS[row] :] == 0).all()

    def test_log_prob(self, row):
        scores = everything(row)
        total = np.log(sum(np.exp(score) for score in scores.values()))
        for labels, score in scores.items():
            rows = np.full((3, 4), 2)
            rows[row, : LENGTHS[row]] = labels
            found = log_prob(SCORES, MASK, TRANSITIONS, rows)[row]
            assert found == pytest.approx(score - total)

    def test_marginals(self, row):
        scores = everything(row)
        found = marginals(SCORES, MASK, TRANSITIONS)[row]
        total = sum(np.exp(score) for score in scores.values())
        for place, label in product(range(LENGTHS[row]), range(NUM_LABELS)):
            share = sum(np.exp(s) for labels, s in scores.items() if labels[place] == label)
            assert found[place, label] == pytest.approx(share / total)


def test_without_transitions_every_place_is_its_own():
    found = choose(SCORES, MASK, None)
    zero = tuple(np.zeros_like(one) for one in TRANSITIONS)
    same = choose(SCORES, MASK, zero)
    assert (found.labels == SCORES.argmax(axis=2)).all()
    assert (np.where(MASK, found.labels, 0) == same.labels).all()
    assert found.log_probs == pytest.approx(same.log_probs)
    assert found.probabilities[MASK] == pytest.approx(same.probabilities[MASK])
    assert np.where(MASK, np.log(found.probabilities), 0).sum(axis=1) == pytest.approx(
        found.log_probs
    )


def test_scores_of_any_size_overflow_nothing():
    found = choose(SCORES * 1e4, MASK, tuple(one * 1e4 for one in TRANSITIONS))
    assert np.isfinite(found.log_probs).all()
    assert found.log_probs == pytest.approx(0.0, abs=1e-6)


class Fixed:
    def __init__(self, scores, transitions):
        self.scores, self.mask, self.weights = scores, MASK, None
        self._transitions = transitions

    def emit(self, src):
        return self

    def transitions(self):
        return self._transitions


def test_an_ensemble_is_the_mean():
    other = tuple(-3 * one for one in TRANSITIONS)
    both = EnsembleEmitter([Fixed(SCORES, TRANSITIONS), Fixed(3 * SCORES, other)])
    assert both.emit(np.zeros((3, 5), np.int64)).scores == pytest.approx(2 * SCORES)
    for found, one in zip(both.transitions(), TRANSITIONS, strict=True):
        assert found == pytest.approx(-one)
    assert EnsembleEmitter([Fixed(SCORES, None)]).transitions() is None
