"""Heads: what the encoder made of a text -> scores of labels, one for each word or one for the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from dragoman.config import ModelConfig
from dragoman.nn.linear import Linear
from dragoman.nn.state import Encoded


@dataclass(frozen=True)
class Emissions:
    """How well each label fits each place; a text that gets one label has one place.

    Attributes:
        scores: Not normalised.
        mask: True where there is something to label.
        weights: Where the text was looked at, if it was.
    """

    scores: Float[Tensor, "batch places labels"]
    mask: Bool[Tensor, "batch places"]
    weights: Float[Tensor, "batch units"] | None = None


@dataclass(frozen=True)
class HeadLoss:
    """Sums over a batch, in nats: what to follow downhill, and the same without label smoothing."""

    smoothed: Float[Tensor, ""]
    plain: Float[Tensor, ""]


class Head(nn.Module):
    """What every row of HEADS is; by itself, a softmax at each place.

    Args:
        config: The network's settings.
        memory_size: Width of the encoder's outputs.
        num_labels: Labels to choose from.
    """

    per_word: ClassVar[bool] = True

    def __init__(self, config: ModelConfig, memory_size: int, num_labels: int) -> None:
        super().__init__()
        del config
        self.project = Linear(memory_size, num_labels)

    def forward(self, encoded: Encoded) -> Emissions:
        """Score the labels."""
        raise NotImplementedError

    def loss(
        self, emissions: Emissions, gold: Int[Tensor, "batch places"], smoothing: float
    ) -> HeadLoss:
        """Compare with the right labels.

        Args:
            emissions: What `forward` gave.
            gold: The right labels; anything where the mask is False.
            smoothing: Probability spread evenly over the labels.
        """
        scores, wanted = emissions.scores[emissions.mask].float(), gold[emissions.mask]
        smoothed = functional.cross_entropy(
            scores, wanted, reduction="sum", label_smoothing=smoothing
        )
        if not smoothing:
            return HeadLoss(smoothed, smoothed.detach())
        with torch.no_grad():
            return HeadLoss(smoothed, functional.cross_entropy(scores, wanted, reduction="sum"))

    def transitions(self) -> tuple[Tensor, Tensor, Tensor] | None:
        """Give what labels add to each other's scores: at the start, from one to the next, at the end."""
        return None


class SoftmaxHead(Head):
    """A label for each word, chosen without regard to its neighbours' labels."""

    def forward(self, encoded: Encoded) -> Emissions:
        """Score each word's labels."""
        return Emissions(self.project(encoded.memory), encoded.src_mask)


class CRFHead(SoftmaxHead):
    """A linear-chain conditional random field (Lafferty et al. 2001): labels choose their neighbours too.

    With emissions s and transitions A, labels y of a sentence have the score
    ``start[y_1] + sum_t s_t[y_t] + sum_t A[y_t-1, y_t] + end[y_n]`` and the probability exp(score) / Z, where Z
    sums over all labellings by the forward algorithm. Label smoothing has no part in it.
    """

    def __init__(self, config: ModelConfig, memory_size: int, num_labels: int) -> None:
        super().__init__(config, memory_size, num_labels)
        self.start = nn.Parameter(torch.zeros(num_labels))
        self.between = nn.Parameter(torch.zeros(num_labels, num_labels))
        self.end = nn.Parameter(torch.zeros(num_labels))

    def loss(
        self, emissions: Emissions, gold: Int[Tensor, "batch places"], smoothing: float
    ) -> HeadLoss:
        """Sum -log P(y | x) over the sentences; see `Head.loss`."""
        del smoothing
        scores, mask = emissions.scores.float(), emissions.mask
        loss = (self.log_partition(scores, mask) - self.path_score(scores, mask, gold)).sum()
        return HeadLoss(loss, loss.detach())

    def log_partition(
        self, scores: Float[Tensor, "batch places labels"], mask: Bool[Tensor, "batch places"]
    ) -> Float[Tensor, " batch"]:
        """Return log Z; padding stands at the end of each row, which has a True at least."""
        alpha = self.start + scores[:, 0]
        for emitted, real in zip(scores.unbind(1)[1:], mask.unbind(1)[1:], strict=True):
            after = (alpha[:, :, None] + self.between).logsumexp(dim=1) + emitted
            alpha = torch.where(real[:, None], after, alpha)
        return (alpha + self.end).logsumexp(dim=1)

    def path_score(
        self,
        scores: Float[Tensor, "batch places labels"],
        mask: Bool[Tensor, "batch places"],
        gold: Int[Tensor, "batch places"],
    ) -> Float[Tensor, " batch"]:
        """Return the score of given labels."""
        labels = torch.where(mask, gold, 0)
        emitted = scores.gather(2, labels[:, :, None])[:, :, 0]
        moved = self.between[labels[:, :-1], labels[:, 1:]] * mask[:, 1:]
        last = labels.gather(1, mask.sum(dim=1, keepdim=True) - 1)[:, 0]
        inside = (emitted * mask).sum(dim=1) + moved.sum(dim=1)
        return self.start[labels[:, 0]] + inside + self.end[last]

    def transitions(self) -> tuple[Tensor, Tensor, Tensor]:
        """Give start, between [from, to] and end."""
        return self.start, self.between, self.end


class LastHead(Head):
    """A label for the text, from the state after its last word: the context vector."""

    per_word: ClassVar[bool] = False

    def forward(self, encoded: Encoded) -> Emissions:
        """Score the text's labels."""
        scores = self.project(encoded.final.h[-1])[:, None]
        return Emissions(scores, torch.ones_like(scores[:, :, 0], dtype=torch.bool))


class PoolHead(Head):
    """A label for the text, from an average of all its states, weighted (Yang et al. 2016, N16-1174, eq. 5-7).

    ``u_i = tanh(W h_i + b),  a = softmax(u_i . u_w),  s = sum_i a_i h_i``
    """

    per_word: ClassVar[bool] = False

    def __init__(self, config: ModelConfig, memory_size: int, num_labels: int) -> None:
        super().__init__(config, memory_size, num_labels)
        self.hidden = Linear(memory_size, memory_size)
        self.query = Linear(memory_size, 1)

    def forward(self, encoded: Encoded) -> Emissions:
        """Score the text's labels."""
        fits = self.query(self.hidden(encoded.memory).tanh())[:, :, 0].float()
        weights = fits.masked_fill(~encoded.src_mask, -torch.inf).softmax(dim=1)
        pooled = (weights[:, None].to(encoded.memory.dtype) @ encoded.memory)[:, 0]
        scores = self.project(pooled)[:, None]
        return Emissions(scores, torch.ones_like(scores[:, :, 0], dtype=torch.bool), weights)


HEADS: dict[str, type[Head]] = {
    "crf": CRFHead,
    "softmax": SoftmaxHead,
    "pool": PoolHead,
    "last": LastHead,
}
