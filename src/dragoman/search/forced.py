"""Forced decoding: a model is fed given words, and says at each step what it would have said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dragoman.data.batches import pad, pad_sources
from dragoman.search.stepper import Distribution, Floats, Ids, Stepper
from dragoman.text.vocabulary import PAD, SOS

# A log-probability that stands for -inf where it is multiplied by 0.
_NEVER = -1e4


def follow_given(
    stepper: Stepper[Any], sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> Iterator[tuple[Distribution, Ids]]:
    """Feed targets in, and yield at each step what the model expects, and what comes: PAD after a row's end.

    Args:
        stepper: The model.
        sources: Ids, without EOS.
        targets: Ids, with EOS where it is said.
    """
    state, wanted = stepper.start(pad_sources(sources)), pad(targets)
    last = np.full(len(sources), SOS)
    for ids in wanted.T:
        step = stepper.step(last, state)
        yield step.distribution, ids
        last, state = ids.copy(), step.state


def finite(log_probs: Floats) -> Floats:
    """Write a very small number where a log-probability is -inf."""
    return np.maximum(log_probs, np.float32(_NEVER))


def tempered(log_probs: Floats, temperature: float) -> Floats:
    """Return a softmax's log-probabilities at another temperature (Guo et al. 2017, arXiv:1706.04599, eq. 9).

    Args:
        log_probs: At temperature 1, [rows, vocab].
        temperature: Above 1, the model is less sure.
    """
    scaled = finite(log_probs) / np.float32(temperature)
    most = scaled.max(axis=1, keepdims=True)
    return scaled - most - np.log(np.exp(scaled - most).sum(axis=1, keepdims=True))


def log_probs_of(
    stepper: Stepper[Any],
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    temperature: float = 1.0,
) -> list[list[float]]:
    """Return each given token's log-probability at a temperature.

    Args:
        stepper: The model.
        sources: Ids, without EOS.
        targets: Ids, with EOS where it is said.
        temperature: Of the softmax.
    """
    found: list[list[float]] = [[] for _ in targets]
    for distribution, ids in follow_given(stepper, sources, targets):
        if temperature == 1.0:
            gained = distribution.gather(ids)
        else:
            every = tempered(distribution.all(), temperature)
            gained = np.take_along_axis(every, ids[:, None], 1)[:, 0]
        for row in np.flatnonzero(ids != PAD).tolist():
            found[row].append(float(gained[row]))
    return found
