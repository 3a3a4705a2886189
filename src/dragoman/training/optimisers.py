"""Optimisers, learning-rate schedules, and averaged weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable

import torch
from torch import nn

from dragoman.config import TrainingConfig


def adamw(parameters: Iterable[nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), in one fused pass."""
    return torch.optim.AdamW(
        parameters,
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        betas=(0.9, 0.98),
        fused=True,
    )


def sgd(parameters: Iterable[nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    """Plain stochastic gradient descent."""
    return torch.optim.SGD(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)


OPTIMISERS: dict[str, Callable[[Iterable[nn.Parameter], TrainingConfig], torch.optim.Optimizer]] = {
    "adamw": adamw,
    "sgd": sgd,
}


def cosine(done: float) -> float:
    """Fall from 1 to 0 as half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983)."""
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def linear(done: float) -> float:
    """Fall from 1 to 0 in a straight line."""
    return max(0.0, 1 - done)


def constant(done: float) -> float:
    """Stay at 1; "plateau" then halves it whenever a validation is no better than the best."""
    del done
    return 1.0


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "linear": linear,
    "plateau": constant,
}


def learning_rate(config: TrainingConfig, done: float, factor: float) -> float:
    """Return the rate when a share `done` of the training lies behind.

    Args:
        config: Peak, warm-up and schedule.
        done: From 0 to 1.
        factor: What plateaus have brought it down to; 1 at first.
    """
    if done < config.warmup:
        return config.learning_rate * max(done / config.warmup, 1e-3)
    rest = (done - config.warmup) / (1 - config.warmup)
    return config.learning_rate * factor * SCHEDULES[config.schedule](rest)


class AveragedModel:
    """An exponential moving average of the weights (Polyak & Juditsky 1992), cheap enough for every run.

    Attributes:
        model: A copy of the model whose weights are the averages; the model itself where `decay` is 0.
    """

    EVERY = (
        4  # steps between updates; the decay is raised to this power, so the average is the same
    )

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False) if decay else model

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move the averages towards the weights after `step` steps (counted from 1)."""
        if not self.decay or step % self.EVERY:
            return
        # Early on the average must forget the random start faster than `decay` would.
        decay = min(self.decay**self.EVERY, step / (step + 10 * self.EVERY))
        for average, weight in zip(self.model.parameters(), model.parameters(), strict=True):
            average.lerp_(weight, 1 - decay)
