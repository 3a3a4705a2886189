"""Decoders: one step in use, and the whole target under teacher forcing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.attention import ATTENTIONS, Attended, AttentionSizes
from dragoman.nn.cell import Pair, Recurrence
from dragoman.nn.cells import make_cell
from dragoman.nn.decoder import Decoded, Decoder
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.linear import Linear
from dragoman.nn.monotonic import MonotonicDecoder, TransducerDecoder
from dragoman.nn.state import Encoded, RecurrentState, State

Vectors = Float[Tensor, "batch *steps _"]


@dataclass(frozen=True)
class Look:
    """What a look at the source found, of one step or of each step of a target."""

    context: Float[Tensor, "batch *steps memory"]
    weights: Float[Tensor, "batch *steps src_len"]


class RecurrentDecoder(Decoder):
    """A stack of recurrent layers; then, with attention, Luong's attended output over the top one.

    h~ = tanh(W_c [context; h]) (Luong et al. 2015, eq. 5). Attention after the recurrence leaves the whole
    target one fused recurrence. With input feeding a step also reads the last h~ (section 3.3), and with
    coverage attention sees where it has looked before, so the target must be read a step at a time. A deep
    output reads the last word besides: tanh(W_c [context; h; y]) (Sennrich et al. 2017, arXiv:1703.04357, eq. 9).

    Attributes:
        above: Whether the layers above the first also read the context.
        by_step: Whether a step needs to know what the one before has found.
        num_masks: How many dropout masks it takes.
    """

    attends = True
    above = False

    def __init__(self, config: ModelConfig, memory_size: int) -> None:
        super().__init__(config, memory_size)
        size = config.hidden_size
        width = config.embedding_size
        width += size if config.context_every_step else 0
        width += size if config.input_feeding else 0
        self.between = size + (memory_size if self.above else 0)
        self.layers = nn.ModuleList(
            make_cell(config.writes_with, config, self.between if number else width, size)
            for number in range(config.decoder_layers)
        )
        self.num_masks = config.decoder_layers - 1
        self.by_step = config.input_feeding or config.coverage
        self.dropout = VariationalDropout(config.dropout)
        self.attention = None
        if config.attention != "none":
            heads, norm = config.attention_heads, config.attention_norm
            sizes = AttentionSizes(size, memory_size, size, heads, norm)
            self.attention = ATTENTIONS[config.attention](sizes)
            word = config.embedding_size if config.deep_output else 0
            self.W_c = Linear(memory_size + size + word, size, bias=False)
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
        masks = self.dropout.mask(top.new_empty(self.num_masks, len(top), self.between))
        return State(encoded, keys, first, context, feed, masks=masks, coverage=covered)

    def climb(self, walk: Walk, x: Vectors) -> tuple[Vectors, Look | None]:
        """Go through the layers, and look at the source: one step, or all at once.

        Returns:
            What the top layer says, and what was found.
        """
        for number in range(len(self.layers)):
            x = walk.read(number, x)
        return x, walk.look(x)

    def step(
        self, embedded: Float[Tensor, "rows embedding"], state: State
    ) -> tuple[Decoded, State]:
        """Read one token a row."""
        extra = [part for part in (state.context, state.feed) if part is not None]
        x = torch.cat([embedded, *extra], dim=1) if extra else embedded
        walk = Walk(self, state)
        x, found = self.climb(walk, x)
        outputs = self._output(x, found, embedded)
        weights = None if found is None else found.weights
        coverage = state.coverage
        if coverage is not None and weights is not None:
            coverage = coverage + weights
        feed = outputs if self.config.input_feeding else None
        seen = None if weights is None else weights[:, None]
        state = replace(state, recurrent=walk.recurrent(), feed=feed, coverage=coverage)
        return Decoded(self._shown(outputs, found)[:, None], seen), state

    def sequence(self, embedded: Float[Tensor, "batch steps embedding"], state: State) -> Decoded:
        """Read a whole target, in one fused recurrence a layer where no step needs to know of the last one's look."""
        if self.by_step:
            return super().sequence(embedded, state)
        x = embedded
        if state.context is not None:
            x = torch.cat([x, state.context[:, None].expand(-1, x.shape[1], -1)], dim=2)
        x, found = self.climb(WholeWalk(self, state), x)
        outputs = self._output(x, found, embedded)
        outputs = self._shown(outputs, found)
        return Decoded(outputs, None if found is None else found.weights)

    def look(self, query: Float[Tensor, "batch steps hidden"], state: State) -> Attended | None:
        """Look over the source from each step (or beam) of each sentence."""
        if self.attention is None or state.keys is None:
            return None
        encoded = state.encoded
        return self.attention(query, encoded.memory, state.keys, encoded.src_mask)

    def reminded(self, state: State) -> State:
        """Tell attention how much of the source each row has seen: w_c c_i is added to each key.

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
        return replace(state, encoded=replace(encoded, memory=memory, src_mask=mask), keys=keys)

    def _output(self, x: Vectors, found: Look | None, embedded: Vectors) -> Vectors:
        """Give h~; without attention h."""
        if found is None:
            return x
        word = [embedded] if self.config.deep_output else []
        return self.W_c(torch.cat([found.context, x, *word], dim=-1)).tanh()

    def _shown(self, outputs: Vectors, found: Look | None) -> Vectors:
        """Give what the generator reads: h~, and the context where it asks for that too."""
        if found is None or not self.config.context_output:
            return outputs
        return torch.cat([outputs, found.context], dim=-1)


class GNMTDecoder(RecurrentDecoder):
    """Attention from the bottom layer, whose context those above read too (Wu et al. 2016, arXiv:1609.08144, 3).

    As in RNMT+ (Chen et al. 2018, arXiv:1804.09849, section 4.1) a step looks from its own bottom layer, not the last
    step's. So no layer waits for a look of the step before: the whole target stays a fused recurrence a layer.
    """

    needs_attention = True
    least_layers = 2
    above = True

    def climb(self, walk: Walk, x: Vectors) -> tuple[Vectors, Look | None]:
        """Look after the first layer; see `RecurrentDecoder.climb`."""
        x = walk.read(0, x)
        found = walk.look(x)
        for number in range(1, len(self.layers)):
            x = walk.read(number, x, None if found is None else found.context)
        return x, found


class ConditionalDecoder(RecurrentDecoder):
    """Attention between two recurrences of one state (the conditional GRU, Sennrich et al. 2017, eq. 2-6).

    ::

        s' = cell_1(y, s),  context = attention(s'),  s = cell_2(context, s')

    Further layers stand above the second. Each step waits for what the last one found, so that the target is read a
    step at a time.
    """

    needs_attention = True

    def __init__(self, config: ModelConfig, memory_size: int) -> None:
        super().__init__(config, memory_size)
        self.transition = make_cell(config.writes_with, config, memory_size, config.hidden_size)
        self.by_step = True
        self.between = max(self.between, memory_size)
        self.num_masks += 1

    def climb(self, walk: Walk, x: Vectors) -> tuple[Vectors, Look | None]:
        """Look after the first recurrence; see `RecurrentDecoder.climb`."""
        x = walk.read(0, x)
        found = walk.look(x)
        if found is not None:
            x = walk.read_on(self.transition, found.context)
        for number in range(1, len(self.layers)):
            x = walk.read(number, x)
        return x, found


class Walk:
    """One step of a decoder's layers, and a look at the source on the way.

    Args:
        decoder: Whose layers.
        state: Before the step.
    """

    def __init__(self, decoder: RecurrentDecoder, state: State) -> None:
        self.decoder, self.state = decoder, state
        h, c = state.recurrent.h, state.recurrent.c
        self.pairs: list[Pair] = [(one, None if c is None else c[n]) for n, one in enumerate(h)]

    def recurrent(self) -> RecurrentState:
        """Give the layers' state after the step."""
        cs = [c for _, c in self.pairs if c is not None]
        return RecurrentState(
            torch.stack([h for h, _ in self.pairs]), torch.stack(cs) if cs else None
        )

    def read(self, number: int, x: Vectors, context: Vectors | None = None) -> Vectors:
        """Read with a layer, which all but the first read what is left of `x` and `context` after dropout."""
        cell: Recurrence = self.decoder.layers[number]  # pyright: ignore[reportAssignmentType]
        if number == 0:
            return self._advance(cell, 0, x)
        wide = x if context is None else torch.cat([x, context], dim=-1)
        above = self._advance(cell, number, self._dropped(number - 1, wide))
        return above + x if self.decoder.config.residual else above

    def read_on(self, cell: Recurrence, x: Vectors) -> Vectors:
        """Take the first layer's state a step further with another cell."""
        return self._advance(cell, 0, self._dropped(-1, x))

    def look(self, query: Vectors) -> Look | None:
        """Look over the source: from each beam of each sentence."""
        decoder, state = self.decoder, self.state
        if state.coverage is None:
            found = decoder.look(query.unflatten(0, (-1, state.beams)), state)
        else:
            found = decoder.look(query[:, None], decoder.reminded(state))
        return found and Look(found.context.flatten(0, 1), found.weights.flatten(0, 1))

    def _advance(self, cell: Recurrence, number: int, x: Vectors) -> Vectors:
        x, self.pairs[number] = cell.step(x, self.pairs[number])
        return x

    def _dropped(self, number: int, x: Vectors) -> Vectors:
        masks = self.state.masks
        return x if masks is None else x * masks[number, :, : x.shape[-1]]


class WholeWalk(Walk):
    """All steps of a target at once."""

    def look(self, query: Vectors) -> Look | None:
        """Look over the source: from each step of each sentence, of all its targets at once."""
        steps = query.shape[1]
        found = self.decoder.look(
            query.reshape(-1, self.state.beams * steps, query.shape[2]), self.state
        )
        if found is None:
            return None
        context, weights = (
            one.reshape(-1, steps, one.shape[2]) for one in (found.context, found.weights)
        )
        return Look(context, weights)

    def _advance(self, cell: Recurrence, number: int, x: Vectors) -> Vectors:
        return cell.sequence(x, self.pairs[number])[0]

    def _dropped(self, number: int, x: Vectors) -> Vectors:
        masks = self.state.masks
        return x if masks is None else x * masks[number, :, None, : x.shape[-1]]


DECODERS: dict[str, type[Decoder]] = {
    "recurrent": RecurrentDecoder,
    "gnmt": GNMTDecoder,
    "conditional": ConditionalDecoder,
    "monotonic": MonotonicDecoder,
    "transducer": TransducerDecoder,
}
