"""Encoders: vectors of the source's tokens -> `Encoded`: memory, mask, and the context vector."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.cell import Cell
from dragoman.nn.cells import make_cell
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.state import Encoded, RecurrentState


class Encoder(nn.Module):
    """What every row of ENCODERS is: `memory_size`, and `forward`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.memory_size = config.hidden_size

    def forward(
        self,
        embedded: Float[Tensor, "batch src_len embedding"],
        src_mask: Bool[Tensor, "batch src_len"],
    ) -> Encoded:
        """Read a batch of sentences.

        Args:
            embedded: The tokens' vectors.
            src_mask: True on tokens; padding stands at the end.
        """
        raise NotImplementedError


class RecurrentEncoder(Encoder):
    """A stack of recurrent layers, in one direction or both (Schuster & Paliwal 1997).

    Each direction of a bidirectional layer has half the width, so that memory and state are `hidden_size` wide
    either way. The final state puts the two directions' last states side by side.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.reverse_source, self.residual = config.reverse_source, config.residual
        directions = 2 if config.bidirectional else 1
        width = config.hidden_size // directions
        self.layers = nn.ModuleList()
        size = config.embedding_size
        for _ in range(config.encoder_layers):
            cells = [make_cell(config.cell, config, size, width) for _ in range(directions)]
            self.layers.append(nn.ModuleList(cells))
            size = config.hidden_size
        self.dropout = VariationalDropout(config.dropout)

    def forward(
        self,
        embedded: Float[Tensor, "batch src_len embedding"],
        src_mask: Bool[Tensor, "batch src_len"],
    ) -> Encoded:
        """Read a batch of sentences; see `Encoder.forward`."""
        backwards = _reversal(src_mask)
        x = _reorder(embedded, backwards) if self.reverse_source else embedded
        mask = None if bool(src_mask.all()) else src_mask
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            below = x
            x = self.dropout(x) if number else x
            x, h, c = self._layer(list(layer), x, mask, backwards)  # pyright: ignore[reportArgumentType]
            x = x + below if number and self.residual else x
            hs.append(h)
            cs += [] if c is None else [c]
        final = RecurrentState(torch.stack(hs), torch.stack(cs) if cs else None)
        memory = _reorder(x, backwards) if self.reverse_source else x
        return Encoded(memory, src_mask, final)

    def _layer(
        self, directions: list[Cell], x: Tensor, mask: Tensor | None, backwards: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        outputs: list[Tensor] = []
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        for number, cell in enumerate(directions):
            seen = _reorder(x, backwards) if number else x
            zero = x.new_zeros(x.shape[0], cell.hidden_size)
            output, (h, c) = cell.sequence(seen, (zero, zero if cell.has_memory else None), mask)
            outputs.append(_reorder(output, backwards) if number else output)
            hs.append(h)
            cs += [] if c is None else [c]
        return torch.cat(outputs, 2), torch.cat(hs, 1), torch.cat(cs, 1) if cs else None


def _reversal(mask: Bool[Tensor, "batch steps"]) -> Tensor:
    """Return the positions that turn each row's tokens round and leave its padding where it is."""
    steps = torch.arange(mask.shape[1], device=mask.device)[None]
    lengths = mask.sum(dim=1, keepdim=True)
    return torch.where(mask, lengths - 1 - steps, steps)


def _reorder(
    x: Float[Tensor, "batch steps width"], positions: Tensor
) -> Float[Tensor, "batch steps width"]:
    return x.gather(1, positions[:, :, None].expand(-1, -1, x.shape[2]))


ENCODERS: dict[str, type[Encoder]] = {"recurrent": RecurrentEncoder}
