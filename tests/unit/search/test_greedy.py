"""Greedy search and the filters."""

import math

import numpy as np
import pytest

from dragoman.search.filters import Filter, Forbid, ForcePrefix, NoRepeat, apply_filters
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.stepper import ArrayDistribution, Stepper
from dragoman.text.vocabulary import EOS
from helpers.tables import VOCAB, A, B, C, TableStepper, sources_of

CHAIN = {(): {A: 0.5, B: 0.25, EOS: 0.25}, (A,): {B: 0.75, A: 0.25}, (A, B): {C: 0.5, EOS: 0.5}}


def greedy(tables, limits=None, weights=None):
    limits = limits or Limits([10] * len(tables))
    return greedy_search(TableStepper(tables, weights), sources_of(len(tables)), limits)


def test_the_table_is_a_stepper():
    assert isinstance(TableStepper([CHAIN]), Stepper)


def test_the_likeliest_token_at_each_step():
    found = greedy([CHAIN])[0]
    # At a tie, the token with the lower id: EOS before C.
    assert found.ids == (A, B)
    assert found.complete
    assert found.log_probs == pytest.approx([math.log(0.5), math.log(0.75), math.log(0.5)])
    assert found.log_prob == pytest.approx(math.log(0.1875))
    assert found.score == pytest.approx(math.log(0.1875) / 3)
    assert found.weights is None


def test_finished_sentences_leave_the_batch():
    stepper = TableStepper([CHAIN, {(): {EOS: 1.0}}, {(): {B: 1.0}}])
    found = greedy_search(stepper, sources_of(3), Limits([10, 10, 10]))
    assert [one.ids for one in found] == [(A, B), (), (B,)]
    assert stepper.rows_stepped == [3, 2, 1]
    assert found[1].log_probs == (0.0,)


def test_each_sentence_has_its_own_limit():
    cut, whole, just = greedy([CHAIN, CHAIN, CHAIN], Limits([2, 10, 3]))
    assert (cut.ids, cut.complete) == ((A, B), False)
    assert (whole.ids, whole.complete) == ((A, B), True)
    assert (just.ids, just.complete) == ((A, B), True)
    assert len(cut.log_probs) == 2


def test_attention_follows_its_sentence():
    weights = [{(): (0.0, 1.0, 0.0)}, {(): (0.5, 0.5, 0.0), (A,): (0.0, 0.0, 1.0)}]
    first, second = greedy([{(): {EOS: 1.0}}, CHAIN], Limits([9, 9], attention=True), weights)
    np.testing.assert_allclose(first.weights, [[0, 1, 0]])
    np.testing.assert_allclose(second.weights, [[0.5, 0.5, 0], [0, 0, 1], [1, 0, 0]])


def test_filters_change_the_choice_and_not_the_probabilities():
    found = greedy([CHAIN], Limits([10], [Forbid((A,))]))[0]
    assert found.ids == ()
    assert found.log_probs == pytest.approx([math.log(0.25)])
    forced = greedy([CHAIN], Limits([10], [ForcePrefix([[A, A]])]))[0]
    assert forced.ids == (A, A)
    assert forced.log_probs[:2] == pytest.approx([math.log(0.5), math.log(0.25)])


def flat(rows):
    return ArrayDistribution(np.full((rows, VOCAB), -math.log(VOCAB), dtype=np.float32))


def allowed(restricted):
    return [set(np.isfinite(row).nonzero()[0].tolist()) for row in restricted.all()]


EVERYTHING = set(range(VOCAB))


def test_forbid():
    past, sentences = np.zeros((2, 0), np.int64), np.arange(2)
    assert isinstance(Forbid((0,)), Filter)
    assert allowed(Forbid((0, 1))(flat(2), past, sentences)) == [EVERYTHING - {0, 1}] * 2


def test_force_prefix_goes_by_the_sentence_and_the_step():
    force = ForcePrefix([[A, B], [], [C]])
    rows = np.array([2, 0, 0, 1])  # a beam's rows; sentence 1 is free
    at_0 = force(flat(4), np.zeros((4, 0), np.int64), rows)
    assert allowed(at_0) == [{C}, {A}, {A}, EVERYTHING]
    at_1 = force(flat(4), np.array([[C], [A], [A], [B]]), rows)
    assert allowed(at_1) == [EVERYTHING, {B}, {B}, EVERYTHING]
    at_2 = force(flat(4), np.full((4, 2), A), rows)
    assert allowed(at_2) == [EVERYTHING] * 4


@pytest.mark.parametrize(
    ("size", "past", "banned"),
    [
        (1, [A, B], {A, B}),
        (1, [], set()),
        (2, [A], set()),
        (2, [A, B, A], {B}),
        (2, [A, B, A, C, A], {B, C}),
        (2, [A, A], {A}),
        (3, [A, B, C, A], set()),
        (3, [A, B, C, A, B], {C}),
        (3, [A, A, A], {A}),
    ],
)
def test_no_repeat(size, past, banned):
    rows = np.array([past, past], dtype=np.int64).reshape(2, -1)
    found = NoRepeat(size)(flat(2), rows, np.arange(2))
    assert allowed(found) == [EVERYTHING - banned] * 2


def test_no_repeat_goes_by_the_row():
    found = NoRepeat(2)(flat(2), np.array([[A, B, A], [A, B, C]]), np.zeros(2, np.int64))
    assert allowed(found) == [EVERYTHING - {B}, EVERYTHING]


def test_filters_are_applied_one_after_the_other():
    filters = [Forbid((EOS,)), NoRepeat(1), ForcePrefix([[], [A, C]])]
    found = apply_filters(filters, flat(2), np.array([[A], [A]]), np.arange(2))
    assert allowed(found) == [EVERYTHING - {EOS, A}, {C}]
    assert allowed(apply_filters([], flat(1), np.zeros((1, 0), np.int64), np.arange(1))) == [
        EVERYTHING
    ]
