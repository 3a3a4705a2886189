"""The recurrences: one step of each, as in the papers, beside its fused whole-sequence form."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from jaxtyping import Float
from torch import Tensor

from dragoman.config import ModelConfig
from dragoman.nn.cell import SHUT, Cell, Output, Pair, Recurrence
from dragoman.nn.deep import DeepCell
from dragoman.nn.linear import cpu_has_bfloat16, linear
from dragoman.nn.normed import NormedGRUCell, NormedLSTMCell
from dragoman.nn.scanned import MinGRUCell, SRUCell, SSRUCell

_BFLOAT16_LSTM = cpu_has_bfloat16()


class ElmanCell(Cell):
    """h' = tanh(W x + U h + b) (Elman 1990, doi:10.1207/s15516709cog1402_1)."""

    gates = 1
    bounded = deepens = True
    hold = ()  # nothing can hold an Elman cell's state; it has no gate, and no c whose last value is needed

    def advance(
        self, driven: Float[Tensor, "batch rows"], state: Pair, u: Float[Tensor, "rows hidden"]
    ) -> tuple[Output, Pair]:
        """See `Cell.advance`."""
        h, _ = state
        a = driven + linear(h, u, self.bias_hh)
        h = a.tanh()
        return h, (h, None)

    def _fused(self, x: Tensor, state: Pair, weights: list[Tensor]) -> tuple[Tensor, Pair]:
        outputs, h = torch.rnn_tanh(x, state[0][None], weights, *self._options())
        return outputs, (h[0], None)


class GRUCell(Cell):
    """The gated recurrent unit (Cho et al. 2014, arXiv:1406.1078, eq. 5-8).

    As in cuDNN and PyTorch, the reset gate acts after the product with U, and z keeps the old state::

        r = sigmoid(W_r x + U_r h),  z = sigmoid(W_z x + U_z h)
        n = tanh(W_n x + b + r * (U_n h + b_u)),  h' = (1 - z) * n + z * h
    """

    gates = 3
    bounded = deepens = True
    hold = (0.0, SHUT, 0.0)

    def advance(
        self, driven: Float[Tensor, "batch rows"], state: Pair, u: Float[Tensor, "rows hidden"]
    ) -> tuple[Output, Pair]:
        """See `Cell.advance`."""
        h, _ = state
        x_r, x_z, x_n = driven.chunk(3, dim=-1)
        h_r, h_z, h_n = linear(h, u, self.bias_hh).chunk(3, dim=1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * h_n).tanh()
        h = (1 - z) * n + z * h
        return h, (h, None)

    def _fused(self, x: Tensor, state: Pair, weights: list[Tensor]) -> tuple[Tensor, Pair]:
        outputs, h = torch.gru(x, state[0][None], weights, *self._options())
        return outputs, (h[0], None)


class LSTMCell(Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; with forget gate, Gers et al. 2000).

    ::

        i, f, o = sigmoid(W x + U h + b),  g = tanh(W_g x + U_g h + b_g)
        c' = f * c + i * g,  h' = o * tanh(c')

    The forget gate's bias starts at 1 (Jozefowicz et al. 2015).
    """

    gates = 4
    bounded = deepens = True
    hold = (-SHUT, SHUT, 0.0, 0.0)
    has_memory = True

    def reset_parameters(self) -> None:
        """As every cell, with a forget gate that starts open."""
        super().reset_parameters()
        self.bias_ih.data[self.hidden_size : 2 * self.hidden_size] = 1.0

    def advance(
        self, driven: Float[Tensor, "batch rows"], state: Pair, u: Float[Tensor, "rows hidden"]
    ) -> tuple[Output, Pair]:
        """See `Cell.advance`."""
        h, c = state
        if c is None:
            raise ValueError("an LSTM's state has a cell state c")
        a = driven + linear(h, u, self.bias_hh)
        i, f, g, o = a.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c)

    def _fused(self, x: Tensor, state: Pair, weights: list[Tensor]) -> tuple[Tensor, Pair]:
        h, c = state
        if c is None:
            raise ValueError("an LSTM's state has a cell state c")
        # oneDNN has no LSTM in bfloat16 for processors without its instructions: it is done in float32 there.
        halves = x.device.type != "cpu" or _BFLOAT16_LSTM or not torch.is_autocast_enabled("cpu")
        with nullcontext() if halves else torch.autocast("cpu", enabled=False):
            x, h, c = (x, h, c) if halves else (x.float(), h.float(), c.float())
            outputs, h_n, c_n = torch.lstm(x, [h[None], c[None]], weights, *self._options())
        return outputs, (h_n[0], c_n[0])


CELLS: dict[str, type[Cell]] = {
    "rnn": ElmanCell,
    "gru": GRUCell,
    "lstm": LSTMCell,
    "ssru": SSRUCell,
    "sru": SRUCell,
    "mingru": MinGRUCell,
    "lnlstm": NormedLSTMCell,
    "lngru": NormedGRUCell,
}


def make_cell(name: str, config: ModelConfig, input_size: int, size: int) -> Recurrence:
    """Make a row of CELLS as a recipe wants it; what asks for states between the steps is left out where none are."""
    kind = CELLS[name]
    further = config.transitions - 1 if kind.deepens else 0
    zoneout = config.zoneout if kind.deepens else 0.0
    cells = [kind(width, size) for width in (input_size, *[0] * further)]
    for cell in cells:
        cell.weight_dropout = config.weight_dropout if cell.has_recurrent_map else 0.0
    return DeepCell(cells, zoneout) if further or zoneout else cells[0]
