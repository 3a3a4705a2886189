"""Optimisers, learning-rate schedules, and averaged weights."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from dragoman.config import TrainingConfig


class Optimiser(Protocol):
    """What the loop asks of an optimiser; those of `torch.optim` have it all, and a plugin may give one."""

    param_groups: list[dict[str, Any]]

    def step(self) -> Any:
        """Move the weights along their gradients, at the rate ``lr`` of their group."""
        ...

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Give what a checkpoint must hold: under "state", tensors by a weight's number and their name."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what a checkpoint held."""
        ...


class _Own(ABC):
    """An optimiser around one of torch's own functions, to the bit as in `torch.optim`.

    The classes there load torch's compiler as soon as one is made, for seconds at the start of every training.

    Attributes:
        weights: What it moves.
        state: What it remembers of each, by number.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], config: TrainingConfig) -> None:
        self.weights, self.weight_decay = list(parameters), config.weight_decay
        self.param_groups: list[dict[str, Any]] = [{"lr": config.learning_rate}]
        self.state: dict[int, dict[str, Tensor]] = {}

    @abstractmethod
    def step(self) -> None:
        """Move the weights along their gradients."""

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Give what it remembers, and the rate."""
        return {"state": self.state, "param_groups": self.param_groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.param_groups = state_dict["param_groups"]
        self.state = {
            number: {name: value.to(self.weights[number].device) for name, value in one.items()}
            for number, one in state_dict["state"].items()
        }

    def _moving(self) -> Iterator[tuple[int, nn.Parameter, Tensor]]:
        """Yield the weights that have a gradient."""
        for number, weight in enumerate(self.weights):
            if weight.grad is not None:
                yield number, weight, weight.grad


class AdamW(_Own):
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), all weights in one fused pass."""

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights along their gradients' averages."""
        moving = list(self._moving())
        if not moving:
            return
        for number, weight, _ in moving:
            if number not in self.state:
                self.state[number] = {
                    "step": torch.zeros((), device=weight.device),
                    "exp_avg": torch.zeros_like(weight),
                    "exp_avg_sq": torch.zeros_like(weight),
                }
        states = [self.state[number] for number, _, _ in moving]
        adamw(
            [weight for _, weight, _ in moving],
            [grad for _, _, grad in moving],
            [one["exp_avg"] for one in states],
            [one["exp_avg_sq"] for one in states],
            [],
            [one["step"] for one in states],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.98,
            lr=self.param_groups[0]["lr"],
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )


class Sgd(_Own):
    """Plain stochastic gradient descent."""

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights along their gradients."""
        moving = list(self._moving())
        sgd(
            [weight for _, weight, _ in moving],
            [grad for _, _, grad in moving],
            [None] * len(moving),
            weight_decay=self.weight_decay,
            momentum=0.0,
            lr=self.param_groups[0]["lr"],
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )


OPTIMISERS: dict[str, Callable[[Iterable[nn.Parameter], TrainingConfig], Optimiser]] = {
    "adamw": AdamW,
    "sgd": Sgd,
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
