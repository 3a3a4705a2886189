"""Cells one after another between two tokens, against PyTorch's; and states that stay as they were."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from dragoman.config import ModelConfig
from dragoman.nn.cells import make_cell
from dragoman.nn.deep import DeepCell
from dragoman.nn.model import Seq2Seq

TORCH = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


def deep(kind="lstm", **choices):
    torch.manual_seed(3)
    return make_cell(kind, ModelConfig(**choices), 3, 4)


def states(cell, batch=2):
    return torch.randn(batch, 4), torch.randn(batch, 4) if cell.has_memory else None


@pytest.mark.parametrize("kind", list(TORCH))
def test_further_cells_read_zeros(kind):
    """cell_k(0, s_k-1): whatever PyTorch's cell would make of an input, there is none."""
    cell = deep(kind, transitions=3)
    x, (h, c) = torch.randn(2, 3), states(cell)
    wanted = h if c is None else (h, c)
    for number, one in enumerate(cell.cells):
        other = TORCH[kind](3, 4)
        with torch.no_grad():
            other.weight_hh.copy_(one.weight_hh)
            other.bias_ih.copy_(one.bias_ih)
            other.bias_hh.copy_(one.bias_hh)
            if not number:
                other.weight_ih.copy_(one.weight_ih)
        wanted = other(torch.zeros(2, 3) if number else x, wanted)
    output, found = cell.step(x, (h, c))
    assert output is found[0]
    wanted = (wanted, None) if c is None else wanted
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("transitions", [1, 2])
def test_in_use_zoneout_mixes_the_old_state_with_the_new(transitions):
    cell, plain = (deep(transitions=transitions, zoneout=z) for z in (0.25, 0.0))
    cell.eval()
    x, (h, c) = torch.randn(2, 3), states(cell)
    _, (new_h, new_c) = plain.step(x, (h, c))
    output, found = cell.step(x, (h, c))
    assert output is found[0]
    torch.testing.assert_close(found, (0.25 * h + 0.75 * new_h, 0.25 * c + 0.75 * new_c))


def test_while_training_each_unit_stays_or_goes_on():
    """About as often as asked, at each step anew, h and c apart."""
    cell, plain = (deep(zoneout=z) for z in (0.25, 0.0))
    x, before = torch.randn(2000, 3), states(cell, 2000)
    _, new = plain.step(x, before)
    stayed = []
    for _ in range(2):
        _, after = cell.step(x, before)
        for one, old, fresh in zip(after, before, new, strict=True):
            assert ((one == old) | (one == fresh)).all()
            stayed.append(one == old)
    for one in stayed:
        assert one.float().mean().item() == pytest.approx(0.25, abs=0.02)
    for one, other in pairwise(stayed):
        assert (one & other).float().mean().item() == pytest.approx(0.25**2, abs=0.02)


def test_a_recipe_deepens_the_cells_that_can_be():
    sizes = {"embedding_size": 6, "hidden_size": 8, "weight_dropout": 0.25, "zoneout": 0.1}
    network = Seq2Seq(ModelConfig(**sizes, transitions=2, decoder_cell="ssru"), 9, 9)
    encoder = [cell for cell in network.encoder.modules() if isinstance(cell, DeepCell)]
    assert [(len(cell.cells), cell.zoneout) for cell in encoder] == [(2, 0.1)] * 2
    assert {one.weight_dropout for cell in encoder for one in cell.cells} == {0.25}
    assert not any(isinstance(cell, DeepCell) for cell in network.decoder.modules())


def test_the_same_weights_are_dropped_at_every_step():
    """Of each of the cells' maps."""
    cell = deep("rnn", transitions=2, weight_dropout=0.5)
    with torch.no_grad():
        for one in cell.cells:
            one.weight_hh.mul_(0.4)
            one.bias_hh.fill_(1.0)
    outputs, _ = cell.sequence(torch.zeros(1, 40, 3), (torch.ones(1, 4), None))
    # A contraction comes to rest, which it would not with other weights at each step.
    torch.testing.assert_close(outputs[:, -1], outputs[:, -2])
