"""Scores of labels against numbers computed by hand."""

import pytest
from sklearn.metrics import f1_score

from dragoman.evaluation.labels import chunks, confuse
from dragoman.evaluation.metrics import METRICS
from dragoman.evaluation.report import EvaluationOptions, evaluate_outputs


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("O O", []),
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("B-PER B-PER I-PER", [("PER", 0, 0), ("PER", 1, 2)]),
        # What no IOB2 allows: I- without B-, or of another kind than what stands before.
        ("O I-LOC I-LOC", [("LOC", 1, 2)]),
        ("B-PER I-LOC O", [("PER", 0, 0), ("LOC", 1, 1)]),
        ("B-A I-A E-A S-A", [("A", 0, 2), ("A", 3, 3)]),
        ("DET NOUN NOUN", [("DET", 0, 0), ("NOUN", 1, 2)]),
        ("", []),
    ],
)
def test_chunks(labels, found):
    assert list(chunks(labels.split())) == found


SAID = ["B-PER I-PER O O", "O B-LOC", "B-LOC O"]
RIGHT = [["B-PER I-PER O B-LOC"], ["O B-LOC"], ["B-ORG O"]]


def test_f1_counts_whole_chunks():
    # 2 right, 3 given, 4 wanted.
    found = METRICS["f1"]().corpus(SAID, RIGHT)
    assert found.score == pytest.approx(100 * 2 * 2 / (3 + 4))
    assert "micro" in found.signature


def test_nothing_given_and_nothing_wanted_is_no_success():
    assert METRICS["f1"]().corpus(["O O"], [["O O"]]).score == 0


def test_f1_is_left_out_where_there_are_no_chunks():
    options = EvaluationOptions(num_samples=0, metrics=("f1", "token_accuracy"), flat=True)
    found = evaluate_outputs(["a b"], ["DET VERB"], [["DET NOUN"]], options).to_dict()
    assert found["accuracy"] == 50
    assert set(found["signatures"]) == {"accuracy"}
    found = evaluate_outputs(["a b", "c d e f"], SAID[:2], RIGHT[1::-1], options)
    assert set(found.scores) == {"f1", "accuracy"}


def test_accuracy_is_a_label():
    assert METRICS["token_accuracy"]().corpus(SAID, RIGHT).score == pytest.approx(100 * 6 / 8)


GIVEN = ["a", "a", "b", "c c", "a", "b", "d"]
WANTED = ["a", "b", "b", "c  c", "c c", "b", "a"]


def test_macro_f1_is_scikit_learns():
    wanted = [" ".join(one.split()) for one in WANTED]
    found = METRICS["macro_f1"]().corpus(GIVEN, [[one] for one in WANTED]).score
    assert found == pytest.approx(100 * f1_score(wanted, GIVEN, average="macro", zero_division=0))


def test_confusion():
    found = confuse(GIVEN, [[one] for one in WANTED])
    assert found.labels == ("b", "a", "c c", "d")
    assert found.counts == ((2, 1, 0, 0), (0, 1, 0, 1), (0, 1, 1, 0), (0, 0, 0, 0))
    options = EvaluationOptions(num_samples=0, metrics=("accuracy",), confusion=True)
    report = evaluate_outputs(GIVEN, GIVEN, [[one] for one in WANTED], options).to_dict()
    assert report["confusion"]["labels"] == ["b", "a", "c c", "d"]
    assert sum(map(sum, report["confusion"]["counts"])) == len(GIVEN)
