"""Bridges: the encoder's final state (the context vector) -> the decoder's first state."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.cells import CELLS
from dragoman.nn.linear import Linear
from dragoman.nn.state import Encoded, RecurrentState


class Bridge(nn.Module):
    """What every row of BRIDGES is: a map from `Encoded` to the decoder's first state."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.decoder_layers = config.decoder_layers
        self.has_memory = CELLS[config.writes_with].has_memory

    def forward(self, encoded: Encoded) -> RecurrentState:
        """Make the decoder's first state."""
        raise NotImplementedError


class CopyBridge(Bridge):
    """The context vector itself is the first state (Sutskever et al. 2014, arXiv:1409.3215).

    Layer by layer from the top; a decoder deeper than the encoder starts its other layers from the top's too. Where the
    decoder's cell has a c and the encoder's has none, c starts as h does; the other way round c is left behind.
    """

    def forward(self, encoded: Encoded) -> RecurrentState:
        """Hand the state over unchanged."""
        h, c = encoded.final.h, encoded.final.c
        first = self._layers(h)
        if not self.has_memory:
            return RecurrentState(first)
        return RecurrentState(first, first if c is None else self._layers(c))

    def _layers(
        self, x: Float[Tensor, "layers batch hidden"]
    ) -> Float[Tensor, "decoder batch hidden"]:
        missing = self.decoder_layers - x.shape[0]
        if missing > 0:
            return torch.cat([x, x[-1:].expand(missing, -1, -1)])
        return x[-self.decoder_layers :]


class DenseBridge(Bridge):
    """s_0 = tanh(W h) (Bahdanau et al. 2015, A.2.2), h the encoder's top layer, for each decoder layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.hidden_size = size = config.hidden_size
        self.W = Linear(size, config.decoder_layers * size * (2 if self.has_memory else 1))

    def forward(self, encoded: Encoded) -> RecurrentState:
        """Map the top layer's final state."""
        return self._start(encoded.final.h[-1])

    def _start(self, h: Float[Tensor, "batch hidden"]) -> RecurrentState:
        parts = (
            self.W(h).tanh().unflatten(1, (-1, self.decoder_layers, h.shape[1])).permute(1, 2, 0, 3)
        )
        return RecurrentState(
            parts[0].contiguous(), parts[1].contiguous() if self.has_memory else None
        )


class MeanBridge(DenseBridge):
    """s_0 = tanh(W mean(h_j)) (Sennrich et al. 2017, Nematus, arXiv:1703.04357, eq. 1)."""

    def forward(self, encoded: Encoded) -> RecurrentState:
        """Map the mean of what the encoder said, which in a memory may stand before other things."""
        said = encoded.memory[:, :, : self.hidden_size]
        mask = encoded.src_mask[:, :, None].to(said.dtype)
        return self._start((said * mask).sum(1) / mask.sum(1))


BRIDGES: dict[str, type[Bridge]] = {"copy": CopyBridge, "dense": DenseBridge, "mean": MeanBridge}
