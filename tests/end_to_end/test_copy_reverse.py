"""A tiny model with attention learns to copy, and to reverse, strings it has not seen."""

import random

import pytest
import torch

from dragoman.config import ModelConfig, TrainingConfig
from dragoman.data.batches import Example, ListDeck, pad_sources
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.greedy import Limits, greedy_search
from dragoman.training.job import Job
from dragoman.training.loop import Trainer
from dragoman.training.validation import Validator

pytestmark = pytest.mark.usefixtures("unchecked")

SYMBOLS = range(4, 12)


def strings(number, seed):
    chance = random.Random(seed)
    found = {tuple(chance.choices(SYMBOLS, k=chance.randint(5, 8))) for _ in range(number)}
    return sorted(found)


HELD_OUT = strings(200, 2)
TRAIN = [one for one in strings(3000, 1) if one not in set(HELD_OUT)]


def learn(turn, folder, cell):
    torch.manual_seed(1)
    config = ModelConfig(cell=cell, embedding_size=16, hidden_size=64, dropout=0.0)
    model = Seq2Seq(config, 12, 12)
    examples = [Example(one, turn(one)) for one in TRAIN]
    dev = [Example(one, turn(one)) for one in strings(40, 3)]
    say = lambda ids, unknown=(): " ".join(map(str, ids))  # noqa: E731
    validator = Validator(dev, say, [[say(one.tgt)] for one in dev])
    best = {}
    training = TrainingConfig(
        steps=250,
        batch_tokens=500,
        learning_rate=0.01,
        label_smoothing=0.0,
        ema_decay=0.99,
        validate_every=125,
        stop_metric="loss",
    )

    def keep(model, step):
        best.update({name: one.detach().clone() for name, one in model.named_parameters()})

    Trainer(model, training, Job(ListDeck(examples), validator, keep, folder / "checkpoint")).run()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(best[name])
    return TorchStepper(model)


@pytest.mark.parametrize(
    ("turn", "cell"),
    [(lambda ids: ids, "gru"), (lambda ids: ids[::-1], "lstm")],
    ids=["copy", "reverse"],
)
def test_it_is_learned(tmp_path, turn, cell):
    stepper = learn(turn, tmp_path, cell)
    src = pad_sources(HELD_OUT)
    limits = Limits([20] * len(HELD_OUT), attention=True)
    greedy = greedy_search(stepper, src, limits)
    right = sum(one.ids == turn(ids) for one, ids in zip(greedy, HELD_OUT, strict=True))
    assert right >= 0.97 * len(HELD_OUT)
    beam = beam_search(stepper, src, limits, BeamOptions(3))
    right = sum(one[0].ids == turn(ids) for one, ids in zip(beam, HELD_OUT, strict=True))
    assert right >= 0.97 * len(HELD_OUT)
