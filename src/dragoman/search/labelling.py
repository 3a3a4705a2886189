"""Choosing labels: the best ones for each text (Viterbi), and how sure each is (forward-backward).

What a network is here, torch or not, is an `Emitter`: ids in, scores of labels out. Numpy throughout; a score
plus another is a product of their exponentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Transitions = tuple[Floats, Floats, Floats]
"""What labels add at the start [labels], from one to the next [from, to], and at the end [labels]."""


@runtime_checkable
class Emitted(Protocol):
    """How well labels fit.

    Attributes:
        scores: [batch, places, labels].
        mask: [batch, places], True where there is something to label.
        weights: [batch, units], where the text was looked at; None if nowhere in particular.
    """

    @property
    def scores(self) -> Floats: ...  # noqa: D102
    @property
    def mask(self) -> Bools: ...  # noqa: D102
    @property
    def weights(self) -> Floats | None: ...  # noqa: D102


@runtime_checkable
class Emitter(Protocol):
    """A network that labels."""

    def emit(self, src: Ids) -> Emitted:
        """Read padded sources, each ended by EOS."""
        ...

    def transitions(self) -> Transitions | None:
        """Give what labels add to each other's scores; None if nothing."""
        ...


@dataclass(frozen=True)
class Labelled:
    """A batch's labels.

    Attributes:
        labels: [batch, places], the best ones.
        probabilities: [batch, places], how sure each is by itself.
        log_probs: [batch], of the labels of a row together.
        posteriors: [batch, places, labels], the probability of every label.
    """

    labels: Ids
    probabilities: Floats
    log_probs: Floats
    posteriors: Floats


def scaled(transitions: Transitions | None, by: float) -> Transitions | None:
    """Multiply what labels add to each other; with the scores by the same, the best labels stay the best."""
    if transitions is None:
        return None
    start, between, end = transitions
    return start * by, between * by, end * by


def choose(scores: Floats, mask: Bools, transitions: Transitions | None) -> Labelled:
    """Choose the likeliest labels of each row.

    Args:
        scores: [batch, places, labels].
        mask: [batch, places]; padding stands at the end.
        transitions: What labels add to each other's scores.
    """
    if transitions is None:
        labels = scores.argmax(axis=2)
        posteriors = np.exp(scores - _logsumexp(scores, 2)[:, :, None])
    else:
        labels = viterbi(scores, mask, transitions)
        posteriors = marginals(scores, mask, transitions)
    probabilities = np.take_along_axis(posteriors, labels[:, :, None], 2)[:, :, 0]
    return Labelled(labels, probabilities, log_prob(scores, mask, transitions, labels), posteriors)


def viterbi(scores: Floats, mask: Bools, transitions: Transitions) -> Ids:
    """Find the labels of the highest score (Viterbi 1967); 0 on padding."""
    start, between, end = transitions
    best = start + scores[:, 0]
    back: list[Ids] = []
    stay = np.broadcast_to(np.arange(scores.shape[2]), best.shape)
    for place in range(1, scores.shape[1]):
        reached = best[:, :, None] + between
        real = mask[:, place, None]
        back.append(np.where(real, reached.argmax(axis=1), stay))
        best = np.where(real, reached.max(axis=1) + scores[:, place], best)
    labels = [(best + end).argmax(axis=1)]
    for origin in reversed(back):
        labels.append(np.take_along_axis(origin, labels[-1][:, None], 1)[:, 0])
    return np.where(mask, np.stack(labels[::-1], axis=1), 0)


def marginals(scores: Floats, mask: Bools, transitions: Transitions) -> Floats:
    """Return the probability of each label at each place, over all labellings; forward-backward (Rabiner 1989)."""
    _, between, end = transitions
    forward = _forward(scores, mask, transitions)
    beta = np.broadcast_to(end, forward[-1].shape)
    backward = [beta]
    for place in range(scores.shape[1] - 1, 0, -1):
        before = _logsumexp(between + (scores[:, place] + beta)[:, None, :], 2)
        beta = np.where(mask[:, place, None], before, beta)
        backward.append(beta)
    joint = np.stack(forward, axis=1) + np.stack(backward[::-1], axis=1)
    return np.exp(joint - _logsumexp(joint, 2)[:, :, None])


def log_prob(
    scores: Floats, mask: Bools, transitions: Transitions | None, labels: Ids
) -> NDArray[np.float64]:
    """Return the log-probability of given labels, in nats, a row; the labels on padding do not count."""
    labels = np.where(mask, labels, 0)
    chosen = np.take_along_axis(scores, labels[:, :, None], 2)[:, :, 0]
    if transitions is None:
        return np.where(mask, chosen - _logsumexp(scores, 2), 0.0).sum(axis=1)
    start, between, end = transitions
    moved = np.where(mask[:, 1:], between[labels[:, :-1], labels[:, 1:]], 0.0).sum(axis=1)
    last = np.take_along_axis(labels, mask.sum(axis=1, keepdims=True) - 1, 1)[:, 0]
    path = start[labels[:, 0]] + np.where(mask, chosen, 0.0).sum(axis=1) + moved + end[last]
    return path - _logsumexp(_forward(scores, mask, transitions)[-1] + end, 1)


@dataclass(frozen=True)
class _Mean:
    scores: Floats
    mask: Bools
    weights: Floats | None


class EnsembleEmitter:
    """Several networks that label, joined: their scores are averaged, and so is what labels add to each other.

    That is the normalised geometric mean of the members' distributions.

    Args:
        members: Networks whose ids mean the same; at least one.
    """

    def __init__(self, members: Sequence[Emitter]) -> None:
        self.members = members

    def emit(self, src: Ids) -> Emitted:
        """Read padded sources."""
        found = [member.emit(src) for member in self.members]
        scores = np.mean([one.scores for one in found], axis=0)
        weights = [one.weights for one in found if one.weights is not None]
        return _Mean(scores, found[0].mask, np.mean(weights, axis=0) if weights else None)

    def transitions(self) -> Transitions | None:
        """Average them; a member without counts as one of zeros."""
        found = [one for one in (member.transitions() for member in self.members) if one]
        if not found:
            return None
        share = 1 / len(self.members)
        start, between, end = (np.sum(parts, axis=0) * share for parts in zip(*found, strict=True))
        return start, between, end


def _forward(scores: Floats, mask: Bools, transitions: Transitions) -> list[Floats]:
    """Sum, at each place, over all labellings up to it that end in each label; padding repeats the last."""
    start, between, _ = transitions
    alpha = start + scores[:, 0]
    sums = [alpha]
    for place in range(1, scores.shape[1]):
        after = _logsumexp(alpha[:, :, None] + between, 1) + scores[:, place]
        alpha = np.where(mask[:, place, None], after, alpha)
        sums.append(alpha)
    return sums


def _logsumexp(values: Floats, axis: int) -> Floats:
    most = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - most).sum(axis=axis)) + np.squeeze(most, axis)
