"""A bundle that labels says what its torch model says, whatever it is made of."""

from itertools import product

import numpy as np
import onnx
import pytest
import torch

from dragoman.config import Config, ModelConfig, TextConfig
from dragoman.contracts.tiny import plant, stir
from dragoman.data.batches import pad_sources
from dragoman.export import ExportOptions, write_bundle
from dragoman.export.cells import CELLS
from dragoman.export.labelling import HEADS as WRITTEN_HEADS
from dragoman.export.readers import READERS as WRITTEN_READERS
from dragoman.loading import load
from dragoman.nn.heads import HEADS
from dragoman.nn.labeller import Labeller, TorchEmitter
from dragoman.nn.readers import READERS
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleEmitter
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions

TEXTS = [
    "anna lives in bonn",
    "o",
    "a b",
    "한글 ok 🙂",
    "abracadabra abracadabra",
    "z y xw vut srqp onml",
]
LABELS = ["B-PER", "I-PER", "B-LOC", "O"]
NETWORKS = [
    {"reader": reader, "head": head, "cell": cell}
    for (reader, head), cell in zip(product(READERS, HEADS), list(CELLS) * 3, strict=False)
]


def make(choice, tmp_path, *, int8=False):
    config = ModelConfig(
        embedding_size=8, hidden_size=12, dropout=0.0, encoder_layers=2, word_buckets=50, **choice
    )
    per_word = HEADS[config.head].per_word
    name = "char" if config.reader == "words" or not per_word else "spaced"
    src = Tokenizer.train(TEXTS[:3], TokenizerOptions(name, 60))
    tgt = Tokenizer.train(LABELS, TokenizerOptions("spaced" if per_word else "whole", 60))
    plant(3)
    network = Labeller(config, src.vocab_size, len(LABELS), src.id_of("▁"))
    stir(network)
    text = TextConfig(src_tokenizer=name, tgt_tokenizer="spaced" if per_word else "whole")
    settings = Config(model=config, text=text)
    write_bundle(network, settings, (src, tgt), tmp_path, ExportOptions(int8))
    sources = pad_sources([ids for ids in src.encode_batch(TEXTS) if ids])
    return network.eval(), sources


def test_every_part_can_be_written():
    assert set(WRITTEN_READERS) == set(READERS)
    assert set(WRITTEN_HEADS) == set(HEADS)


@pytest.mark.parametrize("choice", NETWORKS, ids=lambda choice: "-".join(choice.values()))
def test_the_bundle_scores_as_torch_does(choice, tmp_path):
    network, sources = make(choice, tmp_path)
    wanted, emitter = TorchEmitter(network), BundleEmitter(read_bundle(tmp_path))
    found, right = emitter.emit(sources), wanted.emit(sources)
    np.testing.assert_array_equal(found.mask, right.mask)
    np.testing.assert_allclose(found.scores[found.mask], right.scores[right.mask], atol=1e-4)
    assert (found.weights is None) == (right.weights is None)
    if found.weights is not None:
        np.testing.assert_allclose(found.weights, right.weights, atol=1e-5)
    transitions, known = emitter.transitions(), wanted.transitions()
    assert (transitions is None) == (known is None)
    for one, other in zip(transitions or (), known or (), strict=True):
        np.testing.assert_allclose(one, other)
    onnx.checker.check_model(tmp_path / "labeller.onnx", full_check=True)


@pytest.mark.parametrize("choice", NETWORKS, ids=lambda choice: "-".join(choice.values()))
def test_int8_is_close_and_does_not_depend_on_company(choice, tmp_path):
    network, sources = make(choice, tmp_path, int8=True)
    emitter = BundleEmitter(read_bundle(tmp_path))
    together, right = emitter.emit(sources), TorchEmitter(network).emit(sources)
    spread = right.scores[right.mask].std()
    assert np.abs(together.scores - right.scores)[right.mask].mean() < 0.1 * spread
    for row, source in enumerate(sources):
        alone = emitter.emit(source[None, source > 0])
        count = int(together.mask[row].sum())
        assert int(alone.mask.sum()) == count
        np.testing.assert_allclose(alone.scores[0, :count], together.scores[row, :count], atol=1e-5)


def test_a_model_of_labels_works_without_torch(tmp_path):
    make({"reader": "words", "head": "crf"}, tmp_path)
    model = load(tmp_path)
    found = model.translate(["anna lives in bonn", ""])
    assert len(found[0].tokens) == 4
    assert set(found[0].tokens) <= set(LABELS)
    assert found[1].text == ""
    assert model.score("anna", found[0].tokens[0]) <= 0


def test_hashes_that_overflow_are_the_same(tmp_path):
    """Long words of rare letters: their codes wrap around 64 bits, of either sign."""
    network, _ = make({"reader": "words", "head": "softmax"}, tmp_path)
    plant(9)
    size = network.reader.characters.num_embeddings
    src = torch.randint(4, size, (40, 30))
    src[:, 0] = network.reader.space
    src[:, -1] = 3
    right = TorchEmitter(network).emit(src.numpy())
    found = BundleEmitter(read_bundle(tmp_path)).emit(src.numpy())
    np.testing.assert_allclose(found.scores[found.mask], right.scores[right.mask], atol=1e-4)
