"""Two systems on one test set, by numbers that were worked out by hand."""

import json

import numpy as np
import pytest

from dragoman.errors import InputError
from dragoman.evaluation.comparison import (
    CompareOptions,
    Material,
    compare_outputs,
    paired_p_value,
    word_f1,
)
from dragoman.evaluation.metrics import ExactMatch

EXACT = CompareOptions(metrics=("exact_match",), num_samples=2000)


def judged(right_in_both: int, first_alone: int, second_alone: int, neither: int):
    """Make a test set where the systems are right or wrong in so many sentences."""
    pattern = [
        *[(True, True)] * right_in_both,
        *[(True, False)] * first_alone,
        *[(False, True)] * second_alone,
        *[(False, False)] * neither,
    ]
    first, second = (["yes" if answer[side] else "no" for answer in pattern] for side in range(2))
    return Material(["x"] * len(pattern), [["yes"]] * len(pattern)), first, second


class TestSignificance:
    def test_p_value_by_hand(self):
        """Less their mean, 3, the differences are -2, -1, 0 and 3: one in four is as large as 3, and the test set."""
        assert paired_p_value(np.array([1.0, 2, 3, 6]), 3) == pytest.approx(2 / 5)
        assert paired_p_value(np.array([1.0, 2, 3, 6]), -2) == pytest.approx(3 / 5)
        assert paired_p_value(np.array([1.0, 2, 3, 6]), 4) == pytest.approx(1 / 5)

    def test_identical_systems_do_not_differ(self):
        material, first, _ = judged(5, 5, 5, 5)
        found = compare_outputs(material, first, first, CompareOptions(num_samples=50))
        assert found.num_same == found.num_sentences == 20
        assert set(found.scores) == {"bleu", "chrf", "ter", "exact_match"}
        for one in found.scores.values():
            assert one.p_value == 1
            assert (one.difference, one.interval, one.better) == (0, (0, 0), "")
            assert one.first_wins == one.second_wins == 0
        assert found.gains == found.losses == []

    def test_equal_scores_of_different_systems(self):
        found = compare_outputs(*judged(5, 5, 5, 5), EXACT).scores["exact_match"]
        assert found.difference == 0
        assert found.p_value == 1
        assert found.better == ""
        assert found.first_wins == pytest.approx(found.second_wins, abs=0.05)

    def test_as_the_normal_approximation_has_it(self):
        """B is right 20 times alone, A 10: z = 10 / sqrt(100 (0.3 - 0.01)) = 1.86, p = 0.06 to 0.08 by rounding."""
        found = compare_outputs(*judged(40, 10, 20, 30), EXACT).scores["exact_match"]
        assert (found.first.score, found.second.score) == (50, 60)
        assert found.difference == pytest.approx(10)
        assert 0.05 < found.p_value < 0.09
        assert found.better == ""
        low, high = found.interval  # 10 -+ 1.96 * 5.39
        assert low == pytest.approx(-0.6, abs=1.5)
        assert high == pytest.approx(20.6, abs=1.5)

    def test_pairing_sees_what_two_intervals_do_not(self):
        """The intervals overlap; but where the systems differ, B is always the better one."""
        found = compare_outputs(*judged(50, 0, 10, 40), EXACT).scores["exact_match"]
        assert found.first.interval is not None
        assert found.second.interval is not None
        assert found.first.interval[1] > found.second.interval[0]
        assert found.p_value < 0.01
        assert found.better == "B"
        assert found.second_wins > 0.99
        assert found.first_wins == 0

    def test_fewer_faults_are_better(self):
        material, first, second = judged(50, 0, 20, 30)
        options = CompareOptions(metrics=("ter", "wer"), num_samples=300)
        for one in compare_outputs(material, first, second, options).scores.values():
            assert one.difference == pytest.approx(-20)
            assert one.better == "B"
            assert one.second_wins > 0.99
        for one in compare_outputs(material, second, first, options).scores.values():
            assert one.difference == pytest.approx(20)
            assert one.better == "A"

    def test_samples_are_shared(self):
        """Equal seeds draw equal sentences; the difference of the systems is that of each sample."""
        material, first, second = judged(3, 2, 4, 1)
        one, other = (ExactMatch().measure(it, material.references) for it in (first, second))
        rng = np.random.default_rng(7)
        drawn = [rng.integers(10, size=10) for _ in range(5)]
        right = [[it == "yes" for it in outputs] for outputs in (first, second)]
        for measured, hits in zip((one, other), right, strict=True):
            wanted = [10 * sum(hits[row] for row in rows) for rows in drawn]
            assert measured.resample(5, 7) == pytest.approx(wanted)

    def test_one_sentence_says_nothing(self):
        found = compare_outputs(*judged(0, 0, 1, 0), EXACT).scores["exact_match"]
        assert found.difference == 100
        assert (found.p_value, found.better) == (1, "")


class TestWords:
    def test_by_hand(self):
        """Of `a a b c` and `a b b`, a and b are right once.

        a, seen once: 2 * 1 / (2 + 1); b, seen 3 times: 2 * 1 / (1 + 2); c is in no reference, so it has no row.
        """
        found = word_f1([["a", "a", "b", "c"]], [[["a", "b", "b"]]], {"a": 1, "b": 3, "c": 10})
        assert found == {"1": (1, pytest.approx(200 / 3)), "2-4": (2, pytest.approx(200 / 3))}

    def test_the_closest_reference_counts(self):
        found = word_f1([["a", "b"]], [[["c"], ["a", "b"], ["a", "b", "d"]]], {"a": 2, "b": 2})
        assert found == {"2-4": (2, 100)}

    def test_words_that_training_has_not(self):
        material = Material(["1", "2"], [["the cat"], ["the dog"]])
        options = CompareOptions(("bleu",), 10, train=["the the cat", "the"])
        found = compare_outputs(material, ["the cat", "the cat"], ["the", "the dog"], options)
        rows = {row.frequency: (row.num_words, row.first, row.second) for row in found.by_frequency}
        assert rows == {  # dog never, cat once, the three times
            "0": (1, 0, 100),
            "1": (1, pytest.approx(200 / 3), 0),
            "2-4": (2, 100, 100),
        }

    def test_words_are_counted_in_the_references(self):
        material = Material(["1", "2"], [["a b"], ["a c"]])
        found = compare_outputs(material, ["a b", "c"], ["a", "a c"], EXACT)
        assert [(row.frequency, row.num_words) for row in found.by_frequency] == [
            ("1", 2),
            ("2-4", 2),
        ]
        assert found.by_frequency[0].first == 100
        assert found.by_frequency[0].second == pytest.approx(200 / 3)


def test_by_length_and_changes():
    material = Material(
        ["a", "a b c d e f", "a b", "a b c"], [["un"], ["six"], ["deux", "2nd"], ["trois"]]
    )
    first, second = ["un", "sax", "oo", "trois"], ["un", "six", "2nd", "troix"]
    found = compare_outputs(material, first, second, EXACT)
    assert [(row.words, row.num_sentences) for row in found.by_length] == [("1-5", 3), ("6-10", 1)]
    short, long = found.by_length
    assert short.first["exact_match"] == pytest.approx(200 / 3)
    assert (long.first["exact_match"], long.second["exact_match"]) == (0, 100)
    # From nothing to all; and from "s", "x" to all.
    assert [change.source for change in found.gains] == ["a b", "a b c d e f"]
    assert found.gains[0].references == ("deux", "2nd")
    assert found.gains[0].first_chrf == pytest.approx(0, abs=1e-9)
    assert found.gains[0].second_chrf == 100
    # Of troix, 4 of 5 letters are right, 3 of 4 pairs, 2 of 3, 1 of 2, 0 of 1.
    (loss,) = found.losses
    assert (loss.first, loss.second, loss.first_chrf) == ("trois", "troix", 100)
    assert loss.second_chrf == pytest.approx(20 * (4 / 5 + 3 / 4 + 2 / 3 + 1 / 2))
    assert json.loads(json.dumps(found.to_dict()))["scores"]["exact_match"]["difference"] == 25


def test_only_so_many_changes_are_shown():
    material = Material(list("abcdefgh"), [["right"]] * 8)
    options = CompareOptions(("chrf",), 10, num_changes=3)
    found = compare_outputs(material, ["wrong"] * 8, ["right"] * 8, options)
    assert len(found.gains) == 3
    assert found.losses == []


def test_signatures_end_with_the_note():
    material, first, second = judged(2, 1, 1, 0)
    options = CompareOptions(("bleu",), 10, note="texts:lowercase")
    found = compare_outputs(material, first, second, options).scores["bleu"]
    assert found.first.signature == found.second.signature
    assert found.first.signature.startswith("nrefs:1|bs:10|seed:12345|")
    assert found.first.signature.endswith("|texts:lowercase")


def test_what_cannot_be_compared():
    material, first, second = judged(2, 1, 1, 0)
    with pytest.raises(InputError, match="number of sources, 4, is not that of hypotheses, 3"):
        compare_outputs(material, first, second[1:])
    with pytest.raises(InputError, match="there is no hypothesis"):
        compare_outputs(Material([], []), [], [])
    with pytest.raises(InputError, match="f1: means nothing for these references"):
        compare_outputs(material, first, second, CompareOptions(("f1",)))
    with pytest.raises(InputError, match="num_samples is 0; a bootstrap needs at least one"):
        CompareOptions(num_samples=0)
