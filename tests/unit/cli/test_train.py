import json
import os
import shlex
import signal
import time

import pytest

import dragoman
from dragoman.cli.main import main
from dragoman.cli.stop import stopping
from dragoman.cli.train import how_to_go_on
from dragoman.config import load_config
from dragoman.training.callbacks import StepRecord
from helpers.cli import settings, write_pairs


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    return tmp_path


def call(capsys, *words, code=0):
    assert main([*map(str, words)]) == code
    return capsys.readouterr()


def test_it_trains_and_scores_and_says_what_is_next(pairs, capsys):
    said = call(capsys, "train", "pairs.tsv", "--out", "m", "--test", "pairs.tsv", *settings())
    assert "exact_match" in said.out
    for wanted in ("pairs.tsv: 90 pairs", "dev loss", "dragoman translate m"):
        assert wanted in said.err
    scores = json.loads((pairs / "m" / "scores.json").read_text(encoding="utf-8"))
    assert scores["num_sentences"] == 100
    assert scores["exact_match"]["score"] > 50


def test_quiet_and_json(pairs, capsys):
    words = ("train", "pairs.tsv", *settings(training__steps=5, training__validate_every=5))
    said = call(capsys, *words, "--out", "quiet", "--quiet")
    assert (said.out, said.err) == ("", "")
    said = call(capsys, *words, "--out", "json", "--json", "--test", "pairs.tsv")
    found = json.loads(said.out)
    assert said.err == ""
    assert found["steps"] == 5
    assert set(found["dev"]) > {"dev_loss", "dev_accuracy_teacher_forced", "chrf"}
    assert found["test"]["bleu"]["signature"]


def test_two_parallel_files_are_the_same_pairs(pairs, capsys):
    few = settings(training__steps=5)
    call(capsys, "train", "pairs.tsv", "--out", "table", "--quiet", *few)
    call(capsys, "train", "pairs.en", "pairs.fr", "--out", "files", "--quiet", *few)
    weights = [(pairs / out / "model.safetensors").read_bytes() for out in ("table", "files")]
    assert weights[0] == weights[1]
    said = call(capsys, "train", "pairs.en", "pairs.fr", "pairs.fr", "--out", "x", code=2)
    assert "two parallel files" in said.err


def test_options_reach_the_settings(pairs, capsys):
    rows = (pairs / "pairs.tsv").read_text(encoding="utf-8").splitlines()
    turned = "".join("{1}\t{0}\n".format(*row.split("\t")) for row in rows)
    (pairs / "data").mkdir()
    (pairs / "data" / "train.tsv").write_bytes(turned.replace("un", "하나").encode("cp949"))
    call(
        capsys,
        *("train", "train.tsv", "--data", "data", "--columns", "2,1", "--encoding", "cp949"),
        *("--dev", "train.tsv", "--out", "m", "--minutes", "0.05", "--quiet"),
        *settings(training__steps="9", training__threads=1),
    )
    config = dragoman.load("m").config
    assert config.data.columns == [2, 1]
    assert config.data.encoding == "cp949"
    assert config.data.dev == "train.tsv"


def test_files_named_on_the_command_line_are_where_the_user_is(pairs, capsys):
    (pairs / "recipes").mkdir()
    (pairs / "recipes" / "r.toml").write_text('data.train = "pairs.tsv"\n', encoding="utf-8")
    words = ("train", "recipes/r.toml", "--out", "m", *settings(training__steps=3))
    said = call(capsys, *words, code=2)
    assert "pairs.tsv, which is not in recipes/" in said.err
    assert "--data" in said.err
    assert not (pairs / "m").exists()
    write_pairs(pairs / "recipes")
    said = call(capsys, *words, "--dev", "pairs.en", "--dev", "pairs.fr", "--json")
    assert json.loads(said.out)["test"] is None
    named = dragoman.load("m").config.data.dev
    assert named == [str(pairs / "pairs.en"), str(pairs / "pairs.fr")]


def test_minutes_are_kept_and_the_choice_is_said(pairs, capsys, monkeypatch):
    # By a clock of processor time, which a busy machine does not take away.
    monkeypatch.setattr(time, "monotonic", time.process_time)
    minutes = 0.15
    began = time.monotonic()
    said = call(capsys, "train", "pairs.tsv", "--out", "m", "--minutes", str(minutes))
    share = (time.monotonic() - began) / (60 * minutes)
    # 5 %, and half a second, since the last validation of so short a training is foreseen from few.
    assert 0.95 - 0.5 / 9 <= share <= 1.05 + 0.5 / 9
    for what in ("data: 90 pairs", "vocabulary: ", "model: ", "training: about "):
        assert what in said.err
    made = load_config(pairs / "m" / "resolved.toml")
    assert made.training.minutes is None
    assert made.model.dropout == 0.5


def test_what_is_said_wins_over_what_the_minutes_choose(pairs, capsys):
    words = settings(training__validate_every=20)
    call(capsys, "train", "pairs.tsv", "--out", "m", "--quiet", "--minutes", "0.05", *words)
    made = load_config(pairs / "m" / "resolved.toml")
    assert (made.model.hidden_size, made.model.embedding_size, made.model.dropout) == (16, 16, 0.0)
    assert (made.text.tokenizer, made.training.learning_rate) == ("word", 0.03)


def test_a_plugin_adds_rows(pairs, capsys):
    text = "from dragoman.nn.cells import CELLS\nclass Mine(type(CELLS['gru']) if 0 else CELLS['gru']): ...\n"
    (pairs / "mine.py").write_text(f"{text}CELLS = {{'mine': Mine}}\n", encoding="utf-8")
    words = ("--plugin", "mine.py", *settings(model__cell="mine", training__steps=3))
    said = call(capsys, "train", "pairs.tsv", "--out", "m", *words)
    assert "--plugin mine.py" in said.err
    assert call(capsys, "translate", "m", "--plugin", "mine.py", "one").out.count("\n") == 1


def test_what_is_finished_stays_as_it_is(pairs, capsys):
    words = ("train", "pairs.tsv", "--out", "m", *settings(training__steps=5))
    call(capsys, *words)
    before = (pairs / "m" / "model.safetensors").read_bytes()
    assert "finished" in call(capsys, *words, "--resume", code=2).err
    assert "holds a model already" in call(capsys, *words, code=2).err
    assert (pairs / "m" / "model.safetensors").read_bytes() == before


def test_ctrl_c_waits_for_the_step():
    record = StepRecord(1, 0.1, 1.0, 1, 1.0, 0.1)
    before = signal.getsignal(signal.SIGINT)
    with stopping([]) as (stop,):
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)  # Nothing is trained yet: at once.
        stop.on_step(record)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stop.on_step(record)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_command_that_goes_on(tmp_path):
    words = ["train", "my pairs.tsv", "--out", "m", "--resume"]
    assert "nothing was learned yet" in how_to_go_on(tmp_path, words)
    (tmp_path / "checkpoint.safetensors").touch()
    command = how_to_go_on(tmp_path, words).splitlines()[-1]
    assert shlex.split(command) == ["dragoman", "train", "my pairs.tsv", "--out", "m", "--resume"]
