"""Greedy search: at each step the likeliest token. And the loop it shares with sampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dragoman.search.filters import Filter, apply_filters
from dragoman.search.stepper import Distribution, Floats, Hypothesis, Ids, Stepper, own_search
from dragoman.text.vocabulary import EOS, SOS

Choose = Callable[[Distribution, Ids, int], tuple[Ids, Floats]]


@dataclass(frozen=True)
class Limits:
    """What every search is given besides the model and the sources.

    Attributes:
        max_lengths: For each sentence, the most tokens it may be answered with.
        filters: What restricts the choice.
        attention: Whether hypotheses carry their attention weights.
        length_penalty: Exponent of the length by which the sum of log-probabilities is divided for their score.
    """

    max_lengths: Sequence[int]
    filters: Sequence[Filter] = ()
    attention: bool = False
    length_penalty: float = 1.0


def greedy_search(stepper: Stepper[Any], src: Ids, limits: Limits) -> list[Hypothesis]:
    """Take the likeliest token at each step, until EOS.

    Args:
        stepper: The model.
        src: Sources, [batch, src_len], each ended by EOS, then PAD.
        limits: Lengths and filters.
    """
    own = own_search(stepper, "greedy")(src, limits)
    if own is not None:
        return own

    def choose(distribution: Distribution, sentences: Ids, step: int) -> tuple[Ids, Floats]:
        del sentences, step
        log_probs, ids = distribution.top(1)
        return ids[:, 0], log_probs[:, 0]

    return follow(stepper, src, limits, choose)


def follow(stepper: Stepper[Any], src: Ids, limits: Limits, choose: Choose) -> list[Hypothesis]:
    """Write one token a sentence at a time, as `choose` says; finished sentences leave the batch.

    Args:
        stepper: The model.
        src: Sources, [batch, src_len].
        limits: Lengths and filters.
        choose: (distribution, each row's sentence, step) -> (a token a row, its log-probability).
    """
    batch = len(src)
    done: list[Hypothesis | None] = [None] * batch
    sentences = np.arange(batch)
    longest = np.array(limits.max_lengths)
    ids = np.empty((batch, 0), dtype=np.int64)
    log_probs = np.empty((batch, 0), dtype=np.float32)
    weights: list[Floats] = []
    state, last = stepper.start(src), np.full(batch, SOS)
    while len(sentences):
        taken = stepper.step(last, state)
        state = taken.state
        distribution = apply_filters(limits.filters, taken.distribution, ids, sentences)
        last, gained = choose(distribution, sentences, ids.shape[1])
        ids = np.concatenate([ids, last[:, None]], axis=1)
        log_probs = np.concatenate([log_probs, gained[:, None]], axis=1)
        if limits.attention and taken.weights is not None:
            weights.append(taken.weights)
        ended = (last == EOS) | (ids.shape[1] >= longest[sentences])
        if not ended.any():
            continue
        for row in np.flatnonzero(ended).tolist():
            said = ids[row].tolist()
            complete = said[-1] == EOS
            looked = np.stack([step[row] for step in weights]) if weights else None
            scores = tuple(log_probs[row].tolist())
            tokens = tuple(said[:-1] if complete else said)
            score = sum(scores) / len(scores) ** limits.length_penalty
            done[int(sentences[row])] = Hypothesis(tokens, scores, score, complete, looked)
        kept = np.flatnonzero(~ended)
        if len(kept):
            state = stepper.select(state, kept)
        sentences, last, ids, log_probs = sentences[kept], last[kept], ids[kept], log_probs[kept]
        weights = [step[kept] for step in weights]
    return [hypothesis for hypothesis in done if hypothesis is not None]
