import json

import pytest

from dragoman import load
from dragoman.cli.main import main
from dragoman.evaluation.metrics import Chrf
from dragoman.evaluation.risk import LeastRisk
from dragoman.translator import TranslateOptions
from helpers.cli import SRC, write_pairs


@pytest.fixture
def evaluate(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)

    def call(*words, code=0):
        assert main(["evaluate", str(model), *words]) == code
        return capsys.readouterr()

    return call


def test_scores_as_json(evaluate):
    said = evaluate("pairs.tsv", "--json")
    found = json.loads(said.out)
    assert said.err == ""
    assert {"bleu", "chrf", "ter", "exact_match", "num_sentences", "by_length"} <= set(found)
    assert found["bleu"]["score"] is not None
    assert "tok:13a" in found["bleu"]["signature"]
    assert len(found["chrf"]["interval"]) == 2
    assert json.loads(evaluate("pairs.en", "pairs.fr", "--json").out) == found


def test_scores_as_a_table(evaluate):
    said = evaluate("pairs.tsv", "--no-bootstrap", "--beam", "1", "--bleu-tokenize", "char")
    assert "exact_match" in said.out
    assert "tok:char" in said.out
    assert "…" not in said.out


def test_several_references_and_the_output(evaluate, model, tmp_path):
    (tmp_path / "test.tsv").write_text("one two\tx\nten nine\ty\none two\tun deux\n", "utf-8")
    found = json.loads(evaluate("test.tsv", "--json", "--output", "out.txt").out)
    assert found["num_sentences"] == 2
    first, second = (one.text for one in load(model).translate(["one two", "ten nine"]))
    assert (tmp_path / "out.txt").read_text("utf-8").splitlines() == [first, second, first]


def test_the_outputs_most_like_the_others_are_scored(evaluate, model, tmp_path):
    # Longer than what it was taught, and its own beliefs count for little: else the likeliest may all be chosen.
    sources = [f"{word} six {other} {word} ten {other} nine" for word in SRC for other in SRC]
    (tmp_path / "test.tsv").write_text("".join(f"{one}\tun six neuf\n" for one in sources), "utf-8")
    options = ("--mbr", "chrf", "--sharpness", "0.1", "--json", "--output", "out.txt")
    found = json.loads(evaluate("test.tsv", *options).out)
    outputs = (tmp_path / "out.txt").read_text("utf-8").splitlines()
    beams = load(model).translate(sources, TranslateOptions(5, nbest=5))
    choose = LeastRisk.by("chrf", drawn=False, sharpness=0.1)
    assert outputs == [choose(one).text for one in beams]
    assert outputs != [one.text for one in beams]
    assert found["chrf"]["score"] == Chrf().corpus(outputs, [["un six neuf"]] * len(sources)).score
    assert "accuracy_5best" not in found


def test_the_search_is_as_asked_for(evaluate, model, tmp_path):
    words = (
        "--max-length",
        "2",
        "--no-repeat",
        "1",
        "--length-penalty",
        "0",
        "--output",
        "out.txt",
    )
    evaluate("pairs.tsv", "--beam", "3", *words)
    how = TranslateOptions(3, max_length=2, no_repeat=1, length_penalty=0.0)
    sources = (tmp_path / "pairs.en").read_text("utf-8").splitlines()
    wanted = [one.text for one in load(model).translate(sources, how)]
    assert (tmp_path / "out.txt").read_text("utf-8").splitlines() == wanted
    assert all(len(text.split()) <= 2 for text in wanted)
    assert wanted != [one.text for one in load(model).translate(sources)]


def test_columns_encoding_and_skipped_lines(evaluate, tmp_path):
    rows = ["deux\tone two", "\tten", *["neuf 하나\tnine"] * 20]
    (tmp_path / "test.tsv").write_bytes("\n".join(rows).encode("cp949"))
    said = evaluate("test.tsv", "--columns", "2,1", "--encoding", "cp949", "--json")
    assert json.loads(said.out)["num_sentences"] == 2
    assert "test.tsv:2: the target is empty" in said.err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["pairs.tsv", "--bleu-tokenize", "13b"], "no BLEU tokenizer '13b'"),
        (["pairs.tsv", "--columns", "1"], "--columns 1: expected two"),
        (["pairs.tsv", "--beam", "0"], "beam_size is 0"),
        (["pairs.tsv", "--mbr", "ter"], "no sentence score 'ter'"),
        (["pairs.tsv", "--sharpness", "2"], "--sharpness: weighs what --mbr"),
        (["pairs.tsw"], "did you mean pairs.tsv"),
        (["pairs.en"], "suffix"),
    ],
)
def test_refused(evaluate, words, wanted):
    said = evaluate(*words, code=2)
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert wanted in said.err
