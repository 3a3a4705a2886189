"""Where a hard monotonic decoder looks."""

import torch

from dragoman.config import ModelConfig
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.text.vocabulary import EOS, SOS, STEP

SRC = torch.tensor([[7, 8, 9, EOS], [7, EOS, 0, 0]])


def build() -> Seq2Seq:
    torch.manual_seed(1)
    config = ModelConfig(decoder="monotonic", hidden_size=8, embedding_size=4)
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
