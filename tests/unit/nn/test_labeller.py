"""The network that labels: a text's labels do not depend on padding, nor on its company."""

from itertools import product

import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.data.batches import pad_sources
from dragoman.nn.heads import HEADS
from dragoman.nn.labeller import Labeller, TorchEmitter
from dragoman.nn.readers import READERS, WordReader

SPACE = 4
# Three words, one, two.
TEXTS = [[4, 7, 8, 4, 9, 4, 7, 8], [4, 5, 5, 5, 5, 10], [4, 8, 7, 4, 9]]
COMBINATIONS = list(product(READERS, HEADS))


def make(reader, head, **settings):
    config = ModelConfig(
        embedding_size=8, hidden_size=10, word_buckets=50, reader=reader, head=head, **settings
    )
    torch.manual_seed(1)
    model = Labeller(config, 12, 5, SPACE)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return model.eval()


@pytest.mark.parametrize(("reader", "head"), COMBINATIONS)
class TestEveryCombination:
    @pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
    def test_no_text_depends_on_its_company(self, reader, head, cell):
        emitter = TorchEmitter(make(reader, head, cell=cell, encoder_layers=2))
        together = emitter.emit(np.pad(pad_sources(TEXTS), ((0, 0), (0, 3))))
        for row, text in enumerate(TEXTS):
            alone = emitter.emit(pad_sources([text]))
            places = alone.mask.shape[1]
            assert alone.mask.all()
            assert together.mask[row].sum() == places
            assert together.scores[row, :places] == pytest.approx(alone.scores[0], abs=1e-5)
            if alone.weights is not None:
                assert together.weights[row].sum() == pytest.approx(1)

    def test_places(self, reader, head):
        mask = TorchEmitter(make(reader, head)).emit(pad_sources(TEXTS)).mask
        lengths = [3, 1, 2] if reader == "words" else [8, 6, 5]
        wanted = lengths if HEADS[head].per_word else [1, 1, 1]
        assert mask.sum(axis=1).tolist() == wanted

    def test_gradients_reach_every_weight(self, reader, head):
        model = make(reader, head)
        found = model(torch.from_numpy(pad_sources(TEXTS)))
        gold = torch.arange(found.mask.numel()).view(found.mask.shape) % 5
        model.head.loss(found, gold, 0.0).smoothed.backward()
        for name, weight in model.named_parameters():
            assert weight.grad is not None, name
            assert torch.isfinite(weight.grad).all()
            assert weight.grad.abs().max() > 0, name


class TestWordReader:
    """Half of a vector is made of pieces, the other of letters."""

    def read(self, *texts):
        model = make("words", "crf")
        return model.reader(torch.from_numpy(pad_sources(texts)))

    def test_a_words_pieces_are_the_same_wherever_it_stands(self):
        pieces = self.read(*TEXTS).vectors[..., :4]
        torch.testing.assert_close(pieces[0, 0], pieces[0, 2])
        torch.testing.assert_close(pieces[0, 1], pieces[2, 1])
        assert not torch.allclose(pieces[0, 0], pieces[2, 0]), "ab is not ba"

    def test_a_word_is_the_mean_of_itself_and_its_n_grams(self):
        reader = WordReader(ModelConfig(embedding_size=8, word_buckets=5000), 40, SPACE)
        with torch.no_grad():
            reader.pieces.weight.fill_(1.0)
        src = torch.from_numpy(pad_sources([[4, 7, 8, 9, 10], [4, 11]]))
        torch.testing.assert_close(reader(src).vectors[..., :4], torch.ones(2, 1, 4))
        reader(src).vectors[..., 0].sum().backward()
        # " abcd ": the word, and 5 + 4 + 3 n-grams; " a ": the word, and 2 + 1.
        touched = reader.pieces.weight.grad[:, 0]
        assert sorted(touched[touched > 0].tolist()) == pytest.approx([1 / 13] * 13 + [1 / 4] * 4)

    def test_words_that_were_never_seen_have_a_spelling(self):
        reader = WordReader(ModelConfig(embedding_size=8), 40, SPACE)
        vectors = reader(torch.from_numpy(pad_sources([[4, 7, 8, 4, 9]]))).vectors[0]
        assert float(vectors[:, :4].detach().abs().sum()) == 0
        assert not torch.allclose(vectors[0, 4:], vectors[1, 4:])

    def test_few_words_share_a_row(self):
        reader = WordReader(ModelConfig(embedding_size=8, word_buckets=2**20), 40, SPACE)
        with torch.no_grad():
            reader.pieces.weight.normal_()
        random = np.random.default_rng(1)
        words = {tuple(random.integers(5, 40, random.integers(1, 7))) for _ in range(2000)}
        text = [one for word in sorted(words) for one in (SPACE, *map(int, word))]
        vectors = reader(torch.from_numpy(pad_sources([text]))).vectors[0, :, :4]
        assert len(torch.unique(vectors.detach(), dim=0)) > 0.99 * len(words)

    def test_word_dropout_leaves_the_pieces(self):
        model = make("words", "crf", word_dropout=0.99)
        src = torch.from_numpy(pad_sources(TEXTS))
        calm = model.reader(src).vectors
        model.reader.train()
        torch.manual_seed(1)
        shaken = model.reader(src).vectors
        assert torch.equal(calm[..., 4:], shaken[..., 4:])
        assert not torch.allclose(calm[0, 0, :4], shaken[0, 0, :4])
        assert float(shaken[0, 0, :4].detach().abs().sum()) > 0

    def test_it_needs_to_know_the_space(self):
        with pytest.raises(ValueError, match="begins a word"):
            WordReader(ModelConfig(), 12, None)
