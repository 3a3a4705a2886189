"""The recurrences: one step of each, as in the papers, beside its fused whole-sequence form.

A cell is one layer in one direction. Padding stands at the end of a row; `sequence` carries the state of
each row unchanged through it, so the final state is the one after the row's last token.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dragoman.nn.linear import cpu_has_bfloat16, linear

# A gate driven by this is 0 or 1 exactly, in float32 and in bfloat16.
_SHUT = 1e4
_BFLOAT16_LSTM = cpu_has_bfloat16()

Pair = tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch hidden"] | None]


class Cell(nn.Module):
    """What every row of CELLS is.

    Attributes:
        gates: How many gates the cell computes at each step.
        hold: For each gate, what to add to it at padding so that the state stays as it is.
    """

    gates: int
    hold: tuple[float, ...]
    has_memory: bool = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = self.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.zeros(rows))
        self.bias_hh = nn.Parameter(torch.zeros(rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot's uniform for the input, an orthogonal matrix a gate for the recurrence."""
        for gate in self.weight_ih.data.chunk(self.gates):
            nn.init.xavier_uniform_(gate)
        for gate in self.weight_hh.data.chunk(self.gates):
            nn.init.orthogonal_(gate)

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> Pair:
        """Read one token: (h, c) -> (h, c); c is None but for the LSTM."""
        raise NotImplementedError

    def sequence(
        self,
        x: Float[Tensor, "batch steps input"],
        state: Pair,
        mask: Bool[Tensor, "batch steps"] | None = None,
    ) -> tuple[Float[Tensor, "batch steps hidden"], Pair]:
        """Read a whole sequence in one fused recurrence.

        Args:
            x: The inputs.
            state: The state before the first.
            mask: True on tokens; padding stands at the end of each row. None: no padding.

        Returns:
            The outputs of all steps (meaningless on padding), and each row's state after its last token.
        """
        weight = self.weight_ih
        if mask is not None and self.hold:
            # Padding is one more input feature, whose weights shut the gates: the fused kernels know no masks.
            hold = weight.new_tensor(self.hold).repeat_interleave(self.hidden_size)
            weight = torch.cat([weight, hold[:, None]], dim=1)
            x = torch.cat([x, (~mask)[:, :, None].to(x.dtype)], dim=2)
        outputs, (h, c) = self._fused(
            x, state, [weight, self.weight_hh, self.bias_ih, self.bias_hh]
        )
        if mask is not None:
            last = mask.sum(dim=1).sub(1).clamp(min=0)
            h = outputs.gather(1, last[:, None, None].expand(-1, 1, outputs.shape[2]))[:, 0]
        return outputs, (h, c)

    def _fused(self, x: Tensor, state: Pair, weights: list[Tensor]) -> tuple[Tensor, Pair]:
        raise NotImplementedError

    def _options(self) -> tuple[bool, int, float, bool, bool, bool]:
        """(has_biases, num_layers, dropout, train, bidirectional, batch_first) of torch's kernels."""
        return True, 1, 0.0, self.training, False, True


class ElmanCell(Cell):
    """h' = tanh(W x + U h + b) (Elman 1990, doi:10.1207/s15516709cog1402_1)."""

    gates = 1
    hold = ()  # nothing can hold an Elman cell's state; it has no gate, and no c whose last value is needed

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> Pair:
        """Read one token."""
        h, _ = state
        a = linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        return a.tanh(), None

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
    hold = (0.0, _SHUT, 0.0)

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> Pair:
        """Read one token."""
        h, _ = state
        x_r, x_z, x_n = linear(x, self.weight_ih, self.bias_ih).chunk(3, dim=1)
        h_r, h_z, h_n = linear(h, self.weight_hh, self.bias_hh).chunk(3, dim=1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * h_n).tanh()
        return (1 - z) * n + z * h, None

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
    hold = (-_SHUT, _SHUT, 0.0, 0.0)
    has_memory = True

    def reset_parameters(self) -> None:
        """As every cell, with a forget gate that starts open."""
        super().reset_parameters()
        self.bias_ih.data[self.hidden_size : 2 * self.hidden_size] = 1.0

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> Pair:
        """Read one token."""
        h, c = state
        if c is None:
            raise ValueError("an LSTM's state has a cell state c")
        a = linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = a.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

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


CELLS: dict[str, type[Cell]] = {"rnn": ElmanCell, "gru": GRUCell, "lstm": LSTMCell}
