"""What may stand between one token and the next besides a cell: further cells, and zoneout.

No fused kernel shows its states between the steps, so that training takes a loop over them, as layer-normalised cells
do; what comes of the input is multiplied for all steps at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dragoman.nn.cell import Cell, Output, Pair, Recurrence


class DeepCell(Recurrence):
    """Several cells, one after another: all but the first read the state alone.

    Deep transition (Miceli Barone et al. 2017, arXiv:1707.07631)::

        s_1 = cell_1(x, s),  s_k = cell_k(0, s_k-1),  s' = s_L

    Zoneout (Krueger et al. 2017, arXiv:1606.01305) then keeps units of the last state at random while
    training, and in use all of them by expectation, h and c alike::

        s' = d * s + (1 - d) * s_L,  d ~ Bernoulli(z);  in use d = z

    Args:
        cells: The first reads; the others have an input of width 0.
        zoneout: z.
    """

    def __init__(self, cells: Sequence[Cell], zoneout: float = 0.0) -> None:
        super().__init__()
        self.cells = nn.ModuleList(cells)
        self.hidden_size, self.has_memory = cells[0].hidden_size, cells[0].has_memory
        self.zoneout = zoneout

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> tuple[Output, Pair]:
        """Read one token."""
        state = self._advance(self._first.driven(x), state, self._maps())
        return state[0], state

    def sequence(
        self,
        x: Float[Tensor, "batch steps input"],
        state: Pair,
        mask: Bool[Tensor, "batch steps"] | None = None,
    ) -> tuple[Float[Tensor, "batch steps hidden"], Pair]:
        """Read a whole sequence; see `Recurrence.sequence`."""
        driven, maps = self._first.driven(x.transpose(0, 1)), self._maps()
        said: list[Tensor] = []
        for step, one in enumerate(driven.unbind()):
            after = self._advance(one, state, maps)
            state = after if mask is None else _held(after, state, mask[:, step, None])
            said.append(state[0])
        return torch.stack(said, 1), state

    @property
    def _first(self) -> Cell:
        return self.cells[0]  # pyright: ignore[reportReturnType]

    def _maps(self) -> list[Tensor]:
        """Give each cell's map of the state, of which the same weights are dropped at every step."""
        return [cell.recurrent_map for cell in self.cells]  # pyright: ignore[reportReturnType]

    def _advance(
        self, driven: Float[Tensor, "batch rows"], state: Pair, maps: Sequence[Tensor]
    ) -> Pair:
        after = state
        for number, (layer, u) in enumerate(zip(self.cells, maps, strict=True)):
            cell: Cell = layer  # pyright: ignore[reportAssignmentType]
            given = cell.bias_ih.expand_as(driven) if number else driven
            after = cell.advance(given, after, u)[1]
        return _each(self._kept, after, state) if self.zoneout else after

    def _kept(self, new: Output, old: Output) -> Output:
        if self.training:
            kept = torch.empty_like(new).bernoulli_(self.zoneout)
            return torch.where(kept.bool(), old, new)
        return torch.lerp(new, old.to(new.dtype), self.zoneout)


def _held(after: Pair, before: Pair, real: Bool[Tensor, "batch 1"]) -> Pair:
    """Carry the state unchanged through padding."""
    return _each(lambda new, old: torch.where(real, new, old), after, before)


def _each(do: Callable[[Output, Output], Output], after: Pair, before: Pair) -> Pair:
    c = None if after[1] is None or before[1] is None else do(after[1], before[1])
    return do(after[0], before[0]), c
