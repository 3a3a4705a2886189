"""Attention: a query looks over the memory and takes an average of it, weighted by how well each place fits.

Every attention has `project(memory) -> keys`, computed once a sentence by the caller, and `forward`, which
takes several queries a sentence: the steps of a target under teacher forcing, or the beams of a search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dragoman.nn.linear import Linear
from dragoman.nn.weighing import WEIGHINGS


@dataclass(frozen=True)
class Attended:
    """What a query found: the averages, and the weights, which sum to 1 over the source."""

    context: Float[Tensor, "batch steps memory"]
    weights: Float[Tensor, "batch steps src_len"]


@dataclass(frozen=True)
class AttentionSizes:
    """The widths an attention is built from, and the row of WEIGHINGS that makes weights of its scores."""

    query: int
    memory: int
    hidden: int
    heads: int = 1
    norm: str = "softmax"


class Attention(nn.Module):
    """What every row of ATTENTIONS is: scores differ, what makes weights of them and the average do not.

    Attributes:
        has_heads: Whether it has several, whose number must divide the widths.
    """

    has_heads = False

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__()
        self.sizes = sizes

    def project(
        self, memory: Float[Tensor, "batch src_len memory"]
    ) -> Float[Tensor, "batch src_len keys"]:
        """Prepare the memory, once a sentence."""
        return memory

    def scores(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch src_len keys"]
    ) -> Float[Tensor, "batch steps src_len"]:
        """Say how well each source position fits each query."""
        raise NotImplementedError

    def forward(
        self,
        query: Float[Tensor, "batch steps query"],
        memory: Float[Tensor, "batch src_len memory"],
        keys: Float[Tensor, "batch src_len keys"],
        src_mask: Bool[Tensor, "batch src_len"],
    ) -> Attended:
        """Average the source positions, weighted by how well each fits the query.

        Args:
            query: Decoder states, one a step or one a beam.
            memory: Encoder outputs.
            keys: `self.project(memory)`, computed once a sentence by the caller.
            src_mask: True on tokens; every row needs one True.

        Returns:
            The contexts, and weights that sum to 1 over `src_len` and are 0 on padding.
        """
        scores = self.scores(query, keys).masked_fill(~src_mask[:, None, :], -math.inf)
        weights = WEIGHINGS[self.sizes.norm](scores).to(memory.dtype)
        return Attended(weights @ memory, weights)


class AdditiveAttention(Attention):
    """v . tanh(W s + U h) (Bahdanau et al. 2015, arXiv:1409.0473, A.1.2)."""

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__(sizes)
        self.W = Linear(sizes.query, sizes.hidden, bias=False)
        self.U = Linear(sizes.memory, sizes.hidden)
        self.v = nn.Parameter(torch.empty(sizes.hidden).uniform_(-1, 1) / math.sqrt(sizes.hidden))

    def project(
        self, memory: Float[Tensor, "batch src_len memory"]
    ) -> Float[Tensor, "batch src_len keys"]:
        """Return U h."""
        return self.U(memory)

    def scores(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch src_len keys"]
    ) -> Float[Tensor, "batch steps src_len"]:
        """Return v . tanh(W s + U h)."""
        return (self.W(query)[:, :, None, :] + keys[:, None, :, :]).tanh() @ self.v


class DotAttention(Attention):
    """s . h (Luong et al. 2015, arXiv:1508.04025, eq. 8, dot).

    Where the widths differ the memory is first mapped to the query's, since the product asks for equal ones.
    """

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__(sizes)
        fits = sizes.query == sizes.memory
        self.fit = nn.Identity() if fits else Linear(sizes.memory, sizes.query, bias=False)

    def project(
        self, memory: Float[Tensor, "batch src_len memory"]
    ) -> Float[Tensor, "batch src_len keys"]:
        """Return h, at the query's width."""
        return self.fit(memory)

    def scores(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch src_len keys"]
    ) -> Float[Tensor, "batch steps src_len"]:
        """Return s . h."""
        return query @ keys.transpose(1, 2)


class GeneralAttention(Attention):
    """s . W h (Luong et al. 2015, eq. 8, general)."""

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__(sizes)
        self.W = Linear(sizes.memory, sizes.query, bias=False)

    def project(
        self, memory: Float[Tensor, "batch src_len memory"]
    ) -> Float[Tensor, "batch src_len keys"]:
        """Return W h."""
        return self.W(memory)

    def scores(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch src_len keys"]
    ) -> Float[Tensor, "batch steps src_len"]:
        """Return s . W h."""
        return query @ keys.transpose(1, 2)


class ConcatAttention(Attention):
    """v . tanh(W [s; h]) (Luong et al. 2015, eq. 8, concat).

    W [s; h] is the sum of its two halves, W_s s + W_h h; unlike the additive attention there is no bias.
    """

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__(sizes)
        self.W = Linear(sizes.query + sizes.memory, sizes.hidden, bias=False)
        self.v = nn.Parameter(torch.empty(sizes.hidden).uniform_(-1, 1) / math.sqrt(sizes.hidden))

    def project(
        self, memory: Float[Tensor, "batch src_len memory"]
    ) -> Float[Tensor, "batch src_len keys"]:
        """Return the memory's half of W [s; h]."""
        return nn.functional.linear(memory, self.W.weight[:, self.sizes.query :])

    def scores(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch src_len keys"]
    ) -> Float[Tensor, "batch steps src_len"]:
        """Return v . tanh(W [s; h])."""
        half = nn.functional.linear(query, self.W.weight[:, : self.sizes.query])
        return (half[:, :, None, :] + keys[:, None, :, :]).tanh() @ self.v


class MultiHeadAttention(Attention):
    """Several scaled dot products side by side (Vaswani et al. 2017, arXiv:1706.03762, 3.2).

    Each head has its own softmax over the whole memory, and a slice of the mapped memory to average; the
    weights given back are the heads' mean.
    """

    has_heads = True

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__(sizes)
        if sizes.memory % sizes.heads or sizes.hidden % sizes.heads:
            raise ValueError(
                f"{sizes.heads} heads do not divide widths {sizes.memory} and {sizes.hidden}"
            )
        self.Q = Linear(sizes.query, sizes.hidden, bias=False)
        self.K = Linear(sizes.memory, sizes.hidden, bias=False)
        self.V = Linear(sizes.memory, sizes.memory, bias=False)
        self.out = Linear(sizes.memory, sizes.memory, bias=False)

    def project(
        self, memory: Float[Tensor, "batch src_len memory"]
    ) -> Float[Tensor, "batch src_len keys"]:
        """Return the heads' keys and values, side by side."""
        return torch.cat([self.K(memory), self.V(memory)], dim=-1)

    def forward(
        self,
        query: Float[Tensor, "batch steps query"],
        memory: Float[Tensor, "batch src_len memory"],
        keys: Float[Tensor, "batch src_len keys"],
        src_mask: Bool[Tensor, "batch src_len"],
    ) -> Attended:
        """As `Attention.forward`, with one softmax a head."""
        del memory
        key, value = keys.split([self.sizes.hidden, self.sizes.memory], dim=-1)
        q, k, v = (self._heads(part) for part in (self.Q(query), key, value))
        scores = self.compare(q, k)
        scores = scores.masked_fill(~src_mask[:, None, None, :], -math.inf)
        weights = WEIGHINGS[self.sizes.norm](scores).to(v.dtype)
        context = (weights @ v).transpose(1, 2).flatten(2)
        return Attended(self.out(context), weights.mean(dim=1))

    def compare(
        self,
        q: Float[Tensor, "batch heads steps head"],
        k: Float[Tensor, "batch heads src_len head"],
    ) -> Float[Tensor, "batch heads steps src_len"]:
        """Say how well each source position fits each query, head by head."""
        return q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])

    def _heads(
        self, x: Float[Tensor, "batch steps width"]
    ) -> Float[Tensor, "batch heads steps head"]:
        return x.unflatten(-1, (self.sizes.heads, -1)).transpose(1, 2)


class AdditiveMultiHeadAttention(MultiHeadAttention):
    """v_i . tanh(Q_i s + K_i h) with heads i side by side (RNMT+, Chen et al. 2018, arXiv:1804.09849)."""

    def __init__(self, sizes: AttentionSizes) -> None:
        super().__init__(sizes)
        head = sizes.hidden // sizes.heads
        self.v = nn.Parameter(torch.empty(sizes.heads, head).uniform_(-1, 1) / math.sqrt(head))

    def compare(
        self,
        q: Float[Tensor, "batch heads steps head"],
        k: Float[Tensor, "batch heads src_len head"],
    ) -> Float[Tensor, "batch heads steps src_len"]:
        """Return v_i . tanh(Q_i s + K_i h)."""
        hidden = (q[:, :, :, None] + k[:, :, None]).tanh()
        return (hidden @ self.v[:, None, :, None])[..., 0]


ATTENTIONS: dict[str, type[Attention]] = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "general": GeneralAttention,
    "concat": ConcatAttention,
    "multihead": MultiHeadAttention,
    "multihead-additive": AdditiveMultiHeadAttention,
}
