"""R-Drop: what two passes of different dropout say must agree (Wu, Li et al. 2021, arXiv:2106.14448).

A batch goes through the network twice, as one batch of twice the rows. With P1 and P2 the two distributions over the
next token, the paper follows, for every token (eq. 1, 2 and 4)

    L = -log P1(y) - log P2(y) + alpha J,    J = (KL(P1 || P2) + KL(P2 || P1)) / 2.

Here it is L / 2, which keeps the size of one pass's gradient, and so the meaning of `clip_norm`; alpha is the paper's.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from dragoman.nn.linear import matmul_nt
from dragoman.training.losses import (
    Loss,
    fusable,
    keep_gradients,
    smoothed_cross_entropy,
)

# Tokens whose two rows of logits are made at a time: few enough for the processor's cache.
_CHUNK = 64


class _FusedRDrop(torch.autograd.Function):
    """Both softmaxes, the loss and its gradient in one pass, a chunk of tokens at a time.

    As in the fused cross-entropy only the logits' gradient is kept. With p = P1, q = P2 and d = log p - log q, J is
    ``sum((p - q) d) / 2``, and its gradient ``(p (d - sum(p d)) + p - q) / 2`` to the logits of p,
    ``(-q (d - sum(q d)) + q - p) / 2`` to those of q.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        gold: Tensor,
        options: tuple[float, float],
    ) -> tuple[Tensor, Tensor, Tensor]:
        need = any(ctx.needs_input_grad[:3])
        smoothing, alpha = options
        tokens, vocab_size = len(gold), weight.shape[0]
        spread = smoothing / vocab_size
        x, columns = x.detach(), weight.detach().to(x.dtype)
        passes = x.unflatten(0, (2, tokens))
        gradient = x.new_empty(2, tokens if need else 0, vocab_size)
        grad_bias = bias.new_zeros(vocab_size)
        totals = bias.new_zeros(2)
        right = gold.new_zeros(())
        for start in range(0, tokens, _CHUNK):
            part = slice(start, start + _CHUNK)
            answers = gold[part, None].expand(2, -1, 1)
            logits = matmul_nt(passes[:, part].flatten(0, 1), columns) + bias
            log_probs = logits.log_softmax(dim=1).unflatten(0, (2, -1))
            hit = log_probs.gather(2, answers)
            right += (hit == log_probs.amax(dim=2, keepdim=True)).sum()
            totals[0] -= (1 - smoothing) / 2 * hit.sum()
            totals[1] -= hit.sum() / 2
            if spread:
                totals[0] -= spread / 2 * log_probs.sum()
            apart = log_probs[0] - log_probs[1]
            probs = log_probs.exp_()
            grad = probs * apart
            means = grad.sum(dim=2, keepdim=True)
            totals[0] += alpha / 4 * (means[0] - means[1]).sum()
            if need:
                grad -= probs * means
                grad[1].neg_()
                unlike = probs[0] - probs[1]
                grad[0] += unlike
                grad[1] -= unlike
                grad.mul_(alpha / 4).add_(probs, alpha=0.5)
                if spread:
                    grad -= spread / 2
                grad.scatter_add_(2, answers, grad.new_full(answers.shape, (smoothing - 1) / 2))
                grad_bias += grad.sum(dim=(0, 1))
                gradient[:, part] = grad
        if need:
            keep_gradients(ctx, gradient.flatten(0, 1), (x, columns), grad_bias)
        ctx.mark_non_differentiable(right)
        return totals[0], totals[1], right

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        grad = grads[0]
        grad_x, grad_weight, grad_bias = ctx.saved_tensors
        return grad_x * grad, grad_weight * grad, grad_bias * grad, None, None


def r_drop_cross_entropy(
    features: Float[Tensor, "rows features"],
    weight: Float[Tensor, "vocab features"],
    bias: Float[Tensor, " vocab"],
    gold: Int[Tensor, " tokens"],
    smoothing: float,
    alpha: float,
) -> Loss:
    """Score two passes over the same tokens, and how far they are apart.

    Args:
        features: What the generator projects: all tokens of the first pass, then those of the second.
        weight: The generator's last map.
        bias: Its bias.
        gold: The right tokens, once.
        smoothing: The share of label smoothing, from 0 to 1.
        alpha: The weight of J.

    Returns:
        Sums over tokens of the means over the two passes.
    """
    if fusable(features):
        smoothed, plain, right = _FusedRDrop.apply(features, weight, bias, gold, (smoothing, alpha))
        return Loss(smoothed, plain.detach(), right // 2)
    logits = functional.linear(features, weight, bias).float()
    loss = smoothed_cross_entropy(logits, torch.cat([gold, gold]), smoothing)
    return halve(loss, alpha * disagreement(logits.log_softmax(dim=1)))


def disagreement(log_probs: Float[Tensor, "rows width"]) -> Float[Tensor, ""]:
    """Return the sum over tokens of J, from the first pass's rows and then the second's."""
    first, second = log_probs.chunk(2)
    return ((first.exp() - second.exp()) * (first - second)).sum() / 2


def halve(both: Loss, disagreement: Float[Tensor, ""]) -> Loss:
    """Make of two passes' sums, and of alpha J, what is followed downhill."""
    smoothed = (both.smoothed + disagreement) / 2
    return Loss(smoothed, both.cross_entropy / 2, both.num_right // 2)
