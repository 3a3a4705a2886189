"""What every decoder is: one step in use, and the whole target under teacher forcing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.cell import weights_dropped
from dragoman.nn.state import Encoded, RecurrentState, State


@dataclass(frozen=True)
class Decoded:
    """What the decoder made of its inputs: vectors for the generator, and where it looked."""

    outputs: Float[Tensor, "batch steps hidden"]
    weights: Float[Tensor, "batch steps src_len"] | None


class Decoder(nn.Module):
    """What every row of DECODERS is: `start`, one `step`, and `sequence`, which equals its loop.

    Attributes:
        actions: What its targets hold besides text: the tokens that stand after SPECIALS.
        attends: Whether it looks at the source by the recipe's attention, if there is one.
        needs_attention: Whether there must be one.
        least_layers: How many layers it has at least.
    """

    actions: tuple[str, ...] = ()
    attends = False
    needs_attention = False
    least_layers = 1

    def __init__(self, config: ModelConfig, memory_size: int) -> None:
        super().__init__()
        self.config, self.memory_size = config, memory_size

    def start(self, encoded: Encoded, first: RecurrentState) -> State:
        """Make the state before the first step from the bridge's first hidden state."""
        raise NotImplementedError

    def heed(self, ids: Int[Tensor, "rows ..."], state: State) -> State:
        """Take note of the tokens themselves, of one step or of a whole target, before they are read."""
        del ids
        return state

    def step(
        self, embedded: Float[Tensor, "rows embedding"], state: State
    ) -> tuple[Decoded, State]:
        """Read one token a row; the outputs have one step."""
        raise NotImplementedError

    def sequence(self, embedded: Float[Tensor, "batch steps embedding"], state: State) -> Decoded:
        """Read a whole target (teacher forcing): the loop of `step`, or faster."""
        outputs: list[Decoded] = []
        with weights_dropped(self):
            for x in embedded.unbind(1):
                decoded, state = self.step(x, state)
                outputs.append(decoded)
        weights = [part.weights for part in outputs if part.weights is not None]
        return Decoded(
            torch.cat([part.outputs for part in outputs], 1),
            torch.cat(weights, 1) if weights else None,
        )
