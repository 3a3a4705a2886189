"""Dropout with one mask for all steps of a sentence (Gal & Ghahramani 2016, arXiv:1512.05287)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class VariationalDropout(nn.Module):
    """Drop the same features at every step of a sentence."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Float[Tensor, "batch steps width"]) -> Float[Tensor, "batch steps width"]:
        """Drop features while training, scaling the others up."""
        mask = self.mask(x[:, :1])
        return x if mask is None else x * mask

    def mask(self, like: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"] | None:
        """Draw a mask of this shape, to multiply with at every step; None where nothing is dropped."""
        if not self.training or self.rate == 0:
            return None
        keep = 1 - self.rate
        return torch.empty_like(like).bernoulli_(keep).div_(keep)


class WordDropout(nn.Module):
    """Drop whole tokens: their vector becomes zero (Gal & Ghahramani 2016, section 4.2)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Float[Tensor, "batch steps width"]) -> Float[Tensor, "batch steps width"]:
        """Drop tokens while training, scaling the others up."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * torch.empty_like(x[:, :, :1]).bernoulli_(keep).div_(keep)
