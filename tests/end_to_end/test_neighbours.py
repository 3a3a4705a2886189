"""What only the words beside a word can tell is learned, and used wherever the model goes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import dragoman
from dragoman.cli.main import main
from dragoman.data.corpus import Corpus, Pair
from dragoman.errors import InputError
from dragoman.training.callbacks import Callback, StepRecord
from dragoman.translator import TranslateOptions

pytestmark = pytest.mark.usefixtures("unchecked")

SETTINGS = [
    "model.context_words=1",
    "model.context_size=16",
    "model.word_buckets=100",
    "model.decoder=transducer",
    "model.generator=pointer",
    "model.copy_bias=2",
    "model.hidden_size=32",
    "model.embedding_size=16",
    "model.dropout=0.0",
    "training.steps=120",
    "training.validate_every=60",
    "training.threads=1",
    "training.batch_tokens=300",
    "training.learning_rate=0.01",
    "training.ema_decay=0.9",
]


def text(seed: int, length: int = 700) -> list[Pair]:
    """Write a text in which "so" stands before names, which then have a capital, as has what stands before "end"."""
    draw = random.Random(seed)
    words = draw.choices(["so", "end", "ba", "do", "mi", "lu"], k=length)
    pairs: list[Pair] = []
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        named = before == "so" or after == "end"
        pairs.append(Pair(word, word.capitalize() if named else word))
    return pairs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("neighbours")


@pytest.fixture(scope="module")
def model(folder: Path) -> dragoman.Model:
    options = dragoman.TrainOptions(settings=SETTINGS, task="normalise")
    return dragoman.train(text(1), folder / "model", options)


def test_neighbours_on_both_sides_decide(model: dragoman.Model):
    assert model.evaluate(text(2, 300)).scores["accuracy"].score > 95


def test_the_end_of_a_text_is_known(model: dragoman.Model):
    """Between lines 2 and 3 a blank one stood: "so" says nothing of what comes after it."""
    pairs = [Pair("ba", "ba"), Pair("so", "so"), Pair("ba", "ba"), Pair("end", "end")]
    told = Corpus([*pairs[:2], Pair("do", "do")], [1, 2, 4], "text")
    assert model.evaluate_with_outputs(told)[0] == ["ba", "so", "do"]
    joined = Corpus(told.pairs, [1, 2, 3], "text")
    assert model.evaluate_with_outputs(joined)[0] == ["ba", "so", "Do"]


def test_lines_of_a_file_are_read_together_and_words_of_a_list_alone(
    model: dragoman.Model, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
):
    pairs = text(3, 60)
    (folder / "words.txt").write_text("".join(f"{one.src}\n" for one in pairs), encoding="utf-8")
    words = [one.src for one in pairs]
    wanted = model.translate(words, TranslateOptions(around=model.around(words)))
    assert main(["translate", str(model.folder), "--input", str(folder / "words.txt")]) == 0
    assert capfdbinary.readouterr().out.decode().split() == [one.text for one in wanted]
    assert main(["translate", str(model.folder), "so", "mi"]) == 0
    assert capfdbinary.readouterr().out.decode().split() == ["so", "Mi"]
    assert model.translate(["so", "mi"])[1] == model.translate("mi")
    assert main(["export", str(model.folder), "--to", str(folder / "bundle")]) == 0
    capfdbinary.readouterr()
    assert main(["translate", str(folder / "bundle"), "--input", str(folder / "words.txt")]) == 0
    assert capfdbinary.readouterr().out.decode().split() == [one.text for one in wanted]


def test_it_votes(model: dragoman.Model):
    words = ["so", "mi", "end"]
    both = dragoman.ensemble([model, model])
    found = both.translate(words, TranslateOptions(around=both.around(words)))
    assert [one.text for one in found] == ["so", "Mi", "end"]


def test_a_training_that_was_cut_off_ends_in_the_same_weights(model: dragoman.Model, folder: Path):
    class Stop(Callback):
        def on_step(self, record: StepRecord) -> None:
            if record.step == 70:
                raise KeyboardInterrupt

    options = dragoman.TrainOptions(settings=SETTINGS, task="normalise", callbacks=[Stop()])
    with pytest.raises(KeyboardInterrupt):
        dragoman.train(text(1), folder / "again", options)
    options = dragoman.TrainOptions(settings=SETTINGS, task="normalise", resume=True)
    dragoman.train(text(1), folder / "again", options)
    name = "model.safetensors"
    assert (folder / "again" / name).read_bytes() == (model.folder / name).read_bytes()


def test_a_model_that_reads_alone_refuses_neighbours(model: dragoman.Model, folder: Path):
    model.translator.context_words = 0
    try:
        with pytest.raises(InputError, match=r"model\.context_words"):
            model.translate(["so"], TranslateOptions(around=[("", "mi")]))
    finally:
        model.translator.context_words = 1


def test_running_text_is_recognised():
    from dragoman.tasks import TASKS

    suggest = TASKS["normalise"].suggest
    assert suggest(text(4, 3000)).values["model"]["context_words"] == 3
    listed = [Pair(f"so{n}", f"So{n}") for n in range(3000)]
    assert "context_words" not in suggest(listed).values["model"]
