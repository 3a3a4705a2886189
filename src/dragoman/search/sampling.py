"""Sampling: each token drawn by its probability, sharpened by temperature, cut by top-k and top-p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dragoman.search.greedy import Limits, follow
from dragoman.search.stepper import Distribution, Floats, Hypothesis, Ids, Stepper


@dataclass(frozen=True)
class SamplingOptions:
    """How to draw.

    Attributes:
        temperature: Divides the log-probabilities; below 1 the likely become likelier.
        top_k: Only the k likeliest tokens; 0 leaves all.
        top_p: Only the likeliest tokens that together reach this probability (Holtzman et al. 2020).
        seed: Fixes the draws; each sentence has its own stream, so a batch draws as its sentences alone.
        first: The number of the first sentence, where a long input is drawn in parts.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 1
    first: int = 0


def sample(
    stepper: Stepper[Any],
    src: Ids,
    limits: Limits,
    options: SamplingOptions,
    keys: Ids | None = None,
) -> list[Hypothesis]:
    """Draw one output a sentence.

    Args:
        stepper: The model.
        src: Sources, [batch, src_len].
        limits: Lengths and filters.
        options: How to draw.
        keys: A number a sentence that seeds its stream; its place in the batch unless given.
    """
    keys = np.arange(len(src)) if keys is None else keys
    streams = [np.random.default_rng([options.seed, int(key)]) for key in keys]

    def choose(distribution: Distribution, sentences: Ids, step: int) -> tuple[Ids, Floats]:
        del step
        log_probs = distribution.all()
        chosen = np.array(
            [
                _draw(row, options, streams[sentence])
                for row, sentence in zip(log_probs, sentences.tolist(), strict=True)
            ]
        )
        return chosen, distribution.gather(chosen)

    return follow(stepper, src, limits, choose)


def _draw(log_probs: Floats, options: SamplingOptions, stream: np.random.Generator) -> int:
    order = np.argsort(-log_probs, kind="stable")
    if options.top_k:
        order = order[: options.top_k]
    sharpened = log_probs[order].astype(np.float64) / options.temperature
    shares = np.exp(sharpened - sharpened[0])
    shares /= shares.sum()
    if options.top_p < 1:
        # The token that crosses the line is kept, so there is always one.
        kept = int(np.searchsorted(shares.cumsum(), options.top_p)) + 1
        order, shares = order[:kept], shares[:kept] / shares[:kept].sum()
    place = int(np.searchsorted(shares.cumsum(), stream.random(), side="right"))
    return int(order[min(place, len(order) - 1)])
