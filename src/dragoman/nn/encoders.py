"""Encoders: vectors of the source's tokens -> `Encoded`: memory, mask, and the context vector."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.cell import Recurrence
from dragoman.nn.cells import make_cell
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.state import Encoded, RecurrentState


class Encoder(nn.Module):
    """What every row of ENCODERS is: `memory_size`, and `forward`.

    A memory of words, too, holds each token's own vector beside what is said of it, so that the decoder knows what it
    looks at before the encoder has learned to tell: a direct way from a word to its translation, as in the lexical
    model of Nguyen & Chiang 2018 (arXiv:1710.01329, section 4), whose f is here a part of the attention's average.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.word_memory = config.word_memory
        self.memory_size = config.memory_size

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

    Attributes:
        apart: Whether each cell above the first layer reads only its own side of what the layer below said.
    """

    apart = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.config = config
        self.layers = nn.ModuleList()
        for number in range(config.encoder_layers):
            sides = self.sides(config, number)
            width = config.hidden_size // len(sides)
            below = width if self.apart else config.hidden_size
            size = below if number else config.embedding_size
            cells = [make_cell(config.cell, config, size, width) for _ in sides]
            self.layers.append(nn.ModuleList(cells))
        self.dropout = VariationalDropout(config.dropout)

    @staticmethod
    def sides(config: ModelConfig, number: int) -> tuple[bool, ...]:
        """Say of each cell of a layer whether it reads backwards."""
        del number
        return (False, True) if config.bidirectional else (False,)

    def forward(
        self,
        embedded: Float[Tensor, "batch src_len embedding"],
        src_mask: Bool[Tensor, "batch src_len"],
    ) -> Encoded:
        """Read a batch of sentences; see `Encoder.forward`."""
        backwards = _reversal(src_mask)
        x = _reorder(embedded, backwards) if self.config.reverse_source else embedded
        mask = None if bool(src_mask.all()) else src_mask
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        for number in range(len(self.layers)):
            below = x
            x = self.dropout(x) if number else x
            x, h, c = self._layer(number, x, mask, backwards)
            x = x + below if number and self.config.residual else x
            hs.append(h)
            cs += [] if c is None else [c]
        final = RecurrentState(torch.stack(hs), torch.stack(cs) if cs else None)
        memory = _reorder(x, backwards) if self.config.reverse_source else x
        memory = torch.cat([memory, embedded], 2) if self.word_memory else memory
        return Encoded(memory, src_mask, final)

    def _layer(
        self, number: int, x: Tensor, mask: Tensor | None, backwards: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        cells: list[Recurrence] = list(self.layers[number])  # pyright: ignore[reportArgumentType, reportAssignmentType]
        read = x.chunk(len(cells), dim=2) if number and self.apart else [x] * len(cells)
        outputs: list[Tensor] = []
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        for cell, seen, turned in zip(cells, read, self.sides(self.config, number), strict=True):
            zero = x.new_zeros(x.shape[0], cell.hidden_size)
            first = zero, zero if cell.has_memory else None
            seen = _reorder(seen, backwards) if turned else seen
            output, (h, c) = cell.sequence(seen, first, mask)
            outputs.append(_reorder(output, backwards) if turned else output)
            hs.append(h)
            cs += [] if c is None else [c]
        return torch.cat(outputs, 2), torch.cat(hs, 1), torch.cat(cs, 1) if cs else None


class GNMTEncoder(RecurrentEncoder):
    """Both directions in the first layer, one in those above (Wu et al. 2016, arXiv:1609.08144, section 3.2)."""

    @staticmethod
    def sides(config: ModelConfig, number: int) -> tuple[bool, ...]:
        """See `RecurrentEncoder.sides`."""
        return (False, True) if config.bidirectional and not number else (False,)


class AlternatingEncoder(RecurrentEncoder):
    """Each layer reads from the other side than the one below (Zhou et al. 2016, arXiv:1606.04199).

    Bidirectional, two such stacks stand side by side, which begin at either side: the alternating stacked encoder of
    Miceli Barone et al. 2017, arXiv:1707.07631; with `model.transitions` their BiDeep.
    """

    apart = True

    @staticmethod
    def sides(config: ModelConfig, number: int) -> tuple[bool, ...]:
        """See `RecurrentEncoder.sides`."""
        odd = number % 2 == 1
        return (odd, not odd) if config.bidirectional else (odd,)


def _reversal(mask: Bool[Tensor, "batch steps"]) -> Tensor:
    """Return the positions that turn each row's tokens round and leave its padding where it is."""
    steps = torch.arange(mask.shape[1], device=mask.device)[None]
    lengths = mask.sum(dim=1, keepdim=True)
    return torch.where(mask, lengths - 1 - steps, steps)


def _reorder(
    x: Float[Tensor, "batch steps width"], positions: Tensor
) -> Float[Tensor, "batch steps width"]:
    return x.gather(1, positions[:, :, None].expand(-1, -1, x.shape[2]))


ENCODERS: dict[str, type[Encoder]] = {
    "recurrent": RecurrentEncoder,
    "gnmt": GNMTEncoder,
    "alternating": AlternatingEncoder,
}
