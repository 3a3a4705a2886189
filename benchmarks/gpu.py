"""Training and translation on a GPU, as a share of what a bare cuDNN LSTM of the same shapes reaches on it.

    python benchmarks/gpu.py [--device cuda] [--shapes multi30k,tatoeba,wmt] [--seconds 20] [--precision bfloat16]
    python benchmarks/gpu.py --device cpu --quick      # that it runs; its figures mean nothing

Shapes: the recipes of Multi30k and Tatoeba, and a WMT-sized one (4 x 1024 in encoder and decoder, 32k tokens), on
random sentences of such lengths, with batches that fill a GPU. "bare" is two embeddings, torch.nn.LSTM as encoder
and as decoder, and a product with the vocabulary under cross-entropy, forward, backward and a fused Adam step, on
batches of the same shapes: no attention, no bridge, no dropout, no clipping. "recurrence" is the two LSTMs alone,
forward and backward. All in target tokens/s, padding not counted. The target is 70 % of bare.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dragoman.config import Config, build_config
from dragoman.data.batches import Batch, Example, ListDeck, epoch_batches, make_batch, pad_sources
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.filters import Forbid, MinLength
from dragoman.search.greedy import Limits
from dragoman.text.vocabulary import PAD, SOS, UNK
from dragoman.training.callbacks import Callback, StepRecord
from dragoman.training.job import Job
from dragoman.training.loop import Trainer
from dragoman.training.validation import Validation

WARM_UP_STEPS = 5


@dataclass(frozen=True)
class Shape:
    """A model and its sentences: sizes, mean tokens a sentence, target tokens a batch."""

    embedding: int
    hidden: int
    layers: int
    vocab: int
    length: int
    batch_tokens: int


SHAPES = {
    "multi30k": Shape(256, 512, 1, 4000, 14, 16_000),
    "tatoeba": Shape(256, 512, 1, 8000, 10, 16_000),
    "wmt": Shape(1024, 1024, 4, 32_000, 28, 16_000),
}
QUICK = Shape(16, 16, 2, 60, 6, 100)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--precision", default="bfloat16")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    names = ["quick"] if asked.quick else asked.shapes.split(",")
    seconds = 0.2 if asked.quick else asked.seconds
    precision = "float32" if asked.quick else asked.precision
    device = torch.device(asked.device)
    what = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    print(f"{what}, torch {torch.__version__}, {precision}; target tokens/s")
    print("shape     ours     bare     share  recurrence  beam 5: sentences/s  tokens/s")
    for name in names:
        shape = QUICK if name == "quick" else SHAPES[name]
        examples = sentences(shape, 200 if asked.quick else 20_000)
        ours = train(shape, examples, device, (seconds, precision))
        bare = bare_rate(shape, examples, device, (seconds, precision, True))
        alone = bare_rate(shape, examples, device, (seconds, precision, False))
        per_s, tokens_per_s = translate(shape, examples, device, 16 if asked.quick else 1024)
        print(
            f"{name:8}  {ours:7,.0f}  {bare:7,.0f}  {100 * ours / bare:3.0f} %  {alone:10,.0f}  "
            f"{per_s:19,.0f}  {tokens_per_s:8,.0f}",
            flush=True,
        )
        row = {"shape": name, "ours": ours, "bare": bare, "recurrence": alone, "beam_5": per_s}
        print(json.dumps(row), flush=True)


def sentences(shape: Shape, number: int) -> list[Example]:
    """Draw sentences of random tokens, whose lengths vary as those of real ones do."""
    random = np.random.default_rng(1)
    spread = random.gamma(6, shape.length / 6, (number, 2)).astype(int) + 1
    lengths = np.minimum(spread, 4 * shape.length)
    return [
        Example(*(random.integers(4, shape.vocab, length).tolist() for length in pair))
        for pair in lengths
    ]


def config_of(shape: Shape, precision: str) -> Config:
    """Give our settings for a shape."""
    model = {
        "embedding_size": shape.embedding,
        "hidden_size": shape.hidden,
        "encoder_layers": shape.layers,
        "decoder_layers": shape.layers,
        "bidirectional": True,
    }
    training = {
        "batch_tokens": shape.batch_tokens,
        "precision": precision,
        "steps": 1_000_000,
        "validate_every": 1_000_000,
    }
    return build_config({"model": model, "training": training})


class Stopwatch(Callback):
    """Counts tokens after the warm-up, and stops the training when time is up."""

    def __init__(self, seconds: float, device: torch.device) -> None:
        self.limit, self.device = seconds, device
        self.tokens, self.began = 0, 0.0

    def on_step(self, record: StepRecord) -> None:
        """Count."""
        if record.step == WARM_UP_STEPS:
            settle(self.device)
            self.began = time.perf_counter()
        elif record.step > WARM_UP_STEPS:
            self.tokens += record.tokens
            if time.perf_counter() - self.began > self.limit:
                raise KeyboardInterrupt

    @property
    def rate(self) -> float:
        """Target tokens a second."""
        settle(self.device)
        return self.tokens / (time.perf_counter() - self.began)


def settle(device: torch.device) -> None:
    """Wait until a GPU has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def train(
    shape: Shape, examples: Sequence[Example], device: torch.device, how: tuple[float, str]
) -> float:
    """Return the target tokens/s of our training loop, whole."""
    seconds, precision = how
    config = config_of(shape, precision)
    torch.manual_seed(1)
    model = Seq2Seq(config.model, shape.vocab, shape.vocab).to(device)
    watch = Stopwatch(seconds, device)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "checkpoint"
        job = Job(
            ListDeck(examples), lambda _: Validation(0, 0, 0, {}), lambda *_: None, place, [watch]
        )
        with contextlib.suppress(KeyboardInterrupt):
            Trainer(model, config.training, job).run()
        return watch.rate


class Bare(nn.Module):
    """Two embeddings, two LSTMs of cuDNN, and the product with the vocabulary."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, hidden, layers = shape.embedding, shape.hidden, shape.layers
        self.src, self.tgt = nn.Embedding(shape.vocab, size), nn.Embedding(shape.vocab, size)
        self.encoder = nn.LSTM(size, hidden // 2, layers, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(size, hidden, layers, batch_first=True)
        self.words = nn.Linear(hidden, shape.vocab)

    def forward(self, batch: Batch, device: torch.device, whole: bool) -> Tensor:
        """Return a loss: of the words, or of the states alone."""
        src, tgt, gold = (
            torch.from_numpy(ids).to(device) for ids in (batch.src, batch.tgt_in, batch.tgt_out)
        )
        memory, _ = self.encoder(self.src(src))
        states, _ = self.decoder(self.tgt(tgt))
        if not whole:
            return memory.float().mean() + states.float().mean()
        real = gold != PAD
        logits = self.words(states[real]).float()
        return functional.cross_entropy(logits, gold[real]) + memory.float().mean()


def bare_rate(
    shape: Shape,
    examples: Sequence[Example],
    device: torch.device,
    how: tuple[float, str, bool],
) -> float:
    """Return the target tokens/s of the bare network; with the last flag False, of its recurrences."""
    seconds, precision, whole = how
    torch.manual_seed(1)
    network = Bare(shape).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), fused=True)
    numbers = epoch_batches(examples, shape.batch_tokens, (1, 0))
    batches = [make_batch([examples[one] for one in part]) for part in numbers[:200]]

    def step(batch: Batch) -> None:
        with torch.autocast(device.type, torch.bfloat16, precision == "bfloat16"):
            loss = network(batch, device, whole)
        loss.backward()
        if whole:
            optimiser.step()
        optimiser.zero_grad()

    return timed(batches, step, seconds, device)


def timed(
    batches: Sequence[Batch],
    step: Callable[[Batch], None],
    seconds: float,
    device: torch.device,
) -> float:
    """Return the target tokens/s of a step, after its warm-up."""
    for number in range(WARM_UP_STEPS):
        step(batches[number % len(batches)])
    settle(device)
    began, tokens, number = time.perf_counter(), 0, 0
    while time.perf_counter() - began < seconds:
        batch = batches[number % len(batches)]
        step(batch)
        tokens, number = tokens + batch.num_tokens, number + 1
    settle(device)
    return tokens / (time.perf_counter() - began)


def translate(
    shape: Shape, examples: Sequence[Example], device: torch.device, number: int
) -> tuple[float, float]:
    """Return sentences/s and tokens/s of beam 5, each output as long as its source."""
    torch.manual_seed(1)
    stepper = TorchStepper(
        Seq2Seq(config_of(shape, "float32").model, shape.vocab, shape.vocab).to(device)
    )
    chosen = sorted(examples[:number], key=lambda one: len(one.src))
    parts = [chosen[start : start + 64] for start in range(0, len(chosen), 64)]
    tokens, began = 0, 0.0
    for turn in range(2):  # The first is the warm-up.
        settle(device)
        tokens, began = 0, time.perf_counter()
        for part in parts[: 1 if turn == 0 else None]:
            longest = max(len(one.src) for one in part)
            filters = [Forbid((PAD, UNK, SOS)), MinLength(longest)]
            src = pad_sources([one.src for one in part])
            found = beam_search(
                stepper, src, Limits([longest] * len(part), filters), BeamOptions(5, 1.0, 0.0)
            )
            tokens += sum(len(best[0].ids) for best in found)
    settle(device)
    seconds = time.perf_counter() - began
    return len(chosen) / seconds, tokens / seconds


if __name__ == "__main__":
    main()
