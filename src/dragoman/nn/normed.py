"""Layer-normalised recurrences (Ba et al. 2016, arXiv:1607.06450, eq. 20-26), each gate normalised by itself.

Per gate, as RNMT+ has it (Chen et al. 2018, arXiv:1804.09849, section 4.1). What comes of the input is multiplied and
normalised for all steps at once; what comes of the state cannot be, and no fused kernel knows how: training takes a
loop over the steps.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from dragoman.nn.cell import SHUT, Cell, Output, Pair, last_of
from dragoman.nn.linear import linear

Gates = Float[Tensor, "*batch rows"]


class NormedCell(Cell):
    """A cell whose gates are LN(W x) + LN(U h), each with its gain and shift."""

    bounded = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.gain_ih = nn.Parameter(torch.ones_like(self.bias_ih))
        self.gain_hh = nn.Parameter(torch.ones_like(self.bias_hh))

    def sequence(
        self,
        x: Float[Tensor, "batch steps input"],
        state: Pair,
        mask: Bool[Tensor, "batch steps"] | None = None,
    ) -> tuple[Float[Tensor, "batch steps hidden"], Pair]:
        """Read a whole sequence; see `Cell.sequence`."""
        driven, u = self.driven(x.transpose(0, 1)), self.recurrent_map
        if mask is not None:
            hold = driven.new_tensor(self.hold).repeat_interleave(self.hidden_size)
            driven = driven + (~mask).t()[:, :, None] * hold
        said: list[Tensor] = []
        for one in driven.unbind():
            output, state = self.advance(one, state, u)
            said.append(output)
        outputs, (h, c) = torch.stack(said, 1), state
        return outputs, (h if mask is None else last_of(outputs, mask), c)

    def read(self, h: Output, u: Float[Tensor, "rows hidden"]) -> Float[Tensor, "batch rows"]:
        """Return LN(U h)."""
        return self._normed(linear(h, u), self.gain_hh, self.bias_hh)

    def driven(self, x: Float[Tensor, "*batch input"]) -> Gates:
        """Return LN(W x)."""
        return self._normed(linear(x, self.weight_ih), self.gain_ih, self.bias_ih)

    def _normed(self, a: Gates, gain: Tensor, shift: Tensor) -> Gates:
        # In float32 whatever the product was made in.
        apart = a.float().unflatten(-1, (self.gates, -1))
        even = functional.layer_norm(apart, (self.hidden_size,)).flatten(-2)
        return torch.addcmul(shift, even, gain)


class NormedLSTMCell(NormedCell):
    """The layer-normalised LSTM (eq. 20-22).

    ::

        i, f, o = sigmoid(LN(W x) + LN(U h)),  g = tanh(LN(W_g x) + LN(U_g h))
        c' = f * c + i * g,  h' = o * tanh(LN(c'))
    """

    gates = 4
    hold = (-SHUT, SHUT, 0.0, 0.0)
    has_memory = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.gain_c = nn.Parameter(torch.ones(hidden_size))
        self.bias_c = nn.Parameter(torch.zeros(hidden_size))

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
        i, f, g, o = (driven + self.read(h, u)).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        even = functional.layer_norm(c, (self.hidden_size,), self.gain_c, self.bias_c)
        h = o.sigmoid() * even.tanh()
        return h, (h, c)


class NormedGRUCell(NormedCell):
    """The layer-normalised GRU (eq. 23-26; z keeps the old state, as in `GRUCell`).

    ::

        r, z = sigmoid(LN(W x) + LN(U h)),  n = tanh(LN(W_n x) + r * LN(U_n h)),  h' = (1 - z) * n + z * h
    """

    gates = 3
    hold = (0.0, SHUT, 0.0)

    def advance(
        self, driven: Float[Tensor, "batch rows"], state: Pair, u: Float[Tensor, "rows hidden"]
    ) -> tuple[Output, Pair]:
        """See `Cell.advance`."""
        h = state[0]
        x_r, x_z, x_n = driven.chunk(3, dim=1)
        h_r, h_z, h_n = self.read(h, u).chunk(3, dim=1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * h_n).tanh()
        h = (1 - z) * n + z * h
        return h, (h, None)
