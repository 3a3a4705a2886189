"""Validation: the same sentences with the right words fed in (teacher forcing), and with the model's own.

The gap between the two accuracies is what a model loses by hearing itself (exposure bias).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dragoman.config import TrainingConfig
from dragoman.data.batches import Batch, Example, length_batches, make_batch, pad_sources
from dragoman.evaluation.metrics import METRICS
from dragoman.nn.decoder import Decoded
from dragoman.nn.generators import Looked
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.search.filters import Forbid
from dragoman.search.greedy import Limits, greedy_search
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from dragoman.training.guided import guided_loss
from dragoman.training.losses import (
    Loss,
    coverage_loss,
    cross_entropy,
    log_of,
    mixture_cross_entropy,
)
from dragoman.training.r_drop import disagreement, halve, r_drop_cross_entropy


@dataclass(frozen=True)
class Sample:
    """A sentence, what the model made of it, and what was right: as ids and as text."""

    example: int
    output: str
    reference: str


@dataclass(frozen=True)
class Validation:
    """How a model does on dev.

    Attributes:
        loss: Cross-entropy a token, in nats, without label smoothing.
        accuracy_teacher_forced: Share of tokens right when the right ones were fed in.
        accuracy_free_running: Share of the reference's tokens that stand at the same place in the model's own
            output.
        scores: Of greedy outputs, by metric, in percent.
        samples: A few outputs to look at.
    """

    loss: float
    accuracy_teacher_forced: float
    accuracy_free_running: float
    scores: dict[str, float]
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Penalties:
    """What the loss that is followed downhill holds besides cross-entropy.

    Attributes:
        coverage: What looking twice at the same source token costs.
        r_drop: What two passes of different dropout pay for saying different things (`r_drop`).
    """

    coverage: float = 0.0
    r_drop: float = 0.0

    @classmethod
    def of(cls, training: TrainingConfig) -> Penalties:
        """Take those that a recipe sets."""
        return cls(training.coverage_weight, training.r_drop)


_NONE = Penalties()


def batch_loss(
    model: Seq2Seq, batch: Batch, smoothing: float, penalties: Penalties = _NONE
) -> Loss:
    """Score one batch under teacher forcing; padding never reaches the generator.

    Args:
        model: The network.
        batch: Pairs.
        smoothing: Probability spread evenly over the vocabulary.
        penalties: What costs besides.
    """
    device = next(model.parameters()).device
    src, tgt_in, tgt_out = (
        torch.from_numpy(ids).to(device, non_blocking=True)
        for ids in (batch.src, batch.tgt_in, batch.tgt_out)
    )
    if penalties.r_drop:
        src, tgt_in, tgt_out = (torch.cat([ids, ids]) for ids in (src, tgt_in, tgt_out))
    real = tgt_out != PAD
    decoded = model(src, tgt_in)
    loss = _decoded_loss(model, (src, tgt_out), decoded, smoothing, penalties.r_drop)
    if penalties.coverage and decoded.weights is not None:
        passes = 2 if penalties.r_drop else 1
        twice = penalties.coverage / passes * coverage_loss(decoded.weights, real)
        loss = replace(loss, smoothed=loss.smoothed + twice)
    if batch.guide is not None and decoded.weights is not None:
        missed = guided_loss(decoded.weights, torch.from_numpy(batch.guide).to(device))
        loss = replace(loss, smoothed=loss.smoothed + missed)
    return loss


def _decoded_loss(
    model: Seq2Seq, batch: tuple[Tensor, Tensor], decoded: Decoded, smoothing: float, alpha: float
) -> Loss:
    """Score what the decoder made of a batch's sources against its targets; with `alpha` both hold the batch twice."""
    src, tgt_out = batch
    real = tgt_out != PAD
    generator, outputs, gold = model.generator, decoded.outputs[real], tgt_out[real]
    looked = model.looked(decoded, src)
    if looked is not None:
        there = Looked(looked.weights[real], looked.ids[real], looked.width)
        mixture = generator.probabilities(outputs, there)
        loss = mixture_cross_entropy(mixture, gold, len(generator.bias), smoothing)
        return halve(loss, alpha * disagreement(log_of(mixture))) if alpha else loss
    last = generator.project(outputs), generator.weight, generator.bias
    if alpha:
        return r_drop_cross_entropy(*last, gold[: len(gold) // 2], smoothing, alpha)
    return cross_entropy(*last, gold, smoothing)


@dataclass(frozen=True)
class Validator:
    """Scores a model on dev.

    Attributes:
        examples: The dev set.
        decode: From ids, and the source's unknown tokens where the model copies, to text.
        references: What is right for each example, as text: one answer or several.
        metrics: Rows of METRICS, the first of which is the one to show.
        num_free_running: How many sentences, at most, are also translated; translating is slower than scoring.
    """

    examples: Sequence[Example]
    decode: Callable[[Sequence[int], Sequence[str]], str]
    references: Sequence[Sequence[str]]
    metrics: Sequence[str] = ("chrf", "bleu")
    num_free_running: int = 500

    def __call__(self, model: Seq2Seq) -> Validation:
        """Score a model; its mode (training or not) is given back as it was."""
        was_training = model.training
        model.eval()
        loss, forced = self._teacher_forced(model)
        # From all over the dev set: a running text begins with one author's words.
        every = max(1, math.ceil(len(self.examples) / self.num_free_running))
        chosen = range(0, len(self.examples), every)
        outputs = self._free_running(model, [self.examples[number] for number in chosen])
        model.train(was_training)
        wanted = [[*self.examples[number].tgt, EOS] for number in chosen]
        right = sum(
            sum(a == b for a, b in zip([*output, EOS], ids, strict=False))
            for output, ids in zip(outputs, wanted, strict=True)
        )
        texts = [
            self.decode(output, self.examples[number].unknown)
            for output, number in zip(outputs, chosen, strict=True)
        ]
        references = [self.references[number] for number in chosen]
        scores = {name: METRICS[name]().corpus(texts, references).score for name in self.metrics}
        samples = tuple(
            Sample(chosen[n], texts[n], references[n][0]) for n in range(min(3, len(texts)))
        )
        free = right / max(1, sum(map(len, wanted)))
        return Validation(loss, forced, free, scores, samples)

    @torch.inference_mode()
    def _teacher_forced(self, model: Seq2Seq) -> tuple[float, float]:
        total, right, tokens = 0.0, 0, 0
        lengths = [max(len(example.src), len(example.tgt)) for example in self.examples]
        for numbers in length_batches(lengths, 4000):
            batch = make_batch([self.examples[number] for number in numbers])
            loss = batch_loss(model, batch, 0.0)
            total += float(loss.cross_entropy)
            right += int(loss.num_right)
            tokens += batch.num_tokens
        return total / tokens, right / tokens

    def _free_running(self, model: Seq2Seq, inputs: Sequence[Example]) -> list[tuple[int, ...]]:
        outputs: list[tuple[int, ...]] = [()] * len(inputs)
        # A model that has learned little yet may never end; nothing right is as long as twice the longest target.
        longest = 2 * max(len(example.tgt) for example in self.examples) + 10
        stepper = TorchStepper(model)
        for numbers in length_batches([len(one.src) for one in inputs], 4000):
            sources = [inputs[number] for number in numbers]
            lengths = [min(len(one.src) * 2 + 10, longest) for one in sources]
            limits = Limits(lengths, (Forbid((PAD, UNK, SOS)),))
            found = greedy_search(stepper, pad_sources([one.row for one in sources]), limits)
            for number, hypothesis in zip(numbers, found, strict=True):
                outputs[number] = hypothesis.ids
        return outputs
