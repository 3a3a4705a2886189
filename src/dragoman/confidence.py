"""How sure a model is of an output: the probabilities of its tokens at a calibrated temperature, and one of the whole.

The confidence of an output is ``sigmoid(w . [1, logit(m), logit(l)])``, where m is the geometric mean of its tokens'
probabilities and l the least of them: how right it is likely to be, by how right the outputs on dev were (Platt 1999).
With the weights (0, 1, 0) it is m itself; so it is where nothing was fitted, and promises nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from dragoman.config import CalibrationConfig
from dragoman.search.forced import log_probs_of
from dragoman.search.stepper import Stepper

NEUTRAL = (0.0, 1.0, 0.0)
"""The weights that few outputs stay near, and that are taken where nothing was fitted."""
# Beyond it, from either side, a probability is as good as 0 or 1.
_EDGE = 1e-5


class Sureness(NamedTuple):
    """How sure a model is.

    Attributes:
        confidence: Of the whole output, from 0 to 1.
        tokens: The probability of each token.
    """

    confidence: float
    tokens: tuple[float, ...]


def features(log_probs: Sequence[float]) -> tuple[float, float, float]:
    """Return what an output's confidence is reckoned from, of the log-probabilities of its tokens, at least one."""
    return 1.0, _logit(sum(log_probs) / len(log_probs)), _logit(min(log_probs))


def judge(log_probs: Sequence[float], calibration: CalibrationConfig | None) -> Sureness:
    """Say how sure a model is of an output, by the log-probabilities of its tokens, at least one."""
    weights = calibration.weights if calibration else NEUTRAL
    score = sum(one * seen for one, seen in zip(weights, features(log_probs), strict=True))
    confidence = 1 / (1 + math.exp(-min(max(score, -500.0), 500.0)))
    return Sureness(confidence, tuple(math.exp(value) for value in log_probs))


def _logit(log_prob: float) -> float:
    probability = min(max(math.exp(log_prob), _EDGE), 1 - _EDGE)
    return math.log(probability / (1 - probability))


def sureness(
    stepper: Stepper[Any],
    sources: Sequence[Sequence[int]],
    outputs: Sequence[Sequence[int]],
    calibration: CalibrationConfig | None,
) -> list[Sureness]:
    """Say how sure a model is of outputs that it has written.

    Args:
        stepper: The model.
        sources: Ids, without EOS.
        outputs: Ids, with EOS where it was said.
        calibration: What was fitted on dev.
    """
    temperature = calibration.temperature if calibration else 1.0
    found = log_probs_of(stepper, sources, outputs, temperature)
    return [judge(log_probs, calibration) for log_probs in found]
