"""The contracts of OPTIMISERS and SCHEDULES."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from dragoman.config import TrainingConfig
from dragoman.contracts.rows import rows
from dragoman.contracts.tiny import plant
from dragoman.training.optimisers import OPTIMISERS, SCHEDULES, Optimiser, learning_rate


def make(name: str, rate: float = 0.05) -> tuple[list[nn.Parameter], Optimiser]:
    """Make an optimiser of two parameters."""
    plant(1)
    weights = [nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(3))]
    return weights, OPTIMISERS[name](weights, TrainingConfig(learning_rate=rate))


def loss_of(weights: list[nn.Parameter]) -> Tensor:
    """Return a bowl with its bottom at 1."""
    return sum(((weight - 1) ** 2).sum() for weight in weights)  # pyright: ignore[reportReturnType]


def descend(weights: list[nn.Parameter], optimiser: Optimiser, steps: int) -> float:
    """Make steps downhill; return where they end."""
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of(weights).backward()  # pyright: ignore[reportUnknownMemberType]
        optimiser.step()
    return float(loss_of(weights).detach())


@pytest.mark.parametrize("name", rows("OPTIMISERS"))
class TestOptimiser:
    """An optimiser goes downhill at the rate it is given, and can be saved and loaded."""

    def test_it_goes_downhill(self, name: str) -> None:
        """On a bowl."""
        weights, optimiser = make(name)
        assert descend(weights, optimiser, 200) < 0.5 * descend(make(name)[0], optimiser, 0)

    def test_the_rate_is_the_groups(self, name: str) -> None:
        """The loop sets ``lr`` before each step; at 0 nothing moves."""
        weights, optimiser = make(name)
        before = [weight.detach().clone() for weight in weights]
        for group in optimiser.param_groups:
            group["lr"] = 0.0
        descend(weights, optimiser, 3)
        assert all(torch.equal(weight, was) for weight, was in zip(weights, before, strict=True))

    def test_it_goes_on_where_it_was(self, name: str) -> None:
        """Its state is tensors, all that a checkpoint can hold, and is all there is to it."""
        weights, optimiser = make(name)
        descend(weights, optimiser, 5)
        state = optimiser.state_dict()["state"]
        assert all(isinstance(value, Tensor) for one in state.values() for value in one.values())
        again, other = make(name)
        with torch.no_grad():
            for weight, was in zip(again, weights, strict=True):
                weight.copy_(was)
        copied = {
            number: {key: value.clone() for key, value in one.items()}
            for number, one in state.items()
        }
        other.load_state_dict({"state": copied, "param_groups": other.state_dict()["param_groups"]})
        descend(weights, optimiser, 5)
        descend(again, other, 5)
        assert all(torch.equal(weight, was) for weight, was in zip(again, weights, strict=True))


@pytest.mark.parametrize("name", rows("SCHEDULES"))
class TestSchedule:
    """A schedule says how the highest rate falls while the training goes on."""

    def test_it_is_a_share(self, name: str) -> None:
        """From 0 to 1, highest at the start, defined past the end."""
        shares = [SCHEDULES[name](done / 100) for done in range(106)]
        assert all(0 <= share <= 1 + 1e-9 for share in shares)
        assert shares[0] == max(shares) > 0

    def test_warm_up_comes_first(self, name: str) -> None:
        """The rate rises to its highest, and is never above it."""
        config = TrainingConfig(schedule=name, learning_rate=0.5, warmup=0.1)
        rising = [learning_rate(config, done / 100, 1.0) for done in range(11)]
        assert rising == sorted(rising)
        assert rising[0] > 0
        assert rising[-1] == pytest.approx(0.5 * SCHEDULES[name](0.0))
        rates = [learning_rate(config, done / 100, 1.0) for done in range(101)]
        assert all(math.isfinite(rate) and 0 <= rate <= 0.5 for rate in rates)

    def test_a_plateau_lowers_it(self, name: str) -> None:
        """By the factor, after the warm-up."""
        config = TrainingConfig(schedule=name, learning_rate=0.5, warmup=0.1)
        assert learning_rate(config, 0.4, 0.25) == pytest.approx(
            0.25 * learning_rate(config, 0.4, 1.0)
        )
