"""Words are cut into other pieces of the same text, as often as the papers say, and the same way when asked again."""

import math
import random
from collections import Counter

import numpy as np
import pytest

from dragoman.text.sampling import BpeDropout, SubwordSampler, UnigramSampling
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions

TEXTS = [
    "the student's house, and the students' houses.",
    "l'homme n'a qu'un seul ami: l'ami de l'homme!",
    "der Hund läuft, das Hündchen läuft auch 12 mal.",
    "café",  # In two code points, too.
] * 3


def tokenizer(kind, **options):
    return Tokenizer.train(TEXTS, TokenizerOptions(kind, **({"vocab_size": 90} | options)))


@pytest.mark.parametrize(("kind", "strength"), [("bpe", 0.0), ("unigram", 1e6)])
def test_without_chance_it_is_the_librarys_own(kind, strength):
    own = tokenizer(kind)
    sampler = SubwordSampler(own, strength)
    for text in [*TEXTS[:4], "ein neuer Satz §$ mit Unbekanntem; läuft?"]:
        ids = own.encode(text)
        assert sampler(ids, np.random.default_rng(1)) == ids


@pytest.mark.parametrize(("kind", "strength"), [("bpe", 0.3), ("unigram", 0.2)])
def test_the_text_stays_and_the_pieces_change(kind, strength):
    own = tokenizer(kind)
    sampler = SubwordSampler(own, strength)
    ids = own.encode(TEXTS[0])
    drawn = [sampler(ids, np.random.default_rng(seed)) for seed in range(20)]
    assert {own.decode(one) for one in drawn} == {TEXTS[0]}
    assert len({tuple(one) for one in drawn}) > 10


def test_the_same_generator_draws_the_same_whatever_was_drawn_before():
    own = tokenizer("bpe")
    first, second = SubwordSampler(own, 0.3), SubwordSampler(own, 0.3)
    second(own.encode(TEXTS[2]), np.random.default_rng(5))
    ids = own.encode(TEXTS[0])
    drawn = [one(ids, np.random.default_rng(7)) for one in (first, second, first)]
    assert drawn[0] == drawn[1] == drawn[2]


def test_what_is_no_text_stays():
    own = tokenizer("bpe", actions=("<step>",))
    sampler = SubwordSampler(own, 0.9)
    student = own.encode("student")
    ids = [4, *student, 1, own.vocab_size + 3, *student]
    drawn = sampler(ids, np.random.default_rng(1))
    assert drawn[0] == 4
    middle = drawn.index(1)
    assert drawn[middle : middle + 2] == [1, own.vocab_size + 3]
    assert own.decode(drawn[1:middle]) == own.decode(drawn[middle + 2 :]) == "student"


def test_a_merge_is_passed_over_as_often_as_the_rate_says():
    # One merge is possible, then none: it is made in a share 1 - p of all draws.
    model = {"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}
    draw = random.Random(1)
    cut = Counter(tuple(BpeDropout(model, 0.25)("ab", draw)) for _ in range(4000))
    assert set(cut) == {(2,), (0, 1)}
    assert cut[2,] / 4000 == pytest.approx(0.75, abs=0.03)


def test_the_merge_that_was_learned_first_comes_first():
    model = {
        "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4},
        "merges": [["b", "c"], ["a", "b"]],
    }
    assert BpeDropout(model, 0.0)("abc", random.Random(1)) == [0, 4]
    # (b, c) is passed over and (a, b) is not: p (1 - p). Both: p p. Else bc, after which nothing can be merged.
    cut = Counter(tuple(BpeDropout(model, 0.5)("abc", random.Random(n))) for n in range(4000))
    assert cut[3, 2] / 4000 == pytest.approx(0.25, abs=0.03)
    assert cut[0, 1, 2] / 4000 == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_segmentations_are_drawn_by_their_probability(alpha):
    vocab = [["a", -1.0], ["b", -2.0], ["ab", -2.5], ["aba", -3.0]]
    scores = {(0, 1, 0): -4.0, (2, 0): -3.5, (3,): -3.0}
    total = sum(math.exp(alpha * score) for score in scores.values())
    draw = random.Random(1)
    sampling = UnigramSampling({"vocab": vocab}, alpha)
    cut = Counter(tuple(sampling("aba", draw)) for _ in range(4000))
    assert set(cut) == set(scores)
    for pieces, score in scores.items():
        assert cut[pieces] / 4000 == pytest.approx(math.exp(alpha * score) / total, abs=0.03)
