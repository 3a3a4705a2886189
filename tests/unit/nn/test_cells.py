"""The cells, computed by hand, and against PyTorch's own networks with the same weights."""

import math

import pytest
import torch
from torch import nn

from dragoman.config import ModelConfig
from dragoman.nn.cell import Cell, weights_dropped
from dragoman.nn.cells import CELLS
from dragoman.nn.encoders import RecurrentEncoder
from dragoman.nn.model import Seq2Seq

TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
LENGTHS = [5, 1, 3, 7]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def one_unit(name: str, w: list[float], u: list[float], b: list[float], b_u: list[float]) -> Cell:
    """A cell of one unit with one input: a weight a gate."""
    cell = CELLS[name](1, 1)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(w)[:, None])
        cell.weight_hh.copy_(torch.tensor(u)[:, None])
        cell.bias_ih.copy_(torch.tensor(b))
        cell.bias_hh.copy_(torch.tensor(b_u))
    return cell


X, H, C = torch.tensor([[2.0]]), torch.tensor([[0.5]]), torch.tensor([[-1.0]])


def test_elman_step_by_hand():
    # 0.5 * 2 + -1 * 0.5 + 0.1 + 0.2 = 0.8; tanh(0.8) = 0.66403677
    cell = one_unit("rnn", [0.5], [-1.0], [0.1], [0.2])
    h, (carried, c) = cell.step(X, (H, None))
    assert carried is h
    assert h.item() == pytest.approx(0.66403677, abs=1e-6)
    assert c is None


def test_gru_step_by_hand():
    # r = sigmoid(0.5 * 2 + 1 * 0.5 - 1.5)               = sigmoid(0) = 0.5
    # z = sigmoid(1 * 2 - 2 * 0.5 + 0.3 + 0.086294...)   = sigmoid(log 4) = 0.8
    # n = tanh(0.25 * 2 + 0.1 + 0.5 * (2 * 0.5 - 0.4))   = tanh(0.9) = 0.71629787
    # h' = 0.2 * 0.71629787 + 0.8 * 0.5                  = 0.54325957
    rest = math.log(4) - 1.3
    cell = one_unit("gru", [0.5, 1.0, 0.25], [1.0, -2.0, 2.0], [-1.5, 0.3, 0.1], [0.0, rest, -0.4])
    h, (carried, c) = cell.step(X, (H, None))
    assert carried is h
    assert h.item() == pytest.approx(0.54325957, abs=1e-6)
    assert c is None


def test_lstm_step_by_hand():
    # i = sigmoid(1 * 2 - 4 * 0.5)                  = sigmoid(0) = 0.5
    # f = sigmoid(log(3) + 0 * 2 + 0 * 0.5)         = 0.75
    # g = tanh(0.5 * 2 + 1 * 0.5 - 0.5)             = tanh(1) = 0.76159416
    # o = sigmoid(-log(4))                          = 0.2
    # c' = 0.75 * -1 + 0.5 * 0.76159416             = -0.36920292
    # h' = 0.2 * tanh(-0.36920292) = 0.2 * -0.35329 = -0.07066
    w, u = [1.0, 0.0, 0.5, 0.0], [-4.0, 0.0, 1.0, 0.0]
    cell = one_unit("lstm", w, u, [0.0, math.log(3), -0.25, -math.log(4)], [0.0, 0.0, -0.25, 0.0])
    h, (carried, c) = cell.step(X, (H, C))
    assert carried is h
    assert c is not None
    assert c.item() == pytest.approx(-0.36920292, abs=1e-6)
    assert h.item() == pytest.approx(0.2 * math.tanh(-0.36920292), abs=1e-6)
    assert h.item() == pytest.approx(-0.07066, abs=1e-4)


def test_an_lstm_needs_its_cell_state():
    with pytest.raises(ValueError, match="cell state"):
        CELLS["lstm"](1, 1).step(X, (H, None))
    with pytest.raises(ValueError, match="cell state"):
        CELLS["lstm"](1, 1).sequence(X[:, None], (H, None))


def test_the_forget_gate_starts_open_and_the_recurrence_orthogonal():
    cell = CELLS["lstm"](3, 4)
    assert cell.bias_ih.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    for gate in cell.weight_hh.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.t(), torch.eye(4))


@pytest.mark.parametrize("name", TORCH)
def test_a_step_is_pytorchs(name):
    torch.manual_seed(1)
    cell, other = CELLS[name](3, 4), TORCH[name](3, 4, batch_first=True)
    copy_weights(other, "l0", cell)
    x, h, c = torch.randn(2, 3), torch.randn(2, 4), torch.randn(2, 4)
    state = (h[None], c[None]) if name == "lstm" else h[None]
    _, wanted = other(x[:, None], state)
    _, found = cell.step(x, (h, c if name == "lstm" else None))
    wanted = wanted if name == "lstm" else (wanted,)
    for one, another in zip(found, wanted, strict=False):
        torch.testing.assert_close(one, another[0])


def copy_weights(other: nn.Module, suffix: str, cell: Cell) -> None:
    with torch.no_grad():
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(cell, part).copy_(getattr(other, f"{part}_{suffix}"))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", TORCH)
def test_an_encoder_is_pytorchs_over_packed_sequences(name, layers, bidirectional):
    """Reverse direction and final state are exact under padding."""
    torch.manual_seed(2)
    config = ModelConfig(
        cell=name,
        embedding_size=6,
        hidden_size=8,
        encoder_layers=layers,
        bidirectional=bidirectional,
        dropout=0.0,
    )
    encoder = RecurrentEncoder(config)
    width = 4 if bidirectional else 8
    other = TORCH[name](6, width, layers, batch_first=True, bidirectional=bidirectional)
    for number, layer in enumerate(encoder.layers):
        for direction, cell in enumerate(layer):
            copy_weights(other, f"l{number}{'_reverse' if direction else ''}", cell)
    x = torch.randn(4, 8, 6)
    mask = torch.arange(8)[None] < torch.tensor(LENGTHS)[:, None]
    found = encoder(x, mask)
    packed = nn.utils.rnn.pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    outputs, last = other(packed)
    outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=8)
    torch.testing.assert_close(found.memory[mask], outputs[mask], atol=1e-6, rtol=1e-5)
    h, c = last if name == "lstm" else (last, None)
    torch.testing.assert_close(found.final.h, side_by_side(h, layers), atol=1e-6, rtol=1e-5)
    assert (found.final.c is None) == (c is None)
    if c is not None:
        torch.testing.assert_close(found.final.c, side_by_side(c, layers), atol=1e-6, rtol=1e-5)


def side_by_side(x: torch.Tensor, layers: int) -> torch.Tensor:
    """PyTorch's [layers * directions, batch, width] -> [layers, batch, hidden]."""
    return torch.stack([torch.cat(list(layer), dim=1) for layer in x.chunk(layers)])


@pytest.mark.parametrize("name", CELLS)
def test_a_long_padding_holds_the_state_exactly(name):
    """A hundred steps of padding lose nothing, not even a rounding."""
    torch.manual_seed(3)
    cell = CELLS[name](3, 4)
    x = torch.randn(2, 104, 3)
    mask = torch.arange(104)[None] < torch.tensor([4, 104])[:, None]
    state = (torch.randn(2, 4), torch.randn(2, 4) if cell.has_memory else None)
    _, (h, c) = cell.sequence(x, state, mask)
    _, (short_h, short_c) = cell.sequence(x[:, :4], state, mask[:, :4])
    torch.testing.assert_close(h[0], short_h[0], atol=1e-7, rtol=1e-6)
    if c is not None:
        torch.testing.assert_close(c[0], short_c[0], atol=1e-7, rtol=1e-6)


def test_reversed_source_is_reading_backwards():
    """The memory stays in the source's order; the state is the one after its first word."""
    torch.manual_seed(4)
    sizes = {"embedding_size": 6, "hidden_size": 8, "bidirectional": False, "dropout": 0.0}
    backwards = RecurrentEncoder(ModelConfig(**sizes, reverse_source=True))
    forwards = RecurrentEncoder(ModelConfig(**sizes))
    forwards.load_state_dict(backwards.state_dict())
    x = torch.randn(1, 5, 6)
    padded = torch.cat([x, torch.randn(1, 2, 6)], dim=1)
    found = backwards(padded, torch.arange(7)[None] < 5)
    wanted = forwards(x.flip(1), torch.ones(1, 5, dtype=torch.bool))
    torch.testing.assert_close(found.memory[:, :5], wanted.memory.flip(1))
    torch.testing.assert_close(found.final.h, wanted.final.h)
    torch.testing.assert_close(found.final.c, wanted.final.c)


def scanned(name: str, w: list[float], b: list[float]) -> Cell:
    """A cell of one unit with one input, whose state no matrix reads."""
    cell = CELLS[name](1, 1)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(w)[:, None])
        cell.bias_ih.copy_(torch.tensor(b))
    return cell


def test_ssru_step_by_hand():
    # f = sigmoid(0.5 * 2 - 1) = 0.5;  c' = 0.5 * -1 + 0.5 * (3 * 2)  = 2.5;   h' = relu(2.5)
    # then f = sigmoid(-3 - 1), c' = 0.01798621 * 2.5 - 0.98201379 * 18 = -17.63128272, h' = relu(c') = 0
    cell = scanned("ssru", [0.5, 3.0], [-1.0, 0.0])
    h, (c, rest) = cell.step(X, (C, None))
    assert (h.item(), c.item(), rest) == (2.5, 2.5, None)
    h, (c, _) = cell.step(torch.tensor([[-6.0]]), (c, None))
    assert h.item() == 0.0
    assert c.item() == pytest.approx(-17.63128272, abs=1e-5)


def test_sru_step_by_hand():
    # f = sigmoid(0.25 * 2 + 0.5 * -1) = 0.5;              c' = 0.5 * -1 + 0.5 * (1 * 2) = 0.5
    # r = sigmoid(0.5 * 2 + 1 * -1 + log 3) = 0.75;        h' = 0.75 * 0.5 + 0.25 * (-2 * 2) = -0.625
    cell = scanned("sru", [0.25, 1.0, 0.5, -2.0], [0.0, 0.0, math.log(3), 0.0])
    with torch.no_grad():
        cell.v.copy_(torch.tensor([0.5, 1.0]))
    h, (c, rest) = cell.step(X, (C, None))
    assert c.item() == pytest.approx(0.5)
    assert h.item() == pytest.approx(-0.625)
    assert rest is None


def test_mingru_step_by_hand():
    # z = sigmoid(0.5 * 2 - 1 - log 3) = 0.25;  h' = 0.75 * 0.5 + 0.25 * (1.5 * 2 + 1) = 1.375
    cell = scanned("mingru", [0.5, 1.5], [-1.0 - math.log(3), 1.0])
    h, (carried, rest) = cell.step(X, (H, None))
    assert h.item() == carried.item() == pytest.approx(1.375)
    assert rest is None


def normed(name: str, w: list[float], gains: list[float]) -> Cell:
    """A cell of two units with one input: normalised, W x is 1 and -1, or nothing; a gain a gate."""
    cell = CELLS[name](1, 2)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(w).repeat_interleave(2)[:, None])
        cell.weight_ih[1::2] *= -1
        cell.weight_hh.zero_()
        cell.bias_ih.zero_()
        cell.gain_ih.copy_(torch.tensor(gains).repeat_interleave(2))
    return cell


def test_lnlstm_step_by_hand():
    # i = sigmoid(log 3 * (1, -1)) = (0.75, 0.25);  f = o = 0.5;  g = tanh(atanh 0.8 * (1, -1)) = (0.8, -0.8)
    # c' = 0.5 * (1, 2) + (0.6, -0.2) = (1.1, 0.8);  LN(c') = (1, -1);  h' = 0.5 * tanh(1, -1)
    cell = normed("lnlstm", [3.0, 1.0, 5.0, 1.0], [math.log(3), 0.0, math.atanh(0.8), 0.0])
    h, (carried, c) = cell.step(X, (torch.zeros(1, 2), torch.tensor([[1.0, 2.0]])))
    assert carried is h
    torch.testing.assert_close(c, torch.tensor([[1.1, 0.8]]), atol=1e-4, rtol=0)
    torch.testing.assert_close(h, torch.tensor([[0.380797, -0.380797]]), atol=1e-3, rtol=0)


def test_lngru_step_by_hand():
    # r = 0.5;  z = sigmoid(log 3 * (1, -1)) = (0.75, 0.25);  LN(U_n h) = (1, -1)
    # n = tanh(0.25 * (1, -1) + 0.5 * 0.5 * (1, -1)) = 0.46211716 * (1, -1);  h' = (1 - z) n + z (1, 0)
    cell = normed("lngru", [1.0, 7.0, 2.0], [0.0, math.log(3), 0.25])
    with torch.no_grad():
        cell.weight_hh[4:].copy_(torch.eye(2))
        cell.gain_hh.fill_(0.5)
    h, _ = cell.step(X, (torch.tensor([[1.0, 0.0]]), None))
    torch.testing.assert_close(h, torch.tensor([[0.86552929, -0.34658787]]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["ssru", "sru", "mingru"])
def test_the_gradient_of_a_scan_is_the_slope(name):
    """Its backward is written by hand: held to finite differences, through padding too."""
    torch.manual_seed(5)
    cell = CELLS[name](3, 2).double()
    with torch.no_grad():
        for weight in cell.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.5)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    names = [name for name, _ in cell.named_parameters()]

    def run(x, h, *weights):
        made = dict(zip(names, weights, strict=True))
        outputs, (last, _) = torch.func.functional_call(cell, made, (x, h, mask))
        return outputs[mask], last

    cell.forward = lambda x, h, mask: cell.sequence(x, (h, None), mask)
    x, h = torch.randn(2, 4, 3).double(), torch.randn(2, 2).double()
    inputs = [one.detach().requires_grad_() for one in (x, h, *cell.parameters())]
    assert torch.autograd.gradcheck(run, inputs)


def test_weights_are_dropped_once_for_a_whole_target():
    """Some of U only, others scaled up; the same at each step; none in use."""
    torch.manual_seed(6)
    cell = CELLS["lstm"](3, 16)
    cell.weight_dropout = 0.5
    with weights_dropped(cell):
        used = cell.recurrent_map
        assert cell.recurrent_map is used
        dropped = used == 0
        assert 0.4 < dropped.float().mean() < 0.6
        torch.testing.assert_close(used[~dropped], 2 * cell.weight_hh[~dropped])
        x, state = torch.randn(2, 5, 3), (torch.zeros(2, 16), torch.zeros(2, 16))
        outputs, _ = cell.sequence(x, state)
        for step in range(5):
            output, state = cell.step(x[:, step], state)
            torch.testing.assert_close(output, outputs[:, step])
    assert not torch.equal(cell.recurrent_map, used)
    assert torch.equal(cell.eval().recurrent_map, cell.weight_hh)


def test_a_recipe_drops_weights_in_every_layer():
    config = ModelConfig(embedding_size=6, hidden_size=8, weight_dropout=0.25, decoder_cell="ssru")
    found = {
        name: cell.weight_dropout
        for name, cell in Seq2Seq(config, 9, 9).named_modules()
        if isinstance(cell, Cell)
    }
    assert found == {
        "encoder.layers.0.0": 0.25,
        "encoder.layers.0.1": 0.25,
        "decoder.layers.0": 0.0,
    }


def test_a_residual_layer_adds_what_it_reads():
    """But for the first, whose input is of another width; the final states are the cells' own."""
    torch.manual_seed(7)
    sizes = {"embedding_size": 6, "hidden_size": 8, "bidirectional": False, "dropout": 0.0}
    encoder = RecurrentEncoder(ModelConfig(**sizes, encoder_layers=3, residual=True))
    x, zero = torch.randn(2, 5, 6), torch.zeros(2, 8)
    cells = [layer[0] for layer in encoder.layers]
    first, _ = cells[0].sequence(x, (zero, zero))
    second, (h, _) = cells[1].sequence(first, (zero, zero))
    third, _ = cells[2].sequence(first + second, (zero, zero))
    found = encoder(x, torch.ones(2, 5, dtype=torch.bool))
    torch.testing.assert_close(found.memory, first + second + third)
    torch.testing.assert_close(found.final.h[1], h)
