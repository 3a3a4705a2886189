"""How attention makes weights of scores: softmax, or one that gives most places nothing at all.

alpha-entmax (Peters et al. 2019, arXiv:1905.05702, eq. 5) is softmax at alpha = 1 and sparsemax at alpha = 2. A place
whose score is less than the best one's by more than 1 (sparsemax) or 2 (1.5) gets weight 0, so that scores can be cut
off there; -inf, which stands on padding, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

Scores = Float[Tensor, "*batch src_len"]
# Below what can have a weight, once the best score is 0.
_NOTHING = -2.0


def softmax(scores: Scores) -> Scores:
    """Give weights in proportion to exp(score)."""
    return scores.softmax(dim=-1, dtype=torch.float32)


class _Sparsemax(torch.autograd.Function):
    """The projection on the simplex: max(z - tau, 0), tau such that it sums to 1."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        z = _cut(z)
        best = z.sort(dim=-1, descending=True).values
        # Its sum over the k best is 1 if tau = (sum - 1) / k; that rises as long as the next one has a weight.
        tau = ((best.cumsum(-1) - 1) / _counts(z)).amax(-1, keepdim=True)
        weights = (z - tau).clamp_min(0)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        held = (weights > 0).to(weights.dtype)
        grad = grads[0] * held
        return grad - held * (grad.sum(-1, keepdim=True) / held.sum(-1, keepdim=True))


class _Entmax15(torch.autograd.Function):
    """max(z / 2 - tau, 0)^2, tau such that it sums to 1 (Peters et al. 2019, algorithm 2)."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        z = _cut(z / 2)
        best = z.sort(dim=-1, descending=True).values
        k = _counts(z)
        mean, square = best.cumsum(-1) / k, best.square().cumsum(-1) / k
        # The sum over the k best of (z - tau)^2 is 1.
        taus = mean - ((1 - k * (square - mean.square())) / k).clamp_min(0).sqrt()
        num = (taus <= best).sum(-1, keepdim=True)
        weights = (z - taus.gather(-1, num - 1)).clamp_min(0).square()
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        root = weights.sqrt()
        grad = grads[0] * root
        return grad - root * (grad.sum(-1, keepdim=True) / root.sum(-1, keepdim=True))


def sparsemax(scores: Scores) -> Scores:
    """Project on the simplex (Martins & Astudillo 2016, arXiv:1602.02068, eq. 3)."""
    return _Sparsemax.apply(_wide(scores))  # pyright: ignore[reportReturnType]


def entmax15(scores: Scores) -> Scores:
    """Give the 1.5-entmax, between softmax and sparsemax."""
    return _Entmax15.apply(_wide(scores))  # pyright: ignore[reportReturnType]


def _wide(scores: Scores) -> Scores:
    return scores if scores.dtype == torch.float64 else scores.float()


def _cut(z: Scores) -> Scores:
    return (z - z.amax(-1, keepdim=True)).clamp_min(_NOTHING)


def _counts(z: Scores) -> Float[Tensor, " src_len"]:
    return torch.arange(1, z.shape[-1] + 1, device=z.device, dtype=z.dtype)


WEIGHINGS: dict[str, Callable[[Scores], Scores]] = {
    "softmax": softmax,
    "entmax15": entmax15,
    "sparsemax": sparsemax,
}
