"""A tagger and a classifier learn a rule in seconds, from files to figures."""

import json
import random

import pytest
import torch

import dragoman
from dragoman.api import TrainOptions
from dragoman.cli.main import main
from dragoman.errors import DataError, InputError
from dragoman.training.callbacks import Callback

pytestmark = pytest.mark.usefixtures("unchecked")

FIRST, LAST, PLACES = ["Anna", "Boris", "Dora"], ["Bauer", "Klee", "Smith"], ["Rome", "Oslo"]
OTHERS = ["sees", "meets", "the", "a", "cat", "dog"]
SMALL = (
    "training.threads=1",
    "training.ema_decay=0.9",
    "model.hidden_size=32",
    "model.embedding_size=32",
    "model.dropout=0.1",
    "training.learning_rate=0.01",
    "training.batch_tokens=150",
)


def sentence(rng):
    found = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.random()
        if kind < 0.3:
            found.append((rng.choice(FIRST), "B-PER"))
            found += [(rng.choice(LAST), "I-PER")] * (rng.random() < 0.5)
        elif kind < 0.6:
            found += [("in", "O"), (rng.choice(PLACES), "B-LOC")]
        else:
            found.append((rng.choice(OTHERS), "O"))
    return found


def conll(seed, number):
    rng = random.Random(seed)
    rows = ["".join(f"{word}\t{label}\n" for word, label in sentence(rng)) for _ in range(number)]
    return "\n".join(rows)


def reviews(seed, number):
    rng = random.Random(seed)
    rows = []
    for _ in range(number):
        good = rng.random() < 0.5
        words = [
            rng.choice(["the", "a", "film", "was", "plot", "it"]) for _ in range(rng.randint(2, 6))
        ]
        word = rng.choice(["lovely", "great"] if good else ["awful", "sad"])
        words.insert(rng.randint(0, len(words)), word)
        rows.append(f"{' '.join(words)}\t{'very good' if good else 'bad'}\n")
    return "".join(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    (folder / "train.conll").write_text(conll(1, 250))
    (folder / "test.conll").write_text(conll(2, 60))
    (folder / "train.tsv").write_text(reviews(1, 300))
    (folder / "test.tsv").write_text(reviews(2, 60))
    return folder


def options(task, *settings, **others):
    return TrainOptions(task=task, settings=[*SMALL, *settings], **others)


@pytest.fixture(scope="module")
def tagger(folder):
    return dragoman.train(
        folder / "train.conll", folder / "tagger", options("tag", "training.epochs=5")
    )


@pytest.fixture(scope="module")
def classifier(folder):
    return dragoman.train(
        folder / "train.tsv", folder / "classifier", options("classify", "training.epochs=5")
    )


class TestTagger:
    def test_it_learns(self, tagger, folder, capsys):
        assert main(["evaluate", str(tagger.folder), str(folder / "test.conll"), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["f1"] > 95
        assert found["accuracy"] > 95
        assert "average:micro" in found["signatures"]["f1"]
        # Sentences that occur twice count twice.
        assert found["num_sentences"] == 60

    def test_it_reads_names_it_never_saw(self, tagger):
        assert tagger.translate("Anna Bauerle sees Oslo").tokens[0] == "B-PER"

    def test_predict_is_translate(self, tagger, capsys):
        outputs = []
        for command in ("predict", "translate"):
            assert main([command, str(tagger.folder), "Anna Klee in Oslo"]) == 0
            outputs.append(capsys.readouterr().out)
        assert outputs[0] == outputs[1] == "B-PER I-PER O B-LOC\n"

    def test_probabilities(self, tagger):
        found = tagger.translate("Dora Smith meets the cat in Rome")
        assert len(found.tokens) == len(found.probabilities) == 7
        assert found.log_prob == pytest.approx(tagger.score(found.source, found.text), abs=1e-5)
        assert tagger.score(found.source, " ".join(["O"] * 7)) < found.log_prob

    def test_what_it_cannot_do_is_said(self, tagger, capsys):
        with pytest.raises(InputError, match="labels what it reads"):
            tagger.trace("Anna")
        assert main(["translate", str(tagger.folder), "Anna", "--sample"]) == 2
        assert "sampling: this model labels" in capsys.readouterr().err
        assert main(["translate", str(tagger.folder), "Anna", "--beam", "4"]) == 0

    def test_an_ensemble_of_one_is_itself(self, tagger):
        text = "Anna Klee in Oslo"
        both = dragoman.ensemble([tagger, tagger]).translate(text)
        assert both.probabilities == pytest.approx(tagger.translate(text).probabilities)

    def test_a_loaded_model_is_the_same(self, tagger):
        text = "Anna Klee in Oslo"
        again = dragoman.load(tagger.folder)
        assert again.translate(text) == tagger.translate(text)
        assert "head: crf" in again.describe()

    def test_pairs_in_memory_must_be_aligned(self, tmp_path):
        with pytest.raises(DataError, match="pair 2 has 1 words and 2 labels"):
            dragoman.train([("a b", "X Y"), ("a", "X Y")], tmp_path / "out", options("tag"))


class Stop(Callback):
    def __init__(self, step):
        self.step = step

    def on_step(self, record):
        if record.step == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("task", "name"), [("tag", "train.conll"), ("classify", "train.tsv")])
def test_resumed_it_ends_in_the_same_weights(folder, tmp_path, task, name, precision):
    settings = ("training.steps=12", "training.validate_every=4", f"training.precision={precision}")
    whole = dragoman.train(folder / name, tmp_path / "whole", options(task, *settings))
    stopping = options(task, *settings, callbacks=[Stop(7)])
    with pytest.raises(KeyboardInterrupt):
        dragoman.train(folder / name, tmp_path / "parts", stopping)
    again = options(task, *settings, resume=True)
    parts = dragoman.train(folder / name, tmp_path / "parts", again)
    one, other = (model.translator.emitter.model.state_dict() for model in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_by_the_clock(folder, tmp_path):
    model = dragoman.train(
        folder / "train.tsv", tmp_path / "timed", options("classify", minutes=0.03)
    )
    assert model.config.training.steps > 0


class TestClassifier:
    def test_it_learns(self, classifier, folder, capsys):
        test = str(folder / "test.tsv")
        assert main(["evaluate", str(classifier.folder), test, "--json", "--no-bootstrap"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["accuracy"] > 95
        assert found["macro_f1"] > 95
        assert set(found["confusion"]["labels"]) == {"very good", "bad"}
        assert sum(map(sum, found["confusion"]["counts"])) == 60
        assert (classifier.folder / "confusion.png").read_bytes().startswith(b"\x89PNG")

    def test_the_picture_goes_where_it_is_wanted(
        self, classifier, tagger, folder, tmp_path, capsys
    ):
        picture = tmp_path / "here.svg"
        words = ["evaluate", str(classifier.folder), str(folder / "test.tsv")]
        assert main([*words, "--confusion", str(picture)]) == 0
        assert picture.exists()
        words = ["evaluate", str(tagger.folder), str(folder / "test.conll")]
        assert main([*words, "--confusion", str(picture)]) == 2
        assert "only models that classify" in capsys.readouterr().err

    def test_it_says_what_it_looked_at(self, classifier):
        found = classifier.translate("the plot was great")
        assert found.text == "very good"
        assert found.src_tokens == ("the", "plot", "was", "great")
        assert found.attention.shape == (1, 4)
        assert found.attention.sum() == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize(
        "settings",
        [
            ["model.head=last"],
            ["model.reader=tokens", "text.src_tokenizer=word", "model.cell=gru"],
        ],
    )
    def test_other_parts(self, folder, tmp_path, settings):
        chosen = options("classify", "training.epochs=5", *settings)
        model = dragoman.train(folder / "train.tsv", tmp_path / "out", chosen)
        found = model.evaluate(model.read(folder / "test.tsv").pairs)
        assert found.scores["accuracy"].score > 90
