"""Sampling: what is drawn, how often, and from which stream."""

import math
from collections import Counter

import numpy as np
import pytest

from dragoman.search.filters import Forbid
from dragoman.search.greedy import Limits
from dragoman.search.sampling import SamplingOptions, sample
from dragoman.text.vocabulary import EOS
from helpers.tables import A, B, C, TableStepper, sources_of

COIN = {(): {A: 0.5, B: 0.3, C: 0.15, EOS: 0.05}}
NUMBER = 3000


def draw(options, number=NUMBER, filters=(), keys=None, table=None):
    """The first tokens of so many sentences, all of the same model."""
    table = table or COIN
    stepper = TableStepper([table])
    src = np.repeat(sources_of(1), number, axis=0)
    return sample(stepper, src, Limits([10] * number, filters), options, keys)


def frequencies(options, filters=()):
    counts = Counter(one.ids[0] if one.ids else EOS for one in draw(options, filters=filters))
    return {token: counts[token] / NUMBER for token in (A, B, C, EOS)}


def normalised(**shares):
    whole = sum(shares.values())
    named = {"A": A, "B": B, "C": C, "EOS": EOS}
    return {number: shares.get(name, 0.0) / whole for name, number in named.items()}


def close(found, wanted):
    """Within four standard deviations of a binomial; what is cut is never drawn."""
    for token, share in wanted.items():
        margin = 4 * math.sqrt(share * (1 - share) / NUMBER)
        assert abs(found[token] - share) <= margin, (token, found[token], share)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, {"A": 0.5, "B": 0.3, "C": 0.15, "EOS": 0.05}),
        # At half the temperature probabilities are squared, at twice it rooted.
        ({"temperature": 0.5}, {"A": 0.25, "B": 0.09, "C": 0.0225, "EOS": 0.0025}),
        ({"temperature": 2.0}, {"A": 0.7071, "B": 0.5477, "C": 0.3873, "EOS": 0.2236}),
        ({"top_k": 2}, {"A": 0.5, "B": 0.3}),
        ({"top_k": 1}, {"A": 1.0}),
        ({"top_k": 99}, {"A": 0.5, "B": 0.3, "C": 0.15, "EOS": 0.05}),
        # 0.5 does not reach 0.6, 0.8 does; 0.8 does not reach 0.9, 0.95 does.
        ({"top_p": 0.6}, {"A": 0.5, "B": 0.3}),
        ({"top_p": 0.9}, {"A": 0.5, "B": 0.3, "C": 0.15}),
        ({"top_p": 0.01}, {"A": 1.0}),
        ({"top_k": 3, "top_p": 0.6}, {"A": 0.5, "B": 0.3}),
    ],
    ids=str,
)
def test_frequencies(options, wanted):
    close(frequencies(SamplingOptions(**options)), normalised(**wanted))


def test_filters_come_first():
    close(frequencies(SamplingOptions(), [Forbid((A,))]), normalised(B=0.3, C=0.15, EOS=0.05))
    close(frequencies(SamplingOptions(top_k=1), [Forbid((A,))]), normalised(B=1.0))


def test_a_low_temperature_is_greedy():
    found = frequencies(SamplingOptions(temperature=1e-3))
    assert found[A] == 1.0


def test_probabilities_are_the_models_own():
    for one in draw(SamplingOptions(temperature=0.7, top_k=3), number=20):
        assert one.log_probs[0] == pytest.approx(math.log(COIN[()][one.ids[0]]))
        assert one.complete


LONG = {(A,) * n: {A: 0.8, EOS: 0.2} for n in range(10)}


def test_the_same_seed_draws_the_same():
    first = draw(SamplingOptions(seed=3), number=50, table=LONG)
    assert first == draw(SamplingOptions(seed=3), number=50, table=LONG)
    assert first != draw(SamplingOptions(seed=4), number=50, table=LONG)
    assert len({one.ids for one in first}) > 3


def test_each_sentence_has_a_stream_of_its_own():
    """In company or alone, in whatever order: a sentence's number decides what it draws."""
    keys = np.arange(100, 130)
    together = draw(SamplingOptions(), number=30, keys=keys, table=LONG)
    turned = draw(SamplingOptions(), number=30, keys=keys[::-1].copy(), table=LONG)
    assert together == turned[::-1]
    for place in (0, 7, 29):
        (alone,) = draw(SamplingOptions(), number=1, keys=keys[place : place + 1], table=LONG)
        assert alone == together[place]


def test_the_limit_cuts():
    long = [one for one in draw(SamplingOptions(seed=5), table=LONG) if len(one.ids) == 10]
    assert long
    assert not any(one.complete for one in long)
