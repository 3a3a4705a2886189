"""What the student is made of, and what is said of what is missing."""

import json

import pytest

from dragoman.cli.main import main

ZOO = "phrasebook-en-fr"
PAIRS = [("I am a student.", "je suis étudiant"), ("We are hungry.", "nous avons faim")] * 5
STUDENT = """
[data]
train = "pairs.tsv"
dev = "pairs.tsv"
[text]
tokenizer = "word"
[model]
embedding_size = 8
hidden_size = 8
[training]
steps = 2
"""


@pytest.fixture
def distill(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "".join(f"{src}\t{tgt}\n" for src, tgt in PAIRS)
    (tmp_path / "pairs.tsv").write_text(lines, encoding="utf-8")
    (tmp_path / "student.toml").write_text(STUDENT, encoding="utf-8")

    def call(*words):
        code = main(["distill", ZOO, "--student", "student.toml", "--out", "fast", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_more_sources_are_said_by_the_teacher(distill, tmp_path):
    made = {"src": "I am hungry.", "tgt": "j'ai faim"}
    (tmp_path / "more.jsonl").write_text(json.dumps(made) + "\n", encoding="utf-8")
    code, out, _ = distill("--more", "more.jsonl", "--keep", "1", "--json")
    assert code == 0
    assert json.loads(out)["of"] == len(PAIRS) + 1
    lines = (tmp_path / "fast.teacher" / "distilled.jsonl").read_text("utf-8").splitlines()
    sources = [json.loads(line)["src"] for line in lines]
    assert sources == ["I am a student.", "We are hungry.", "I am hungry."]


def test_what_is_missing_is_told_before_the_teacher_works(distill, tmp_path):
    code, _, told = distill("--more", "none.jsonl")
    assert code == 2
    assert "none.jsonl: no such file" in told
    assert not (tmp_path / "fast.teacher").exists()
