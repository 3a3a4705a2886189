"""Dropout: off in use, one mask for all steps of a sentence while training."""

import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.nn.dropout import VariationalDropout, WordDropout
from dragoman.nn.model import Seq2Seq

SRC = torch.tensor([[5, 6, 7, 3], [8, 9, 3, 0]])
TGT = torch.tensor([[2, 5, 6], [2, 7, 8]])


def model_of(**choices):
    torch.manual_seed(1)
    sizes = {"embedding_size": 6, "hidden_size": 8, "dropout": 0.0}
    return Seq2Seq(ModelConfig(**{**sizes, **choices}), 12, 12)


def test_variational_dropout_drops_the_same_features_at_every_step():
    torch.manual_seed(1)
    dropped = VariationalDropout(0.25)(torch.ones(200, 5, 40))
    assert (dropped == dropped[:, :1]).all()
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert len({tuple(row[0].tolist()) for row in dropped}) > 190


def test_word_dropout_drops_whole_words():
    torch.manual_seed(1)
    dropped = WordDropout(0.25)(torch.ones(200, 40, 5))
    assert (dropped == dropped[:, :, :1]).all()
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("kind", [VariationalDropout, WordDropout])
def test_dropout_is_off_in_use(kind):
    x = torch.randn(3, 4, 5)
    assert kind(0.5).eval()(x) is x
    assert kind(0.0).train()(x) is x


RATES = ["dropout", "embedding_dropout", "output_dropout", "word_dropout", "tgt_word_dropout"]


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("input_feeding", [False, True])
def test_each_kind_is_on_in_training_alone(name, input_feeding):
    layers = {"encoder_layers": 2, "decoder_layers": 2}
    model = model_of(**{name: 0.5}, **layers, input_feeding=input_feeding)
    plain = model_of(**layers, input_feeding=input_feeding)
    plain.load_state_dict(model.state_dict())
    with torch.no_grad():
        wanted = plain(SRC, TGT).outputs
        assert torch.equal(model.eval()(SRC, TGT).outputs, wanted)
        model.train()
        assert not torch.allclose(model(SRC, TGT).outputs, wanted)


def test_words_of_one_side_alone_can_be_dropped():
    """Those of the source leave what the decoder reads as it is, and the other way round."""
    for src, tgt in ((0.9, 0.0), (0.0, 0.9)):
        model = model_of(word_dropout=src, tgt_word_dropout=tgt, attention="none").train()
        read: list[torch.Tensor] = []
        model.encoder.register_forward_pre_hook(lambda _, args, read=read: read.append(args[0]))
        sequence = model.decoder.sequence
        model.decoder.sequence = lambda x, state, f=sequence, read=read: (
            read.append(x),
            f(x, state),
        )[1]
        model(SRC, TGT)
        dropped = [bool((x == 0).all(dim=2).any()) for x in read]
        assert dropped == [src > 0, tgt > 0]
    assert model_of(word_dropout=0.3).tgt_word_dropout.rate == 0.3


def test_dropout_stands_in_for_what_is_not_said():
    model = model_of(dropout=0.4)
    assert model.embedding_dropout.rate == model.output_dropout.rate == 0.4
    model = model_of(dropout=0.4, embedding_dropout=0.1, output_dropout=0.2)
    assert (model.embedding_dropout.rate, model.output_dropout.rate) == (0.1, 0.2)
    assert model.encoder.dropout.rate == model.decoder.dropout.rate == 0.4


@pytest.mark.parametrize("input_feeding", [False, True])
def test_one_mask_holds_for_all_steps_of_a_target(input_feeding):
    """Between the decoder's layers too: what it drops of a sentence it drops at every step."""
    others_off = {"embedding_dropout": 0.0, "output_dropout": 0.0}
    model = model_of(decoder_layers=2, dropout=0.5, **others_off, input_feeding=input_feeding)
    seen = []
    decoder = model.train().decoder
    lower, upper = decoder.layers

    def watch(cell, method):
        plain = getattr(cell, method)

        def watched(x, *rest):
            seen.append((cell, x.detach()))
            return plain(x, *rest)

        setattr(cell, method, watched)

    for cell in (lower, upper):
        watch(cell, "step")
        watch(cell, "sequence")
    tgt = torch.randint(4, 12, (2, 6))
    model(SRC, tgt)
    inputs = [x if x.dim() == 3 else x[:, None] for cell, x in seen if cell is upper]
    dropped = torch.cat(inputs, dim=1) == 0
    assert dropped.shape == (2, 6, 8)
    assert dropped.any()
    assert (dropped == dropped[:, :1]).all()
