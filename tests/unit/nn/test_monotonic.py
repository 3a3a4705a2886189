"""Where a hard monotonic decoder and a transducer look, and what a transducer copies from there."""

import math
from typing import Any

import torch

from dragoman.config import ModelConfig
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.text.vocabulary import EOS, INSERT, SOS, STEP

SRC = torch.tensor([[7, 8, 9, EOS], [7, EOS, 0, 0]])


def build(decoder: str = "monotonic", **choices: Any) -> Seq2Seq:
    torch.manual_seed(1)
    config = ModelConfig(decoder=decoder, hidden_size=8, embedding_size=4, **choices)
    return Seq2Seq(config, 12, 12).eval()


def test_each_step_token_moves_it_on_by_one_and_never_past_the_end():
    model = build()
    tgt_in = torch.tensor([[SOS, STEP, 5, STEP, STEP, STEP, STEP], [SOS, 6, STEP, STEP, 5, 5, 5]])
    with torch.no_grad():
        weights = model(SRC, tgt_in).weights
    assert weights.argmax(dim=2).tolist() == [[0, 1, 1, 2, 3, 3, 3], [0, 0, 1, 1, 1, 1, 1]]
    assert torch.equal(weights.sum(dim=2), torch.ones(2, 7))


def test_several_beams_of_a_sentence_move_apart():
    stepper = TorchStepper(build())
    src = SRC.numpy()
    state = stepper.start(src)
    state = stepper.step(src[:, 0] * 0 + SOS, state).state
    state = stepper.select(state, torch.tensor([0, 0, 1, 1]).numpy())
    assert state.beams == 2
    found = stepper.step(torch.tensor([STEP, 5, STEP, STEP]).numpy(), state)
    assert found.weights.argmax(axis=1).tolist() == [1, 0, 1, 1]


def test_a_transducer_moves_on_with_what_it_writes_and_back_to_insert():
    tgt_in = torch.tensor(
        [
            [
                SOS,
                6,
                INSERT,
                7,
                STEP,
                8,
                9,
                9,
                INSERT,
            ],  # substituted, inserted, deleted, substituted, past the end
            [SOS, INSERT, 6, 7, 7, INSERT, 7, INSERT, 6],
        ]
    )
    model = build("transducer")
    with torch.no_grad():
        weights = model(SRC, tgt_in).weights
        state = model.start(SRC)
        looked = []
        for ids in tgt_in.unbind(1):
            stepped = model.step(ids, state)
            state = stepped.state
            looked.append(stepped.weights)
    # Before the first source token stands the first, after the last one the last.
    assert weights.argmax(dim=2).tolist() == [
        [0, 1, 0, 1, 2, 3, 3, 3, 3],
        [0, 0, 0, 1, 1, 1, 1, 1, 1],
    ]
    assert torch.equal(torch.stack(looked, dim=1), weights)


def test_copy_adds_to_the_probability_of_the_token_looked_at():
    model = build("transducer", generator="pointer")
    with torch.no_grad():
        for weight in model.generator.parameters():
            weight.zero_()
        model.generator.gate.bias.fill_(
            math.log(1 / 3)
        )  # p_gen = 1/4; all 12 tokens equally likely
        # Source token 14 is not of the vocabulary: the third word that only this sentence knows.
        src = torch.tensor([[7, 14, EOS]])
        state = model.start(src)
        first = model.step(torch.tensor([SOS]), state)
        second = model.step(torch.tensor([7]), first.state)
        third = model.step(torch.tensor([14]), second.state)
    assert first.log_probs.shape == (1, 15)
    spoken = 1 / 4 / 12
    for stepped, copied in ((first, 7), (second, 14), (third, EOS)):
        wanted = torch.tensor([[spoken] * 12 + [0.0] * 3])
        wanted[0, copied] += 3 / 4
        torch.testing.assert_close(stepped.log_probs.exp(), wanted)
