"""Decoders: one step in use, and the whole target under teacher forcing."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.attention import ATTENTIONS, Attended, AttentionSizes
from dragoman.nn.cell import Cell
from dragoman.nn.cells import make_cell
from dragoman.nn.decoder import Decoded, Decoder
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.linear import Linear
from dragoman.nn.monotonic import MonotonicDecoder, TransducerDecoder
from dragoman.nn.state import Encoded, RecurrentState, State


class RecurrentDecoder(Decoder):
    """A stack of recurrent layers; then, with attention, Luong's attended output over the top one.

    h~ = tanh(W_c [context; h]) (Luong et al. 2015, eq. 5). Attention after the recurrence leaves the whole
    target one fused recurrence. With input feeding a step also reads the last h~ (section 3.3), and with
    coverage attention sees where it has looked before, so the target must be read a step at a time.
    """

    def __init__(self, config: ModelConfig, memory_size: int) -> None:
        super().__init__(config, memory_size)
        size = config.hidden_size
        width = config.embedding_size
        width += size if config.context_every_step else 0
        width += size if config.input_feeding else 0
        self.layers = nn.ModuleList(
            make_cell(config.writes_with, config, size if number else width, size)
            for number in range(config.decoder_layers)
        )
        self.dropout = VariationalDropout(config.dropout)
        self.attention = None
        if config.attention != "none":
            heads, norm = config.attention_heads, config.attention_norm
            sizes = AttentionSizes(size, memory_size, size, heads, norm)
            self.attention = ATTENTIONS[config.attention](sizes)
            self.W_c = Linear(memory_size + size, size, bias=False)
        if self.attention is not None and config.coverage:
            width = self.attention.project(torch.zeros(1, 1, memory_size)).shape[2]
            self.w_coverage = nn.Parameter(torch.zeros(width))

    def start(self, encoded: Encoded, first: RecurrentState) -> State:
        """Make the state before the first step."""
        keys = None if self.attention is None else self.attention.project(encoded.memory)
        top = first.h[-1]
        context = top if self.config.context_every_step else None
        feed = torch.zeros_like(top) if self.config.input_feeding else None
        covered = encoded.memory.new_zeros(encoded.src_mask.shape) if self.config.coverage else None
        masks = self.dropout.mask(first.h[1:])
        return State(encoded, keys, first, context, feed, masks=masks, coverage=covered)

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
            below = x
            x = x if number == 0 or state.masks is None else x * state.masks[number - 1]
            c = None if state.recurrent.c is None else state.recurrent.c[number]
            x, (h, c) = cell.step(x, (state.recurrent.h[number], c))
            x = x + below if number and self.config.residual else x
            hs.append(h)
            cs += [] if c is None else [c]
        recurrent = RecurrentState(torch.stack(hs), torch.stack(cs) if cs else None)
        state = replace(state, recurrent=recurrent)
        if state.coverage is None:
            decoded = self._attend(x.unflatten(0, (-1, state.beams)), state)
        else:
            decoded = self._attend_anew(x, state)
        outputs = decoded.outputs.flatten(0, 1)
        weights = None if decoded.weights is None else decoded.weights.flatten(0, 1)
        if state.coverage is not None and weights is not None:
            state = replace(state, coverage=state.coverage + weights)
        feed = outputs if self.config.input_feeding else None
        seen = None if weights is None else weights[:, None]
        return Decoded(outputs[:, None], seen), replace(state, feed=feed)

    def sequence(self, embedded: Float[Tensor, "batch steps embedding"], state: State) -> Decoded:
        """Read a whole target, in one fused recurrence a layer where no step needs to know of the last one's look."""
        if self.config.input_feeding or self.config.coverage:
            return super().sequence(embedded, state)
        x = embedded
        if state.context is not None:
            x = torch.cat([x, state.context[:, None].expand(-1, x.shape[1], -1)], dim=2)
        for number, layer in enumerate(self.layers):
            cell: Cell = layer  # pyright: ignore[reportAssignmentType]
            below = x
            x = x if number == 0 or state.masks is None else x * state.masks[number - 1, :, None]
            c = None if state.recurrent.c is None else state.recurrent.c[number]
            x, _ = cell.sequence(x, (state.recurrent.h[number], c))
            x = x + below if number and self.config.residual else x
        return self._attend(x, state)

    def _attend(self, x: Float[Tensor, "batch steps hidden"], state: State) -> Decoded:
        """Look over the source from each step (or beam) of each sentence."""
        if self.attention is None or state.keys is None:
            return Decoded(x, None)
        encoded = state.encoded
        found: Attended = self.attention(x, encoded.memory, state.keys, encoded.src_mask)
        return Decoded(self.W_c(torch.cat([found.context, x], dim=2)).tanh(), found.weights)

    def _attend_anew(self, x: Float[Tensor, "rows hidden"], state: State) -> Decoded:
        """Look over the source, told how much of it each row has seen: w_c c_i is added to each key.

        In the additive and concat attention this is See et al. 2017, eq. 11; in the others the query decides what to
        make of it. Hypotheses differ in what they have seen, so that each needs keys of its own.
        """
        encoded, keys, beams = state.encoded, state.keys, state.beams
        if keys is None or state.coverage is None:
            raise ValueError("coverage needs an attention")
        memory, mask = encoded.memory, encoded.src_mask
        if beams > 1:
            keys, memory, mask = (one.repeat_interleave(beams, 0) for one in (keys, memory, mask))
        keys = keys + state.coverage[:, :, None].to(keys.dtype) * self.w_coverage.to(keys.dtype)
        own = replace(state, encoded=replace(encoded, memory=memory, src_mask=mask), keys=keys)
        return self._attend(x[:, None], own)


DECODERS: dict[str, type[Decoder]] = {
    "recurrent": RecurrentDecoder,
    "monotonic": MonotonicDecoder,
    "transducer": TransducerDecoder,
}
