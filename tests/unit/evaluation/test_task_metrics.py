"""Accuracy, WER, PER and CER against numbers computed by hand."""

import pytest

from dragoman.evaluation.metrics import METRICS, edit_distance
from dragoman.evaluation.report import EvaluationOptions, evaluate_outputs

SAID = ["k a t", "d ɔ g", "f ɪ ʃ ə"]
RIGHT = [["k æ t", "k a t"], ["d ɒ g"], ["f ɪ ʃ"]]


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2), ("abc", "abc", 0)],
)
def test_edit_distance(one: str, other: str, edits: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == edits


def test_any_reference_counts() -> None:
    assert METRICS["accuracy"]().corpus(SAID, RIGHT).score == pytest.approx(100 / 3)
    assert METRICS["wer"]().corpus(SAID, RIGHT).score == pytest.approx(200 / 3)


def test_per_is_edits_by_phones_of_the_best_reference() -> None:
    # 0 of 3, 1 of 3, 1 of 3.
    assert METRICS["per"]().corpus(SAID, RIGHT).score == pytest.approx(100 * 2 / 9)


def test_cer_counts_characters() -> None:
    assert METRICS["cer"]().corpus(["abd"], [["abc"]]).score == pytest.approx(100 / 3)


def test_what_counts_faults_says_so() -> None:
    lower = {name for name, metric in METRICS.items() if metric.lower_is_better}
    assert {"ter", "wer", "per", "cer"} <= lower
    assert not lower & {"bleu", "chrf", "exact_match", "accuracy"}


def test_flat_json_has_numbers_and_signatures() -> None:
    options = EvaluationOptions(num_samples=0, metrics=("wer", "per"), flat=True)
    found = evaluate_outputs(["cat", "dog", "fish"], SAID, RIGHT, options).to_dict()
    assert found["wer"] == pytest.approx(66.6667, abs=1e-3)
    assert set(found["signatures"]) >= {"wer", "per"}
    assert "refs:best" in found["signatures"]["per"]
    assert "bleu" not in found
    assert [row["words"] for row in found["by_length"]] == ["1-5"]
