"""What every recurrence is: one step, and the same fused over a whole sequence.

A cell is one layer in one direction. Padding stands at the end of a row; `sequence` carries the state of
each row unchanged through it, so the final state is the one after the row's last token.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from dragoman.nn.linear import linear

# A gate driven by this is 0 or 1 exactly, in float32 and in bfloat16.
SHUT = 1e4

Pair = tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch hidden"] | None]
Output = Float[Tensor, "batch hidden"]


class Recurrence(nn.Module):
    """One layer in one direction, of one cell or of several.

    A state is a pair: what is carried, and for an LSTM its c beside it. The output of a step is mostly what is
    carried; where it is not (an SSRU carries c and says relu(c)), a step gives both.

    Attributes:
        hidden_size: Width of the state.
        has_memory: Whether it has a c besides.
    """

    hidden_size: int
    has_memory: bool = False

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> tuple[Output, Pair]:
        """Read one token: give the output, and the state after it."""
        raise NotImplementedError

    def sequence(
        self,
        x: Float[Tensor, "batch steps input"],
        state: Pair,
        mask: Bool[Tensor, "batch steps"] | None = None,
    ) -> tuple[Float[Tensor, "batch steps hidden"], Pair]:
        """Read a whole sequence.

        Args:
            x: The inputs.
            state: The state before the first.
            mask: True on tokens; padding stands at the end of each row. None: no padding.

        Returns:
            The outputs of all steps (meaningless on padding), and each row's state after its last token.
        """
        raise NotImplementedError


class Cell(Recurrence):
    """What every row of CELLS is.

    Attributes:
        gates: How many gates the cell computes at each step.
        hold: For each gate, what to add to it at padding so that the state stays as it is.
        has_recurrent_map: Whether the gates read the state through a matrix, `weight_hh`.
        bounded: Whether all it says lies between -1 and 1, if its first state does.
        deepens: Whether it may read its state alone, for `DeepCell`: it says what it carries, and has `advance`.
        dropped: The map without the weights dropped, while `weights_dropped` holds.
        weight_dropout: How many of that matrix's weights are dropped while training.

    Args:
        input_size: Width of what it reads; 0 where it reads its state alone.
        hidden_size: Width of its state.
    """

    gates: int
    hold: tuple[float, ...]
    has_recurrent_map: bool = True
    bounded: bool = False
    deepens: bool = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.weight_dropout = 0.0
        self.dropped: Tensor | None = None
        rows = self.gates * hidden_size
        if input_size:
            self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        if self.has_recurrent_map:
            self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.zeros(rows))
        if self.has_recurrent_map:
            self.bias_hh = nn.Parameter(torch.zeros(rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot's uniform for the input, an orthogonal matrix a gate for the recurrence."""
        if self.input_size:
            for gate in self.weight_ih.data.chunk(self.gates):
                nn.init.xavier_uniform_(gate)
        if self.has_recurrent_map:
            for gate in self.weight_hh.data.chunk(self.gates):
                nn.init.orthogonal_(gate)

    @property
    def recurrent_map(self) -> Float[Tensor, "rows hidden"]:
        """U; while training without some of its weights (DropConnect, Merity et al. 2018, arXiv:1708.02182, 2).

        Dropped once for a whole sequence, so that the fused kernels need not know.
        """
        if self.dropped is not None:
            return self.dropped
        return functional.dropout(self.weight_hh, self.weight_dropout, self.training)

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> tuple[Output, Pair]:
        """Read one token; see `Recurrence.step`."""
        return self.advance(self.driven(x), state, self.recurrent_map)

    def driven(self, x: Float[Tensor, "*batch input"]) -> Float[Tensor, "*batch rows"]:
        """Return what comes of the input: W x + b."""
        return linear(x, self.weight_ih, self.bias_ih)

    def advance(
        self, driven: Float[Tensor, "batch rows"], state: Pair, u: Float[Tensor, "rows hidden"]
    ) -> tuple[Output, Pair]:
        """Do one step, given what comes of the input, and the map of the state."""
        raise NotImplementedError

    def sequence(
        self,
        x: Float[Tensor, "batch steps input"],
        state: Pair,
        mask: Bool[Tensor, "batch steps"] | None = None,
    ) -> tuple[Float[Tensor, "batch steps hidden"], Pair]:
        """Read a whole sequence in one fused recurrence; see `Recurrence.sequence`."""
        weight = self.weight_ih
        if mask is not None and self.hold:
            # Padding is one more input feature, whose weights shut the gates: the fused kernels know no masks.
            hold = weight.new_tensor(self.hold).repeat_interleave(self.hidden_size)
            weight = torch.cat([weight, hold[:, None]], dim=1)
            x = torch.cat([x, (~mask)[:, :, None].to(x.dtype)], dim=2)
        outputs, (h, c) = self._fused(
            x, state, [weight, self.recurrent_map, self.bias_ih, self.bias_hh]
        )
        return outputs, (h if mask is None else last_of(outputs, mask), c)

    def _fused(self, x: Tensor, state: Pair, weights: list[Tensor]) -> tuple[Tensor, Pair]:
        raise NotImplementedError

    def _options(self) -> tuple[bool, int, float, bool, bool, bool]:
        """(has_biases, num_layers, dropout, train, bidirectional, batch_first) of torch's kernels."""
        return True, 1, 0.0, self.training, False, True


def last_of(
    outputs: Float[Tensor, "batch steps hidden"], mask: Bool[Tensor, "batch steps"]
) -> Output:
    """Return each row's output at its last token."""
    last = mask.sum(dim=1).sub(1).clamp(min=0)
    return outputs.gather(1, last[:, None, None].expand(-1, 1, outputs.shape[2]))[:, 0]


@contextmanager
def weights_dropped(module: nn.Module) -> Generator[None]:
    """Drop the same weights of each cell's recurrent map in every step that is done meanwhile."""
    cells = [cell for cell in module.modules() if isinstance(cell, Cell)]
    cells = [cell for cell in cells if cell.training and cell.weight_dropout]
    for cell in cells:
        cell.dropped = cell.recurrent_map
    try:
        yield
    finally:
        for cell in cells:
            cell.dropped = None
