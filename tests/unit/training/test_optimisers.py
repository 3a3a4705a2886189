"""Averaged weights by hand; the optimisers' rows and their settings."""

import sys

import pytest
import torch

from dragoman.config import ModelConfig, TrainingConfig
from dragoman.nn.model import Seq2Seq
from dragoman.training.optimisers import OPTIMISERS, SCHEDULES, AveragedModel, learning_rate


def model_of():
    torch.manual_seed(1)
    return Seq2Seq(ModelConfig(embedding_size=4, hidden_size=4, generator="tied"), 8, 8)


def fill(model, value):
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(value)


def values(model):
    return {
        round(float(one), 6) for weight in model.parameters() for one in weight.detach().flatten()
    }


def test_averages_by_hand():
    # Every fourth step; the decay is 0.5**4 = 0.0625, or less early on: 4/44 at step 4 is more.
    model = model_of()
    fill(model, 0.0)
    averaged = AveragedModel(model, 0.5)
    fill(model, 1.0)
    for step in (1, 2, 3):
        averaged.update(model, step)
        assert values(averaged.model) == {0.0}
    averaged.update(model, 4)
    assert values(averaged.model) == {1 - 0.0625}
    # With a slow decay the random start is forgotten: 4/44 of it is left at step 4.
    fill(model, 0.0)
    slow = AveragedModel(model, 0.9999)
    fill(model, 1.0)
    slow.update(model, 4)
    assert values(slow.model) == {round(40 / 44, 6)}


def test_averages_are_a_model_of_their_own():
    model = model_of()
    averaged = AveragedModel(model, 0.9)
    assert averaged.model is not model
    assert not any(weight.requires_grad for weight in averaged.model.parameters())
    assert averaged.model.generator.weight is averaged.model.tgt_embedding.weight
    before = [weight.clone() for weight in averaged.model.parameters()]
    fill(model, 5.0)
    assert all(map(torch.equal, before, averaged.model.parameters()))


def test_without_averaging_it_is_the_model():
    model = model_of()
    averaged = AveragedModel(model, 0.0)
    averaged.update(model, 4)
    assert averaged.model is model


def test_weight_decay_is_decoupled():
    """AdamW shrinks weights by rate times decay, whatever the gradient."""
    weight = torch.nn.Parameter(torch.full((3,), 2.0))
    optimiser = OPTIMISERS["adamw"]([weight], TrainingConfig(learning_rate=0.1, weight_decay=0.5))
    weight.grad = torch.zeros(3)
    optimiser.step()
    assert weight.tolist() == pytest.approx([2.0 * (1 - 0.1 * 0.5)] * 3)


def descend(optimiser, weights):
    """Make steps at changing rates; a weight may have no gradient, at first or ever."""
    for step in range(12):
        draw = torch.Generator().manual_seed(step)
        for number, weight in enumerate(weights):
            silent = number == 0 or (number == 1 and step < 4)
            weight.grad = None if silent else torch.randn(weight.shape, generator=draw)
        optimiser.param_groups[0]["lr"] = 0.01 * (1 + step % 5)
        optimiser.step()
        optimiser.zero_grad()
    return [weight.detach() for weight in weights], optimiser.state_dict()["state"]


def some_weights():
    torch.manual_seed(2)
    return [torch.nn.Parameter(torch.randn(shape)) for shape in ((3,), (5, 7), (41, 19))]


THEIRS = {
    "adamw": lambda weights, decay: torch.optim.AdamW(
        weights, lr=1.0, weight_decay=decay, betas=(0.9, 0.98), fused=True
    ),
    "sgd": lambda weights, decay: torch.optim.SGD(weights, lr=1.0, weight_decay=decay),
}


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_steps_are_torchs_own_to_the_bit(name, decay):
    ours, theirs = some_weights(), some_weights()
    made = OPTIMISERS[name](ours, TrainingConfig(weight_decay=decay))
    moved, state = descend(made, ours)
    wanted, wanted_state = descend(THEIRS[name](theirs, decay), theirs)
    assert all(map(torch.equal, moved, wanted))
    # What a checkpoint holds has the names it always had.
    assert {number: list(one) for number, one in state.items()} == {
        number: list(one) for number, one in wanted_state.items()
    }
    for number, one in state.items():
        assert all(torch.equal(one[key], wanted_state[number][key]) for key in one)


@pytest.mark.parametrize("name", sorted(OPTIMISERS))
def test_no_compiler_is_loaded_to_train(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)
    weights = some_weights()
    descend(OPTIMISERS[name](weights, TrainingConfig()), weights)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("constant", [1.0, 1.0, 1.0]),
        ("plateau", [1.0, 1.0, 1.0]),
        ("linear", [1.0, 0.75, 0.0]),
        ("cosine", [1.0, 0.853553, 0.0]),
    ],
)
def test_schedules_by_hand(name, wanted):
    found = [SCHEDULES[name](done) for done in (0.0, 0.25, 1.0)]
    assert found == pytest.approx(wanted, abs=1e-6)


def test_the_schedule_begins_after_the_warm_up():
    config = TrainingConfig(schedule="linear", learning_rate=0.2, warmup=0.2)
    shares = [0.0, 0.1, 0.2, 0.6, 1.0]
    found = [learning_rate(config, done, 1.0) for done in shares]
    assert found == pytest.approx([0.0002, 0.1, 0.2, 0.1, 0.0])
    assert learning_rate(config.model_copy(update={"warmup": 0.0}), 0.0, 1.0) == 0.2
