"""The loss: cross-entropy with label smoothing, fused with the product that makes the logits; a copying model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from dragoman.nn.linear import matmul_nt

# Rows of logits made at a time: few enough that what is done to them is done in the processor's cache.
_CHUNK = 128


@dataclass(frozen=True)
class Loss:
    """Sums over tokens: the smoothed loss to follow downhill; the plain one and the hits to report."""

    smoothed: Float[Tensor, ""]
    cross_entropy: Float[Tensor, ""]
    num_right: Int[Tensor, ""]


class _FusedCrossEntropy(torch.autograd.Function):
    """Softmax, loss and gradient in one pass, a chunk of rows at a time.

    The logits of a batch are the largest tensor there is; here they are never kept, only their gradient, in the
    products' precision. With p the softmax, y the right token, V the vocabulary's size and e the smoothing, the
    loss of a row is ``-(1 - e) log p_y - e/V sum(log p)`` and its gradient ``p - (1 - e) onehot(y) - e/V``.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        need = any(ctx.needs_input_grad[:3])
        vocab_size = weight.shape[0]
        spread = smoothing / vocab_size
        x, columns = x.detach(), weight.detach().to(x.dtype)
        gradient = x.new_empty(len(x) if need else 0, vocab_size)
        grad_bias = bias.new_zeros(vocab_size)
        totals = bias.new_zeros(2)
        right = gold.new_zeros(())
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            answers = gold[part, None]
            log_probs = (matmul_nt(x[part], columns) + bias).log_softmax(dim=1)
            hit = log_probs.gather(1, answers)
            right += (hit == log_probs.amax(dim=1, keepdim=True)).sum()
            totals[0] -= (1 - smoothing) * hit.sum()
            totals[1] -= hit.sum()
            if spread:
                totals[0] -= spread * log_probs.sum()
            if need:
                grad = log_probs.exp_()
                if spread:
                    grad -= spread
                grad.scatter_add_(1, answers, grad.new_full(answers.shape, smoothing - 1))
                grad_bias += grad.sum(dim=0)
                gradient[part] = grad
        if need:
            keep_gradients(ctx, gradient, (x, columns), grad_bias)
        ctx.mark_non_differentiable(right)
        return totals[0], totals[1], right

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        grad = grads[0]
        grad_x, grad_weight, grad_bias = ctx.saved_tensors
        return grad_x.mul_(grad), grad_weight.mul_(grad), grad_bias.mul_(grad), None, None


def keep_gradients(
    ctx: Any, gradient: Tensor, factors: tuple[Tensor, Tensor], grad_bias: Tensor
) -> None:
    """Keep for backward the gradients of x, W and b of ``x W^T + b``, made of the logits' and the factors x and W."""
    x, columns = factors
    grad_x = matmul_nt(gradient, columns.t())
    # Parameters are of one type, and so are their gradients, whatever the products are computed in.
    grad_weight = matmul_nt(gradient.t(), x.t()).to(grad_bias.dtype)
    ctx.save_for_backward(grad_x, grad_weight, grad_bias)


def cross_entropy(
    features: Float[Tensor, "tokens features"],
    weight: Float[Tensor, "vocab features"],
    bias: Float[Tensor, " vocab"],
    gold: Int[Tensor, " tokens"],
    smoothing: float,
) -> Loss:
    """Score predictions against the right tokens.

    Label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7) gives every token of the vocabulary an
    equal share of `smoothing`.

    Args:
        features: What the generator projects; padding already left out.
        weight: The generator's last map.
        bias: Its bias.
        gold: The right tokens.
        smoothing: The share, from 0 to 1.
    """
    if not fusable(features):
        logits = functional.linear(features, weight, bias).float()
        return smoothed_cross_entropy(logits, gold, smoothing)
    smoothed, plain, right = _FusedCrossEntropy.apply(features, weight, bias, gold, smoothing)
    return Loss(smoothed, plain.detach(), right)


def fusable(features: Tensor) -> bool:
    """Whether to fuse softmax and loss: on a processor, in the types that its products are fast in."""
    return features.device.type == "cpu" and features.dtype in (torch.float32, torch.bfloat16)


def smoothed_cross_entropy(
    logits: Float[Tensor, "tokens vocab"], gold: Int[Tensor, " tokens"], smoothing: float
) -> Loss:
    """Score logits against the right tokens, the ordinary way."""
    smoothed = functional.cross_entropy(logits, gold, reduction="sum", label_smoothing=smoothing)
    with torch.no_grad():
        plain = functional.cross_entropy(logits, gold, reduction="sum")
        return Loss(smoothed, plain, (logits.argmax(dim=1) == gold).sum())


def mixture_cross_entropy(
    probabilities: Float[Tensor, "tokens width"],
    gold: Int[Tensor, " tokens"],
    vocab_size: int,
    smoothing: float,
) -> Loss:
    """Score a copying model's predictions against the right tokens.

    Label smoothing shares out over the vocabulary alone, as in `cross_entropy`: the sources' own words are not
    there to be said by others. Since log p_gen is in each of its terms, it also keeps the model from ever being
    sure that it must copy.

    Args:
        probabilities: Of the mixture, in float32; padding already left out.
        gold: The right tokens, which may be past the vocabulary.
        vocab_size: How many tokens share the smoothing.
        smoothing: The share, from 0 to 1.
    """
    log_probs = log_of(probabilities)
    hit = log_probs.gather(1, gold[:, None])
    plain = -hit.sum()
    smoothed = plain
    if smoothing:
        spread = log_probs[:, :vocab_size].mean(dim=1).sum()
        smoothed = (1 - smoothing) * plain - smoothing * spread
    right = (hit == log_probs.detach().amax(dim=1, keepdim=True)).sum()
    return Loss(smoothed, plain.detach(), right)


def log_of(probabilities: Float[Tensor, "tokens width"]) -> Float[Tensor, "tokens width"]:
    """Take logarithms; what cannot be said has probability 0, and log 0 no gradient."""
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def coverage_loss(
    weights: Float[Tensor, "batch steps src_len"], real: Bool[Tensor, "batch steps"]
) -> Float[Tensor, ""]:
    """Return the sum over steps of sum_i min(a_i, c_i), c being all attention before (See et al. 2017, eq. 10, 12).

    Args:
        weights: The attention.
        real: True on steps that count.
    """
    weights = weights.float()
    before = weights.cumsum(dim=1) - weights
    return torch.minimum(weights, before).sum(dim=2)[real].sum()
