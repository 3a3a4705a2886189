import time

import pytest

import dragoman
from dragoman.api import TrainOptions
from dragoman.config import build_config
from dragoman.data.corpus import Pair
from dragoman.training import speed as module
from dragoman.training.callbacks import Callback
from dragoman.training.speed import Trials
from helpers.cli import both

PAIRS = [Pair(f"{a} {b}", f"{c} {d}") for a, c in both() for b, d in both()]
VALUES = {
    "text": {"tokenizer": "word", "vocab_size": 50},
    "model": {"embedding_size": 256, "hidden_size": 512},
    "training": {"batch_tokens": 100, "threads": 1},
}


def trials(*said, seconds=100.0, elapsed_s=10.0, pairs=PAIRS):
    return Trials(pairs, seconds, lambda: elapsed_s, lambda values: build_config(values, said))


def test_a_size_is_measured_with_the_weights_that_it_will_have():
    left, found = trials()(VALUES, 32)
    # Two words and EOS on the longer side of each of a hundred pairs.
    assert left.tokens == 300
    # All but 15 %, less what has gone and what preparing a hundred pairs takes.
    assert 65 < left.seconds < 75
    assert found.hidden_size == 32
    assert found.tokens_s > 0
    bigger = trials()(VALUES, 64)[1]
    assert bigger.num_weights > 1.5 * found.num_weights


@pytest.mark.parametrize(
    "text", [{"tokenizer": "char"}, {"src_tokenizer": "char", "tgt_tokenizer": "spaced"}]
)
def test_letters_are_as_many_in_a_sample_and_pieces_are_not(text):
    values = VALUES | {"text": {"vocab_size": 4000, **text}}
    whole, part = (trials(pairs=PAIRS * turns)(values, 16)[1] for turns in (1, 30))
    assert part.num_weights == whole.num_weights
    pieces = VALUES | {"text": {"vocab_size": 4000, "tokenizer": "bpe"}}
    assert trials(pairs=PAIRS * 30)(pieces, 16)[1].num_weights > 2 * 4000 * 128


def test_what_the_user_has_said_is_what_is_measured():
    assert trials("model.hidden_size=48")(VALUES, 32)[1].hidden_size == 48


def test_trying_ends_when_it_has_taken_its_share(monkeypatch):
    monkeypatch.setattr(module, "_MOST_TRYING_S", 1e9)
    assert trials(seconds=0.01)(VALUES, 16)[0].enough
    assert not trials(seconds=1e5)(VALUES, 16)[0].enough


class Stop(Callback):
    """Stops a training at a step, as Ctrl-C does."""

    def on_step(self, record):
        if record.step == 3:
            raise KeyboardInterrupt


def test_a_training_that_goes_on_keeps_what_the_machine_chose(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "monotonic", time.process_time)
    small = ["training.threads=1", "model.embedding_size=16"]
    began = time.process_time()
    begun = TrainOptions(settings=small, minutes=0.1, callbacks=[Stop()], started=began)
    with pytest.raises(KeyboardInterrupt):
        dragoman.train(PAIRS, out=tmp_path / "m", options=begun)

    def refuse(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "measure", refuse)
    now = time.process_time()
    going_on = TrainOptions(settings=small, minutes=0.1, resume=True, started=now)
    model = dragoman.train(PAIRS, out=tmp_path / "m", options=going_on)
    assert model.config.training.steps >= 3
