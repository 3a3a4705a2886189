"""The calls of the README, on a corpus small enough to learn in seconds."""

import hashlib
import json

import pytest
import torch

import dragoman
from dragoman.api import TrainOptions
from dragoman.errors import CheckpointError, ConfigError, DataError, ModelError

pytestmark = pytest.mark.usefixtures("unchecked")

PAIRS = [(f"{a} {b} {c}", f"{c} {b} {a}") for a in "abcdef" for b in "ghijkl" for c in "mnopqr"]
SETTINGS = [
    "text.tokenizer=word",
    "model.hidden_size=48",
    "model.embedding_size=24",
    "model.dropout=0.0",
    "training.epochs=30",
    "training.batch_tokens=200",
    "training.learning_rate=0.01",
    "training.ema_decay=0.9",
    "training.threads=1",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    out = tmp_path_factory.mktemp("models") / "reverse"
    return dragoman.train(PAIRS, out, TrainOptions(settings=SETTINGS))


def test_it_learns_to_reverse(model):
    result = model.evaluate(PAIRS)
    assert result.scores["exact_match"].score > 95
    assert model.translate("a h m").text == "m h a"


def test_translation_carries_what_it_promises(model):
    found = model.translate("a h m", beam_size=4)
    assert found.tokens[-1] == "<eos>"
    assert found.src_tokens == ("a", "h", "m", "<eos>")
    assert len(found.probabilities) == len(found.tokens)
    assert found.attention.shape == (len(found.tokens), len(found.src_tokens))
    assert found.attention.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found.log_prob == pytest.approx(model.score("a h m", found.text), abs=1e-4)
    many = model.translate("a h m", dragoman.TranslateOptions(nbest=3))
    assert len(many.alternatives) == 2
    assert many.score >= many.alternatives[0].score >= many.alternatives[1].score
    assert json.loads(json.dumps(many.to_dict()))["text"] == many.text
    assert "m h a" in found._repr_html_()


def test_no_sentence_depends_on_its_company(model):
    texts = ["a", "a h m", "f l r b h m c", "", "unknown words only"]
    together = model.translate(texts)
    assert [one.text for one in together] == [model.translate(text).text for text in texts]
    assert together[3].text == ""


def test_a_loaded_model_translates_alike(model):
    again = dragoman.load(model.folder)
    texts = [src for src, _ in PAIRS[:20]]
    assert [t.text for t in again.translate(texts)] == [t.text for t in model.translate(texts)]
    assert model.info()["num_bytes"] < 4 * model.info()["num_weights"] + 100_000


def test_trace_replays_the_greedy_output(model):
    trace = model.trace("b g n")
    assert trace.tgt_text == model.translate("b g n", beam_size=1).text
    assert trace.log_prob == pytest.approx(model.score("b g n", trace.tgt_text), abs=1e-4)
    for step in trace.steps:
        total = sum(one.probability for one in step.candidates) + step.rest
        assert total == pytest.approx(1, abs=1e-6)


def test_resolved_settings_give_the_same_weights(model, tmp_path):
    recipe = model.folder / "resolved.toml"
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{src}\t{tgt}\n" for src, tgt in PAIRS), encoding="utf-8")
    options = TrainOptions(settings=[f"data.train={pairs}"])
    again = dragoman.train(recipe, tmp_path / "again", options)
    assert digest(again.folder) == digest(model.folder)


def digest(folder):
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_a_model_is_never_written_over(model):
    with pytest.raises(ConfigError, match="holds a model already"):
        dragoman.train(PAIRS, model.folder)
    with pytest.raises(CheckpointError, match="finished"):
        dragoman.train(PAIRS, model.folder, TrainOptions(settings=SETTINGS, resume=True))


def test_nothing_to_train_on(tmp_path):
    with pytest.raises(DataError, match="no pairs"):
        dragoman.train([], tmp_path / "out")


def test_faults_of_a_model_folder(model, tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        dragoman.load(tmp_path / "none")
    with pytest.raises(ModelError, match="not a model folder"):
        dragoman.load(tmp_path)


def test_training_leaves_torch_as_inference_needs_it(model):
    assert not model.translator.stepper.model.training
    assert all(
        torch.isfinite(weight).all() for weight in model.translator.stepper.model.parameters()
    )
