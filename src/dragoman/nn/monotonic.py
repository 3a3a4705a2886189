"""Hard monotonic attention and the neural transducer: the decoder looks at one source token at a time.

It says itself when to move on: the target of each pair holds STEP tokens, a transducer's also INSERT
(`dragoman.data.alignment`). Under teacher forcing all positions are known beforehand, so the whole target stays one
fused recurrence.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.cell import Recurrence
from dragoman.nn.cells import make_cell
from dragoman.nn.decoder import Decoded, Decoder
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.linear import Linear
from dragoman.nn.state import Encoded, RecurrentState, State
from dragoman.text.vocabulary import INSERT, INSERT_TOKEN, PAD, SOS, STEP, STEP_TOKEN


class MonotonicDecoder(Decoder):
    """Reads the last token and the memory at its position (Aharoni & Goldberg 2017, arXiv:1611.01487, eq. 1).

    Its output is tanh(W_c [memory; h]): the position is seen before and after the recurrence.
    """

    actions = (STEP_TOKEN,)

    def __init__(self, config: ModelConfig, memory_size: int) -> None:
        super().__init__(config, memory_size)
        size = config.hidden_size
        width = config.embedding_size + memory_size
        width += size if config.context_every_step else 0
        self.layers = nn.ModuleList(
            make_cell(config.writes_with, config, size if number else width, size)
            for number in range(config.decoder_layers)
        )
        self.dropout = VariationalDropout(config.dropout)
        self.W_c = Linear(memory_size + size, size, bias=False)

    def start(self, encoded: Encoded, first: RecurrentState) -> State:
        """Begin at the first source token."""
        top = first.h[-1]
        context = top if self.config.context_every_step else None
        position = torch.zeros(top.shape[0], dtype=torch.long, device=top.device)
        masks = self.dropout.mask(first.h[1:])
        return State(encoded, None, first, context, masks=masks, position=position)

    def heed(self, ids: Int[Tensor, "rows ..."], state: State) -> State:
        """Move along the source as the tokens say; the state's position may be past its end."""
        position, moved = _position(state), self.moves(ids)
        if ids.dim() == 2:
            position, moved = position[:, None], moved.cumsum(dim=1)
        return replace(state, position=position + moved)

    def moves(self, ids: Int[Tensor, "rows ..."]) -> Int[Tensor, "rows ..."]:
        """Say how far each token, having been read, moves the decoder on."""
        return (ids == STEP).long()

    def step(
        self, embedded: Float[Tensor, "rows embedding"], state: State
    ) -> tuple[Decoded, State]:
        """Read one token a row, at its position."""
        seen = self._look(state)
        x = self._inputs(embedded, seen, state.context)
        hs: list[Tensor] = []
        cs: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            cell: Recurrence = layer  # pyright: ignore[reportAssignmentType]
            below = x
            x = x if number == 0 or state.masks is None else x * state.masks[number - 1]
            c = None if state.recurrent.c is None else state.recurrent.c[number]
            x, (h, c) = cell.step(x, (state.recurrent.h[number], c))
            x = x + below if number and self.config.residual else x
            hs.append(h)
            cs += [] if c is None else [c]
        recurrent = RecurrentState(torch.stack(hs), torch.stack(cs) if cs else None)
        outputs = self.W_c(torch.cat([seen, x], dim=1)).tanh()
        weights = self._weights(state, outputs.dtype)
        return Decoded(outputs[:, None], weights[:, None]), replace(state, recurrent=recurrent)

    def sequence(self, embedded: Float[Tensor, "batch steps embedding"], state: State) -> Decoded:
        """Read a whole target in one fused recurrence a layer; `heed` has laid down the positions."""
        seen = self._look(state)
        context = state.context
        if context is not None:
            context = context[:, None].expand(-1, embedded.shape[1], -1)
        x = self._inputs(embedded, seen, context)
        for number, layer in enumerate(self.layers):
            cell: Recurrence = layer  # pyright: ignore[reportAssignmentType]
            below = x
            x = x if number == 0 or state.masks is None else x * state.masks[number - 1, :, None]
            c = None if state.recurrent.c is None else state.recurrent.c[number]
            x, _ = cell.sequence(x, (state.recurrent.h[number], c))
            x = x + below if number and self.config.residual else x
        outputs = self.W_c(torch.cat([seen, x], dim=2)).tanh()
        return Decoded(outputs, self._weights(state, outputs.dtype))

    def _look(self, state: State) -> Float[Tensor, "rows ... memory"]:
        """Give the memory at each row's position: of one step, or of each step of a target."""
        memory, position = state.encoded.memory, _within(state)
        if position.dim() == 1:
            sentences = torch.arange(len(position), device=memory.device) // state.beams
            return memory[sentences, position]
        if state.beams > 1:
            memory = memory.repeat_interleave(state.beams, 0)
        return memory.gather(1, position[:, :, None].expand(-1, -1, memory.shape[2]))

    def _inputs(self, embedded: Tensor, seen: Tensor, context: Tensor | None) -> Tensor:
        parts = [embedded, seen] if context is None else [embedded, seen, context]
        return torch.cat([part.to(embedded.dtype) for part in parts], dim=-1)

    def _weights(self, state: State, dtype: torch.dtype) -> Float[Tensor, "rows ... src_len"]:
        """Say where it looked: all of the weight on one token."""
        return nn.functional.one_hot(_within(state), state.encoded.memory.shape[1]).to(dtype)


class TransducerDecoder(MonotonicDecoder):
    """A neural transducer over edit actions (Makarov & Clematide 2018, COLING; 2020, SIGMORPHON).

    What it writes takes the place of the source token that it looks at, so that it moves on by one: SUBSTITUTE; or,
    under a generator that copies, COPY, which adds to the probability of the same token. STEP moves on without a
    word: DELETE. INSERT moves back by one, so that another token comes from the same place.
    """

    actions = (STEP_TOKEN, INSERT_TOKEN)

    def moves(self, ids: Int[Tensor, "rows ..."]) -> Int[Tensor, "rows ..."]:
        """Move on by one, after INSERT back by one; nothing has been written before the start."""
        moved = 1 - 2 * (ids == INSERT).long()
        return moved.masked_fill((ids == SOS) | (ids == PAD), 0)


def _position(state: State) -> Int[Tensor, "rows ..."]:
    if state.position is None:
        raise ValueError("a monotonic decoder's state has a position")
    return state.position


def _within(state: State) -> Int[Tensor, "rows ..."]:
    """Give the positions on the source: whoever is past its end sees its last token, EOS."""
    position = _position(state)
    last = state.encoded.src_mask.sum(dim=1).sub(1).repeat_interleave(state.beams)
    last = last if position.dim() == 1 else last[:, None]
    return torch.minimum(position, last).clamp_min(0)
