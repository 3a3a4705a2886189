"""Beam search by hand, over a model that is a table."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.filters import Forbid, ForcePrefix, NoRepeat
from dragoman.search.greedy import Limits, greedy_search
from dragoman.text.vocabulary import EOS
from helpers.tables import VOCAB, A, B, C, TableStepper, sources_of

# Greedy takes A (0.6), after which nothing is likely: A A 0.6 * 0.35 = 0.21.
# B (0.4) leads to B C with 0.4 * 0.9 = 0.36. Both then end.
TRAP = {
    (): {A: 0.6, B: 0.4},
    (A,): {A: 0.35, B: 0.33, C: 0.32},
    (B,): {C: 0.9, A: 0.1},
}
# The short answer has probability 0.4, the long one 0.6 * 0.8 * 0.7 = 0.336. In logs, with EOS as
# a token: -0.9163 / 2 = -0.458 a token, and -1.0906 / 4 = -0.273.
LENGTHS = {
    (): {A: 0.4, B: 0.6},
    (B,): {B: 0.8, A: 0.2},
    (B, B): {B: 0.7, A: 0.3},
}


def search(tables, size=2, limits=None, **options):
    tables = tables if isinstance(tables, list) else [tables]
    limits = limits or Limits([10] * len(tables))
    options = {"length_penalty": 0.0} | options
    return beam_search(
        TableStepper(tables), sources_of(len(tables)), limits, BeamOptions(size, **options)
    )


def test_greedy_misses_what_a_beam_of_two_finds():
    greedy = greedy_search(TableStepper([TRAP]), sources_of(1), Limits([10]))[0]
    assert greedy.ids == (A, A)
    assert greedy.log_prob == pytest.approx(math.log(0.21))
    best, second = search(TRAP)[0]
    assert best.ids == (B, C)
    assert best.log_prob == pytest.approx(math.log(0.36))
    assert best.log_probs == pytest.approx([math.log(0.4), math.log(0.9), 0.0])
    assert best.complete
    assert second.ids == (A, A)


def test_a_beam_of_one_is_greedy():
    for table in (TRAP, LENGTHS):
        (beam,) = search(table, size=1)[0]
        greedy = greedy_search(TableStepper([table]), sources_of(1), Limits([10]))[0]
        assert (beam.ids, beam.log_probs) == (greedy.ids, greedy.log_probs)


def test_the_n_best_are_in_order():
    found = search(TRAP, size=5)[0]
    # A A 0.21, A B 0.198, A C 0.192, B C 0.36, B A 0.04
    assert [one.ids for one in found] == [(B, C), (A, A), (A, B), (A, C), (B, A)]
    assert [math.exp(one.score) for one in found] == pytest.approx([0.36, 0.21, 0.198, 0.192, 0.04])


def test_the_length_penalty_turns_the_order_round():
    plain = search(LENGTHS, size=4)[0]
    assert [one.ids for one in plain[:2]] == [(A,), (B, B, B)]
    assert plain[0].score == pytest.approx(math.log(0.4))
    fair = search(LENGTHS, size=4, length_penalty=1.0)[0]
    assert [one.ids for one in fair[:2]] == [(B, B, B), (A,)]
    assert fair[0].score == pytest.approx(math.log(0.336) / 4)
    assert fair[1].score == pytest.approx(math.log(0.4) / 2)
    half = search(LENGTHS, size=4, length_penalty=0.5)[0]
    assert half[0].score == pytest.approx(math.log(0.336) / 2)
    assert fair[0].log_prob == plain[1].log_prob == pytest.approx(math.log(0.336))


def test_a_sure_model_is_not_cut_short_by_improbable_ends():
    """0.9 a token for six tokens, and an end as the second best each time: five ends come before the right one."""
    sure = {(A,) * n: {A: 0.9, EOS: 0.06, B: 0.04} for n in range(6)}
    for size in (2, 3, 5):
        found = search(sure, size=size, length_penalty=1.0)[0]
        assert found[0].ids == (A,) * 6
        assert found[0].score == pytest.approx(6 * math.log(0.9) / 7)
        assert len(found) == size
    # 0.7 ends at once; 0.3 * 0.06 follows, and is put out by 0.3 * 0.9^5.
    unsure = sure | {(): {A: 0.3, EOS: 0.7}}
    assert [one.ids for one in search(unsure, size=2)[0]] == [(), (A,) * 6]


# Two answers, equally long: A slightly likelier, but it looks at the first position alone.
SEEN = {(): {A: 0.55, B: 0.45}}
WEIGHTS = {
    (): (0.5, 0.25, 0.25),
    (A,): (1.0, 0.0, 0.0),
    (B,): (0.2, 0.3, 0.5),
}


def test_the_coverage_penalty_turns_the_order_round():
    def ranked(penalty):
        return beam_search(
            TableStepper([SEEN], [WEIGHTS]),
            sources_of(1),
            Limits([10]),
            BeamOptions(2, length_penalty=0.0, coverage_penalty=penalty),
        )[0]

    assert [one.ids for one in ranked(0.0)] == [(A,), (B,)]
    first, second = ranked(0.4)
    assert (first.ids, second.ids) == ((B,), (A,))
    # Wu et al. 2016, eq. 14: positions are covered 0.7, 0.55, 0.75 by B, and 1 (not 1.5), 0.25, 0.25 by A.
    assert first.score == pytest.approx(math.log(0.45) + 0.4 * math.log(0.7 * 0.55 * 0.75))
    assert second.score == pytest.approx(math.log(0.55) + 0.4 * math.log(0.25 * 0.25))
    assert first.weights is None


def test_coverage_leaves_padding_out():
    src = sources_of(1)
    src[0, 1:] = [EOS, 0]
    found = beam_search(
        TableStepper([SEEN], [{(): (0.5, 0.5, 0.0), (A,): (0.5, 0.5, 0.0), (B,): (0.5, 0.5, 0.0)}]),
        src,
        Limits([10]),
        BeamOptions(2, length_penalty=0.0, coverage_penalty=1.0),
    )[0]
    assert [one.score for one in found] == pytest.approx([math.log(0.55), math.log(0.45)])


def test_attention_follows_its_hypothesis():
    limits = Limits([10], attention=True)
    found = beam_search(TableStepper([SEEN], [WEIGHTS]), sources_of(1), limits, BeamOptions(2))[0]
    for one in found:
        np.testing.assert_allclose(one.weights, [WEIGHTS[()], WEIGHTS[one.ids]])


def test_the_limit_cuts_what_has_not_ended():
    found = search(TRAP, size=2, limits=Limits([1]))[0]
    assert [one.ids for one in found] == [(A,), (B,)]
    assert not any(one.complete for one in found)
    assert [len(one.log_probs) for one in found] == [1, 1]
    # At exactly its length, with EOS, an answer is complete.
    assert [one.complete for one in search(TRAP, limits=Limits([3]))[0]] == [True, True]
    assert [one.complete for one in search(TRAP, limits=Limits([2]))[0]] == [False, False]


def test_each_sentence_stops_by_itself():
    together = search([TRAP, LENGTHS, {(): {EOS: 1.0}}], limits=Limits([10, 2, 10]))
    assert together[0] == search(TRAP)[0]
    assert together[1] == search(LENGTHS, limits=Limits([2]))[0]
    assert [one.ids for one in together[2]] == [()]
    assert together[2][0].complete


def test_rows_of_finished_sentences_are_not_stepped():
    stepper = TableStepper([TRAP, {(): {EOS: 0.5, A: 0.5}}])
    beam_search(stepper, sources_of(2), Limits([10, 10]), BeamOptions(2))
    assert stepper.rows_stepped == [4, 4, 2]


def test_forbidden_tokens_are_not_said():
    found = search(TRAP, size=3, limits=Limits([10], [Forbid((C,))]))[0]
    assert [one.ids for one in found] == [(A, A), (A, B), (B, A)]


def test_a_forced_beginning_begins_each_sentence():
    limits = Limits([10, 10], [ForcePrefix([[B], [A, C]])])
    first, second = search([TRAP, TRAP], limits=limits)
    assert [one.ids for one in first] == [(B, C), (B, A)]
    assert [one.ids for one in second] == [(A, C)]
    assert first[0].log_probs[0] == pytest.approx(math.log(0.4))


def test_nothing_is_said_twice():
    table = {(A,) * n: {A: 0.9, B: 0.1} for n in range(8)}
    assert search(table, size=1, limits=Limits([5]))[0][0].ids == (A,) * 5
    found = search(table, size=1, limits=Limits([5], [NoRepeat(2)]))[0][0]
    assert found.ids == (A, A, B)


@st.composite
def tables(draw):
    """A model over two words that ends after at most four."""
    table = {}
    for length in range(5):
        for number in range(2**length):
            past = tuple(A if number >> place & 1 else B for place in range(length))
            shares = draw(st.lists(st.integers(1, 50), min_size=3, max_size=3))
            shares = [0, 0, 1] if length == 4 else shares
            named = zip((A, B, EOS), shares, strict=True)
            table[past] = {token: share / sum(shares) for token, share in named if share}
    return table


def all_answers(table, past=(), so_far=0.0):
    for token, probability in table[past].items():
        total = so_far + math.log(probability)
        if token == EOS:
            yield total, past
        else:
            yield from all_answers(table, (*past, token), total)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(tables(), st.sampled_from([0.0, 1.0]))
def test_a_beam_as_wide_as_the_model_finds_the_best(table, penalty):
    """With room for every beginning the search is exhaustive, so it must agree with brute force."""
    answers = [(total / (len(past) + 1) ** penalty, past) for total, past in all_answers(table)]
    found = search(table, size=len(answers), length_penalty=penalty)[0]
    answers.sort(key=lambda one: -one[0])
    assert len(found) == len(answers) == 31
    assert [one.score for one in found] == pytest.approx([score for score, _ in answers], abs=1e-5)
    assert sorted(one.ids for one in found) == sorted(past for _, past in answers)


def test_the_vocabulary_may_be_smaller_than_the_beam():
    found = search(TRAP, size=VOCAB * 2)[0]
    assert [one.ids for one in found] == [(B, C), (A, A), (A, B), (A, C), (B, A)]
