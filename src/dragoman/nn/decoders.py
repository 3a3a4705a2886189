"""Decoders: one step in use, and the whole target under teacher forcing."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.attention import ATTENTIONS, Attended, AttentionSizes
from dragoman.nn.cells import CELLS, Cell
from dragoman.nn.decoder import Decoded, Decoder
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.linear import Linear
from dragoman.nn.monotonic import MonotonicDecoder
from dragoman.nn.state import Encoded, RecurrentState, State


class RecurrentDecoder(Decoder):
    """A stack of recurrent layers; then, with attention, Luong's attended output over the top one.

    h~ = tanh(W_c [context; h]) (Luong et al. 2015, eq. 5). Attention after the recurrence leaves the whole
    target one fused recurrence. With input feeding a step also reads the last h~ (section 3.3), so the
    target must be read a step at a time.
    """

    def __init__(self, config: ModelConfig, memory_size: int) -> None:
        super().__init__(config, memory_size)
        size = config.hidden_size
        width = config.embedding_size
        width += size if config.context_every_step else 0
        width += size if config.input_feeding else 0
        cell = CELLS[config.cell]
        self.layers = nn.ModuleList(
            cell(width if number == 0 else size, size) for number in range(config.decoder_layers)
        )
        self.dropout = VariationalDropout(config.dropout)
        self.attention = None
        if config.attention != "none":
            sizes = AttentionSizes(size, memory_size, size, config.attention_heads)
            self.attention = ATTENTIONS[config.attention](sizes)
            self.W_c = Linear(memory_size + size, size, bias=False)

    def start(self, encoded: Encoded, first: RecurrentState) -> State:
        """Make the state before the first step."""
        keys = None if self.attention is None else self.attention.project(encoded.memory)
        top = first.h[-1]
        context = top if self.config.context_every_step else None
        feed = torch.zeros_like(top) if self.config.input_feeding else None
        return State(encoded, keys, first, context, feed, masks=self.dropout.mask(first.h[1:]))

    def step(
        self, embedded: Float[Tensor, "rows embedding"], state: State
    ) -> tuple[Decoded, State]:
        """Read one token a row."""
        extra = [part for part in (state.context, state.feed) if part is not None]
        x = torch.cat([embedded, *extra], dim=1) if extra else embedded
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            cell: Cell = layer  # pyright: ignore[reportAssignmentType]
            x = x if number == 0 or state.masks is None else x * state.masks[number - 1]
            c = None if state.recurrent.c is None else state.recurrent.c[number]
            x, c = cell.step(x, (state.recurrent.h[number], c))
            hs.append(x)
            cs += [] if c is None else [c]
        recurrent = RecurrentState(torch.stack(hs), torch.stack(cs) if cs else None)
        decoded = self._attend(x.unflatten(0, (-1, state.beams)), state)
        outputs = decoded.outputs.flatten(0, 1)
        weights = None if decoded.weights is None else decoded.weights.flatten(0, 1)[:, None]
        feed = outputs if self.config.input_feeding else None
        return Decoded(outputs[:, None], weights), replace(state, recurrent=recurrent, feed=feed)

    def sequence(self, embedded: Float[Tensor, "batch steps embedding"], state: State) -> Decoded:
        """Read a whole target, in one fused recurrence a layer where there is no input feeding."""
        if self.config.input_feeding:
            return super().sequence(embedded, state)
        x = embedded
        if state.context is not None:
            x = torch.cat([x, state.context[:, None].expand(-1, x.shape[1], -1)], dim=2)
        for number, layer in enumerate(self.layers):
            cell: Cell = layer  # pyright: ignore[reportAssignmentType]
            x = x if number == 0 or state.masks is None else x * state.masks[number - 1, :, None]
            c = None if state.recurrent.c is None else state.recurrent.c[number]
            x, _ = cell.sequence(x, (state.recurrent.h[number], c))
        return self._attend(x, state)

    def _attend(self, x: Float[Tensor, "batch steps hidden"], state: State) -> Decoded:
        """Look over the source from each step (or beam) of each sentence."""
        if self.attention is None or state.keys is None:
            return Decoded(x, None)
        encoded = state.encoded
        found: Attended = self.attention(x, encoded.memory, state.keys, encoded.src_mask)
        return Decoded(self.W_c(torch.cat([found.context, x], dim=2)).tanh(), found.weights)


DECODERS: dict[str, type[Decoder]] = {
    "recurrent": RecurrentDecoder,
    "monotonic": MonotonicDecoder,
}
