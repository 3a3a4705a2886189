"""Tiny networks, their weights large enough that no two words are equally likely; their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.data.batches import pad_sources
from dragoman.nn.model import Seq2Seq
from dragoman.nn.state import RecurrentState
from dragoman.nn.stepper import TorchStepper
from dragoman.search.stepper import Stepper
from dragoman.text.vocabulary import EOS, SOS

VOCAB = 20
SOURCES = [[5, 9, 4, 17, 8], [11], [6, 6, 19], [7, 12, 10, 13, 14, 15, 16]]
TARGETS = [[8, 4], [5, 18, 9, 12, 6], [13], [16, 15, 14]]


def plant(seed: int) -> None:
    """Fix the random choices that follow."""
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType]


def build(config: ModelConfig, seed: int = 1) -> Seq2Seq:
    """Build a network in evaluation mode whose sentences end after a few words."""
    plant(seed)
    model = Seq2Seq(config, VOCAB, VOCAB)
    stir(model)
    with torch.no_grad():
        model.generator.bias[EOS] += 1.5
    return model.eval()


def stir(module: nn.Module) -> None:
    """Make weights large, and biases other than zero."""
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(1.5).add_(torch.randn_like(weight), alpha=0.3)


def sources(extra: int = 0) -> NDArray[np.int64]:
    """Return the sources as a batch, with `extra` columns of padding more than they need."""
    return np.pad(pad_sources(SOURCES), ((0, 0), (0, extra)))


def tensor_of(ids: NDArray[np.int64]) -> Tensor:
    """Return ids as the network reads them."""
    return torch.from_numpy(ids)  # pyright: ignore[reportUnknownMemberType]


def stepper_of(model: Seq2Seq) -> Stepper[Any]:
    """Return a network as a search sees it."""
    stepper: Any = TorchStepper(model)
    return stepper


def targets_in() -> Tensor:
    """Return the targets as a decoder reads them; what follows the end is any word."""
    width = max(map(len, TARGETS)) + 1
    rows = [([SOS, *target] + [4] * width)[:width] for target in TARGETS]
    return torch.tensor(rows)


def mask_of(lengths: Sequence[int], width: int) -> Tensor:
    """Return a mask of rows of these lengths."""
    return torch.arange(width)[None] < torch.tensor(lengths)[:, None]


def check_gradients(module: nn.Module, outputs: Tensor) -> None:
    """Hold that a gradient, finite and not zero, reaches every weight."""
    module.zero_grad()
    plant(5)
    (outputs * torch.randn_like(outputs)).sum().backward()  # pyright: ignore[reportUnknownMemberType]
    for name, weight in module.named_parameters():
        assert weight.grad is not None, f"no gradient reaches {name}"
        assert torch.isfinite(weight.grad).all(), f"the gradient of {name} is not finite"
        assert weight.grad.abs().max() > 0, f"the gradient of {name} is zero"


def check_close(found: Tensor | None, wanted: Tensor | None, tolerance: float = 1e-5) -> None:
    """Hold that two results are equal, but for rounding."""
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        torch.testing.assert_close(found, wanted, atol=tolerance, rtol=tolerance)


def check_states(found: RecurrentState, wanted: RecurrentState) -> None:
    """Hold that two states are equal, but for rounding."""
    check_close(found.h, wanted.h)
    check_close(found.c, wanted.c)
