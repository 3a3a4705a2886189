import json

import pytest
from rich.console import Console
from sacrebleu import corpus_bleu, corpus_ter

from dragoman.errors import InputError
from dragoman.evaluation.report import EvaluationOptions, evaluate_outputs

QUICK = EvaluationOptions(num_samples=50)


def _sources(*lengths):
    return [" ".join(["w"] * length) for length in lengths]


def test_report():
    sources = ["le chat dort ici", "un chien aboie", "oui"]
    hypotheses = ["the cat sleeps here", "a dog sleeps", "  "]
    references = ["the cat sleeps here", "a dog barks", "yes"]
    evaluation = evaluate_outputs(sources, hypotheses, [[r] for r in references], QUICK)
    assert evaluation.num_sentences == 3
    assert evaluation.num_empty == 1
    assert evaluation.length_ratio == 7 / 8
    assert evaluation.scores["exact_match"].score == pytest.approx(100 / 3)
    for name, function in (("bleu", corpus_bleu), ("ter", corpus_ter)):
        expected = function(hypotheses, [references]).score
        assert evaluation.scores[name].score == pytest.approx(expected)


def test_buckets_of_length():
    lengths = [0, 1, 5, 6, 10, 10, 11, 15, 16, 20, 21, 30, 31, 100]
    sources = _sources(*lengths)
    hypotheses = [f"a b c {number}" for number in range(len(lengths))]
    evaluation = evaluate_outputs(sources, hypotheses, [[h] for h in hypotheses], QUICK)
    assert {row.words: row.num_sentences for row in evaluation.by_length} == {
        "0": 1,
        "1-5": 2,
        "6-10": 3,
        "11-15": 2,
        "16-20": 2,
        "21-30": 2,
        "31+": 2,
    }


def test_scores_of_buckets():
    sources = _sources(7, 2, 8, 1)
    hypotheses = ["a b c d", "x y", "e f g", "z"]
    references = [["a b c d"], ["x z"], ["e f g h"], ["z"]]
    short, long = evaluate_outputs(sources, hypotheses, references, QUICK).by_length
    assert (short.words, long.words) == ("1-5", "6-10")
    assert (short.length_ratio, long.length_ratio) == (1, 7 / 8)
    assert (short.scores["exact_match"], long.scores["exact_match"]) == (50, 50)
    expected = corpus_bleu(["a b c d", "e f g"], [["a b c d", "e f g h"]]).score
    assert long.scores["bleu"] == pytest.approx(expected)


def test_to_dict_is_json():
    evaluation = evaluate_outputs(["un", "deux"], ["one", "too"], [["one"], ["two"]], QUICK)
    report = evaluation.to_dict()
    assert json.loads(json.dumps(report)) == report
    assert list(report) == [
        *("bleu", "chrf", "ter", "exact_match"),
        *("num_sentences", "num_empty", "length_ratio", "by_length"),
    ]
    assert report["exact_match"]["score"] == 50
    assert report["exact_match"]["interval"] == [0, 100]
    assert "|bs:50|seed:12345|" in report["bleu"]["signature"]
    (row,) = report["by_length"]
    assert row["words"] == "1-5"
    assert row["ter"] == 50


def test_without_intervals():
    options = EvaluationOptions(num_samples=0, bleu_tokenizer="char")
    evaluation = evaluate_outputs(["un"], ["one"], [["one"]], options)
    assert evaluation.to_dict()["chrf"]["interval"] is None
    assert "|tok:char|" in evaluation.scores["bleu"].signature
    assert "bs:" not in evaluation.scores["bleu"].signature


@pytest.mark.parametrize("options", [QUICK, EvaluationOptions(num_samples=0)])
def test_table(options):
    evaluation = evaluate_outputs(["un", "deux"], ["one", "too"], [["one"], ["two"]], options)
    console = Console(width=120)
    with console.capture() as capture:
        console.print(evaluation.table())
    shown = capture.get()
    for part in ("bleu", "exact_match", "50.00", "version:", "1-5", "2 sentences, 0 empty"):
        assert part in shown
    assert ("0.00 - 100.00" in shown) == bool(options.num_samples)


def test_unequal_counts():
    with pytest.raises(InputError, match="sources, 1, is not that of hypotheses, 2"):
        evaluate_outputs(["un"], ["one", "two"], [["one"], ["two"]])
    with pytest.raises(InputError, match="hypotheses, 2, is not that of reference lists, 1"):
        evaluate_outputs(["un", "deux"], ["one", "two"], [["one"]])
    with pytest.raises(InputError, match="there is no hypothesis"):
        evaluate_outputs([], [], [])


@pytest.mark.parametrize("key", ["num_samples", "seed"])
def test_negative_options(key):
    with pytest.raises(InputError, match=f"{key} is -1, which must not be negative"):
        EvaluationOptions(**{key: -1})


def test_one_of_the_n_best():
    """Right at once, right as the second, wrong: one of three, two of three."""
    candidates = [["a", "b"], ["x", "c"], ["y", "z"]]
    found = evaluate_outputs(
        ["1", "2", "3"],
        [outputs[0] for outputs in candidates],
        [["a"], ["c", "d"], ["e"]],
        EvaluationOptions(
            num_samples=0, metrics=("accuracy",), flat=True, candidates=candidates, nbest=2
        ),
    ).to_dict()
    assert found["accuracy"] == pytest.approx(100 / 3)
    assert found["accuracy_2best"] == pytest.approx(200 / 3)
    assert "nbest:2" in found["signatures"]["accuracy_2best"]
    assert found["by_length"][0]["accuracy_2best"] == pytest.approx(200 / 3)
