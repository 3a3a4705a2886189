"""Memory that does not suffice for a batch, and losses that none should follow."""

import json
import math
import resource
import sys
from pathlib import Path

import pytest
import torch

from dragoman.config import ModelConfig, TrainingConfig
from dragoman.data.batches import Example, ListDeck, make_batch
from dragoman.errors import DragomanError
from dragoman.nn.model import Seq2Seq
from dragoman.training.callbacks import Callback
from dragoman.training.job import Job
from dragoman.training.loop import Trainer
from dragoman.training.rescue import is_exploding, is_out_of_memory
from dragoman.training.validation import Validation, batch_loss
from helpers.cli import Fork, settings, write_pairs

NETWORK = ModelConfig(embedding_size=6, hidden_size=8, dropout=0.0)
CPU = RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")
GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
EXAMPLES = [Example([4 + n % 8] * (1 + n % 3), [5 + n % 7] * (1 + n % 4)) for n in range(24)]


class Told(Callback):
    def __init__(self):
        self.messages, self.steps = [], []

    def on_message(self, text):
        self.messages.append(text)

    def on_step(self, record):
        self.steps.append(record)


def trainer(folder, loss=batch_loss, **changed):
    torch.manual_seed(3)
    values = {"steps": 1, "batch_tokens": 400, "optimiser": "adamw", "precision": "float32"}
    told = Told()
    job = Job(
        ListDeck(EXAMPLES),
        lambda model: Validation(1.0, 0.0, 0.0, {}),
        lambda model, step: None,
        folder / "checkpoint.safetensors",
        [told],
        loss=loss,
        where=lambda example: f"pairs.tsv:{EXAMPLES.index(example)}",
    )
    config = TrainingConfig(**{"stop_metric": "loss", "validate_every": 99} | values | changed)
    return Trainer(Seq2Seq(NETWORK, 12, 12), config, job), told


def small(most, error):
    """A loss that has memory for so many rows."""

    def loss(model, batch, smoothing):
        if len(batch.src) > most:
            raise error
        return batch_loss(model, batch, smoothing)

    return loss


def step_of(made):
    """Return the gradients that a step moves the weights by."""
    seen = {}

    def keep(rate):
        seen.update({name: one.grad.clone() for name, one in made.model.named_parameters()})

    made._apply = keep
    made._step([EXAMPLES])
    return seen


@pytest.mark.fault(
    "memory runs out for a batch",
    "it is halved, said once; the gradients are those of the whole batch",
)
class TestHalves:
    @pytest.mark.parametrize("error", [CPU, GPU, MemoryError()], ids=["cpu", "gpu", "python"])
    @pytest.mark.parametrize("most", [12, 5, 1])
    def test_halves_sum_up_to_the_whole(self, tmp_path, error, most):
        whole = step_of(trainer(tmp_path)[0])
        made, told = trainer(tmp_path, small(most, error))
        halves = step_of(made)
        assert halves.keys() == whole.keys()
        for name, one in whole.items():
            torch.testing.assert_close(halves[name], one, rtol=1e-4, atol=1e-6)
        assert len(told.messages) == 1
        assert "a batch of 24 pairs does not fit into memory" in told.messages[0]

    def test_half_summed_gradients_are_forgotten(self, tmp_path):
        """Memory may run out while gradients are being added."""
        whole = step_of(trainer(tmp_path)[0])
        made, _ = trainer(tmp_path)
        calls = []

        def loss(model, batch, smoothing):
            calls.append(len(batch.src))
            found = batch_loss(model, batch, smoothing)
            if len(calls) == 2:  # The second half: the first is in the sum by now.
                raise CPU
            if len(calls) == 1:
                raise CPU
            return found

        made.job = made.job.__class__(**{**vars(made.job), "loss": loss})
        found = step_of(made)
        assert calls == [24, 12, 6, 6, 12]
        for name, one in whole.items():
            torch.testing.assert_close(found[name], one, rtol=1e-4, atol=1e-6)

    def test_other_faults_are_not_taken_for_it(self, tmp_path):
        made, _ = trainer(
            tmp_path, small(1, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
        )
        with pytest.raises(RuntimeError, match="shapes"):
            made.run()

    def test_said_once_in_a_whole_training(self, tmp_path):
        made, told = trainer(tmp_path, small(8, CPU), steps=5, batch_tokens=100)
        made.run()
        assert len(told.messages) == 1
        assert len(told.steps) == 5

    @pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' limit of the address space")
    def test_in_earnest(self, tmp_path):
        """The allocator itself says no: so much is asked for that the limit does not hold it."""
        torch.set_num_threads(1)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_AS)
        rows = []

        def loss(model, batch, smoothing):
            torch.empty(len(batch.src), 16 << 20)  # 64 MiB a row.
            rows.append(len(batch.src))
            return batch_loss(model, batch, smoothing)

        made, told = trainer(tmp_path, loss)
        resource.setrlimit(resource.RLIMIT_AS, (used + (512 << 20), before[1]))
        try:
            made.run()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        assert rows[-4:] == [6] * 4
        assert len(told.messages) == 1


@pytest.mark.fault(
    "one pair alone does not fit into memory",
    "the step is skipped; the message names the pair's line",
)
def test_a_single_example_that_is_too_large(tmp_path):
    def loss(model, batch, smoothing):
        if (batch.src == 11).any():
            raise CPU
        return batch_loss(model, batch, smoothing)

    made, told = trainer(tmp_path, loss)
    before = [one.clone() for one in made.model.parameters()]
    made.run()
    lines = [number for number, one in enumerate(EXAMPLES) if 11 in one.src]
    wanted = [
        f"step 0: pairs.tsv:{one} does not fit into memory, even alone; step skipped."
        for one in lines
    ]
    assert len(set(wanted) & set(told.messages)) == 1
    assert all(
        torch.equal(one, old) for one, old in zip(made.model.parameters(), before, strict=True)
    )


@pytest.mark.fault(
    "one pair alone does not fit into memory",
    "the step is skipped; the message names the pair's line",
)
def test_the_line_of_a_pair_is_found_again(tmp_path):
    write_pairs(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from dragoman.training import session\n"
        "from dragoman.nn.cells import CELLS\n"
        "plain = session.batch_loss\n"
        "def loss(model, batch, smoothing, **more):\n"
        "    if len(batch.src) > 1 or batch.num_tokens < 99: raise MemoryError\n"
        "session.batch_loss = loss\n"
        "class Other(CELLS['gru']): ...\n"
        "CELLS = {'other': Other}\n",
        "utf-8",
    )
    words = [
        "train",
        "pairs.tsv",
        "--out",
        "m",
        "--plugin",
        "mine.py",
        *settings(training__steps=1),
    ]
    _, said = Fork(words, tmp_path).wait()
    assert "pairs.tsv:" in said.partition("step 0: ")[2], said
    assert ", a pair of 2 and 2 tokens, does not fit into memory, even alone; step skipped." in said


@pytest.mark.fault(
    "a loss that is no number, or explodes",
    "the step is skipped and said; after 20 in a row the training stops with advice, and keeps the best weights",
)
class TestLosses:
    def test_an_exploding_loss_is_skipped(self, tmp_path):
        factor = iter([1, 1, 1, 1e4, 1, 1])

        def loss(model, batch, smoothing):
            found = batch_loss(model, batch, smoothing)
            times = next(factor)
            return found.__class__(
                found.smoothed * times, found.cross_entropy * times, found.num_right
            )

        made, told = trainer(tmp_path, loss, steps=6, batch_tokens=400)
        made.run()
        assert [text.split(":")[0] for text in told.messages] == ["step 3"]
        assert "of late; step skipped" in told.messages[0]

    @pytest.mark.parametrize("factor", [math.nan, math.inf, 1e5])
    def test_it_stops_if_it_persists(self, tmp_path, factor):
        count = iter(range(99))

        def loss(model, batch, smoothing):
            found = batch_loss(model, batch, smoothing)
            times = factor if next(count) > 2 else 1.0
            return found.__class__(
                found.smoothed * times, found.cross_entropy * times, found.num_right
            )

        made, told = trainer(tmp_path, loss, steps=60)
        with pytest.raises(DragomanError, match="lower training"):
            made.run()
        assert len(told.messages) == 20
        assert all(torch.isfinite(one).all() for one in made.model.parameters())

    def test_what_counts_as_exploding(self):
        assert is_exploding(math.nan, 0.0)
        assert not is_exploding(12.0, 0.0)  # The first step: guessing among 160,000 words.
        assert not is_exploding(9.0, 0.01)
        assert is_exploding(10.5, 0.5)
        assert not is_exploding(25.0, 3.0)
        assert is_exploding(31.0, 3.0)


@pytest.mark.fault(
    "memory runs out for a batch",
    "it is halved, said once; the gradients are those of the whole batch",
)
def test_what_counts_as_out_of_memory():
    with pytest.raises(RuntimeError) as real:
        torch.empty(1 << 50)
    assert is_out_of_memory(real.value)
    assert all(map(is_out_of_memory, (CPU, GPU, MemoryError())))
    assert is_out_of_memory(RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"))
    assert not is_out_of_memory(RuntimeError("CUDNN_STATUS_BAD_PARAM"))
    assert not is_out_of_memory(ValueError("can't allocate memory"))


@pytest.mark.fault(
    "a loss that is no number, or explodes",
    "the step is skipped and said; after 20 in a row the training stops with advice, and keeps the best weights",
)
def test_records_are_json(tmp_path):
    """A skipped step's loss, which may be no number, is in no average."""

    def loss(model, batch, smoothing):
        found = batch_loss(model, batch, smoothing)
        return found.__class__(
            found.smoothed * math.nan, found.cross_entropy * math.nan, found.num_right
        )

    made, _ = trainer(tmp_path, loss)
    made.run()
    assert json.loads(json.dumps(made._loss_sum)) == 0.0
    assert make_batch(EXAMPLES[:1]).num_tokens
