"""A small Transformer (Vaswani et al. 2017, arXiv:1706.03762), norms first (Xiong et al. 2020, arXiv:2002.04745).

It answers as `dragoman.nn.model.Seq2Seq` does, so that the same loop teaches it and the same search writes with it; its
products are as fast as ours (`dragoman.nn.linear`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from dragoman.config import ModelConfig
from dragoman.nn.decoder import Decoded
from dragoman.nn.generators import Generator
from dragoman.nn.linear import Linear
from dragoman.text.vocabulary import PAD

Keys = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Shape:
    """Layers of the encoder, and of the decoder where it has others; width, inner width, heads; and what suits them."""

    layers: int
    width: int
    inner: int
    heads: int
    learning_rate: float
    dropout: float = 0.1
    decoder_layers: int | None = None


class Attention(nn.Module):
    """Scaled dot products, several side by side."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.q, self.kv = Linear(shape.width, shape.width), Linear(shape.width, 2 * shape.width)
        self.out = Linear(shape.width, shape.width)
        for part in (self.q.weight, *self.kv.weight.data.chunk(2), self.out.weight):
            nn.init.xavier_uniform_(part)

    def keys(self, x: Tensor) -> Keys:
        """Give what is looked at: keys and values."""
        key, value = self.kv(x).chunk(2, dim=-1)
        return self._heads(key), self._heads(value)

    def forward(self, x: Tensor, keys: Keys, mask: Tensor | None, causal: bool = False) -> Tensor:
        """Look from each step of `x`."""
        rate = self.shape.dropout if self.training else 0.0
        found = scaled_dot_product_attention(self._heads(self.q(x)), *keys, mask, rate, causal)
        return self.out(found.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)


class Layer(nn.Module):
    """Attention to its own side, to the source if it decodes, and two maps: each x + dropout(f(norm(x)))."""

    def __init__(self, shape: Shape, *, decodes: bool) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(3 if decodes else 2))
        self.own = Attention(shape)
        self.cross = Attention(shape) if decodes else None
        maps = Linear(shape.width, shape.inner), Linear(shape.inner, shape.width)
        for one in maps:
            nn.init.xavier_uniform_(one.weight)
        self.maps = nn.Sequential(maps[0], nn.ReLU(), nn.Dropout(shape.dropout), maps[1])
        self.dropout = nn.Dropout(shape.dropout)

    def encode(self, x: Tensor, mask: Tensor) -> Tensor:
        """Read the source."""
        seen = self.norms[0](x)
        x = x + self.dropout(self.own(seen, self.own.keys(seen), mask))
        return x + self.dropout(self.maps(self.norms[1](x)))

    def decode(
        self, x: Tensor, before: Keys | None, source: Keys, mask: Tensor
    ) -> tuple[Tensor, Keys]:
        """Read the steps `x`; `before` holds the keys of those that came earlier."""
        seen = self.norms[0](x)
        keys = self.own.keys(seen)
        if before is not None:
            keys = torch.cat([before[0], keys[0]], 2), torch.cat([before[1], keys[1]], 2)
        x = x + self.dropout(self.own(seen, keys, None, causal=before is None))
        x = x + self.dropout(self.cross(self.norms[1](x), source, mask))
        return x + self.dropout(self.maps(self.norms[2](x))), keys


@dataclass(frozen=True)
class State:
    """What the decoder has read, a row a hypothesis: keys of the source and of its own steps, for each layer."""

    source: list[Keys]
    mask: Tensor
    own: list[Keys] | None = None

    def select(self, rows: Tensor) -> State:
        """Reorder, repeat or drop hypotheses."""

        def chosen(keys: list[Keys]) -> list[Keys]:
            return [(key[rows], value[rows]) for key, value in keys]

        own = None if self.own is None else chosen(self.own)
        return replace(self, source=chosen(self.source), mask=self.mask[rows], own=own)


@dataclass(frozen=True)
class Stepped:
    """One step's log-probabilities, and the state after it; where each head looked is not kept."""

    log_probs: Tensor
    state: State
    weights: None = None


class TiedGenerator(Generator):
    """softmax(E s + b)."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__(ModelConfig(), embedding)
        self.embedding = embedding

    @property
    def weight(self) -> Tensor:
        """E."""
        return self.embedding.weight


class Transformer(nn.Module):
    """Encoder and decoder; the target's vectors are also the softmax's, and the source's where `tied`."""

    def __init__(self, shape: Shape, src_size: int, tgt_size: int, *, tied: bool) -> None:
        super().__init__()
        self.shape = shape
        self.tgt_embedding = _embedding(tgt_size, shape.width)
        self.src_embedding = self.tgt_embedding if tied else _embedding(src_size, shape.width)
        self.encoder = nn.ModuleList(Layer(shape, decodes=False) for _ in range(shape.layers))
        depth = shape.decoder_layers or shape.layers
        self.decoder = nn.ModuleList(Layer(shape, decodes=True) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(2))
        self.dropout = nn.Dropout(shape.dropout)
        self.generator = TiedGenerator(self.tgt_embedding)

    def start(self, src: Tensor) -> State:
        """Read the source."""
        mask = (src != PAD)[:, None, None, :]
        x = self._embed(src, self.src_embedding, 0)
        for layer in self.encoder:
            x = layer.encode(x, mask)
        memory = self.norms[0](x)
        return State([layer.cross.keys(memory) for layer in self.decoder], mask)

    def step(self, last_ids: Tensor, state: State) -> Stepped:
        """Read one token a row, and say how likely each next one is."""
        outputs, state = self._decode(last_ids[:, None], state)
        return Stepped(self.generator(outputs[:, 0]), state)

    def forward(self, src: Tensor, tgt_in: Tensor) -> Decoded:
        """Read the source and the right target."""
        return Decoded(self._decode(tgt_in, self.start(src))[0], None)

    def log_probs(self, decoded: Decoded, src: Tensor) -> Tensor:
        """Make of what `forward` gave the log-probability of every token at every step."""
        del src
        return self.generator(decoded.outputs)

    def looked(self, decoded: Decoded, src: Tensor) -> None:
        """It copies nothing."""
        del decoded, src

    def _decode(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        past = 0 if state.own is None else state.own[0][0].shape[2]
        x = self._embed(ids, self.tgt_embedding, past)
        own: list[Keys] = []
        for number, layer in enumerate(self.decoder):
            before = None if state.own is None else state.own[number]
            x, keys = layer.decode(x, before, state.source[number], state.mask)
            own.append(keys)
        return self.norms[1](x), replace(state, own=own)

    def _embed(self, ids: Tensor, table: nn.Embedding, past: int) -> Tensor:
        x = table(ids) * math.sqrt(self.shape.width)
        return self.dropout(x + _positions(past, ids.shape[1], self.shape.width).to(x.device))


def _positions(start: int, count: int, width: int) -> Tensor:
    """Give sines and cosines of each position (Vaswani et al. 2017, 3.5)."""
    places = torch.arange(start, start + count)[:, None]
    angles = places * torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def _embedding(size: int, width: int) -> nn.Embedding:
    table = nn.Embedding(size, width)
    nn.init.normal_(table.weight, std=width**-0.5)
    return table
