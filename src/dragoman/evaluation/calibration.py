"""How sure a model may be of itself: calibration error, the temperature that mends it, and what is left to abstain.

Only numbers here; what they are taken from a model's outputs by stands in `dragoman.evaluation.confidence`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_BINS = 10
COOLEST, HOTTEST = 0.1, 10.0
# What holds a fit to few sentences: as much as this many of them would say against it.
_PRIOR = 1.0


def calibration_error(confidences: FloatArray, right: FloatArray, num_bins: int = _BINS) -> float:
    """Return the expected calibration error, from 0 to 1 (Guo et al. 2017, arXiv:1706.04599, eq. 3).

    ``ECE = sum_m |B_m| / n * |acc(B_m) - conf(B_m)|``, over bins of equal width.

    Args:
        confidences: From 0 to 1.
        right: How right each was, from 0 to 1.
        num_bins: M.
    """
    if not len(confidences):
        return 0.0
    bins = np.minimum((confidences * num_bins).astype(int), num_bins - 1)
    gaps = np.bincount(bins, right - confidences, num_bins)
    return float(np.abs(gaps).sum() / len(confidences))


def fit_temperature(log_probs: FloatArray, gold: npt.NDArray[np.int64]) -> float:
    """Find the temperature under which given tokens are likeliest (Guo et al. 2017, section 4.2).

    The loss is convex in ``b = 1 / T``: its slope is ``E[z] - z_gold``, its curvature ``Var[z]``, so Newton's steps
    find the end in a few.

    Args:
        log_probs: At temperature 1, all finite, [tokens, vocab].
        gold: What was right, [tokens].
    """
    wanted = np.take_along_axis(log_probs, gold[:, None], 1)[:, 0].astype(np.float64)
    sharpness = 1.0
    for _ in range(20):
        scaled = log_probs * np.float32(sharpness)
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        mean = (weights * log_probs).sum(axis=1, dtype=np.float64)
        spread = (weights * np.square(log_probs - mean[:, None])).sum(axis=1, dtype=np.float64)
        step = float((wanted - mean).mean() / max(float(spread.mean()), 1e-9))
        # Half and double at most: far from the end the curvature says little.
        after = sharpness + min(max(step, -sharpness / 2), sharpness)
        after = min(max(after, 1 / HOTTEST), 1 / COOLEST)
        if abs(after - sharpness) < 1e-4:
            break
        sharpness = after
    return 1 / sharpness


def fit_logistic(
    features: FloatArray, right: FloatArray, prior: tuple[float, ...]
) -> tuple[float, ...]:
    """Fit ``p = sigmoid(features @ w)`` to how right outputs were (Platt 1999; right may be a share).

    Args:
        features: [outputs, features].
        right: From 0 to 1, [outputs].
        prior: The weights that few outputs stay near.

    Returns:
        The weights.
    """
    start = np.array(prior)
    weights, held = start.copy(), _PRIOR * np.eye(len(prior))
    for _ in range(50):
        sure = sigmoid(features @ weights)
        slope = features.T @ (right - sure) - held @ (weights - start)
        curved = (features * (sure * (1 - sure))[:, None]).T @ features + held
        step = np.linalg.solve(curved, slope)
        weights = weights + step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-6:
            break
    return tuple(weights.tolist())


def sigmoid(values: FloatArray) -> FloatArray:
    """Squeeze numbers into 0 to 1."""
    return 1 / (1 + np.exp(-np.clip(values, -500, 500)))


@dataclass(frozen=True)
class Kept:
    """What is left when a model abstains below a confidence.

    Attributes:
        confidence: The least that is kept.
        coverage: The share of the outputs that is kept.
        quality: How right these are, in percent.
    """

    confidence: float
    coverage: float
    quality: float


def coverage_curve(confidences: FloatArray, right: FloatArray) -> list[Kept]:
    """Say for every threshold how much is kept, and how right that is; from all to the surest.

    Args:
        confidences: From 0 to 1, at least one.
        right: How right each output was, from 0 to 1.
    """
    order = np.argsort(-confidences, kind="stable")
    sure, means = confidences[order], np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Outputs of the same confidence are kept together.
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True))[::-1]
    return [
        Kept(float(sure[end]), (int(end) + 1) / len(order), 100 * float(means[end]))
        for end in ends.tolist()
    ]


def at_coverage(curve: Iterable[Kept], shares: Iterable[float]) -> list[Kept]:
    """Pick for each share the strictest threshold that keeps at least so much."""
    points = list(curve)
    return [
        min((one for one in points if one.coverage >= share - 1e-9), key=lambda one: one.coverage)
        for share in shares
    ]
