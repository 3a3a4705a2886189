"""How far a model's confidence can be believed: measured on pairs, and fitted to them.

Tokens are judged with the right words fed in: is the likeliest token the right one? Outputs are judged by how right
they are as a whole: where only the whole counts, by being right; where parts count, by their chrF, from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dragoman.annotator import Annotator
from dragoman.confidence import NEUTRAL, features
from dragoman.config import CalibrationConfig
from dragoman.data.batches import length_batches, pad, pad_sources
from dragoman.data.corpus import Pair, group_references
from dragoman.evaluation.calibration import (
    COOLEST,
    HOTTEST,
    FloatArray,
    Kept,
    at_coverage,
    calibration_error,
    coverage_curve,
    fit_logistic,
    fit_temperature,
)
from dragoman.evaluation.metrics import METRICS
from dragoman.search.forced import finite, follow_given, tempered
from dragoman.search.labelling import Emitted, log_prob, scaled
from dragoman.text.vocabulary import PAD, SPECIALS
from dragoman.translator import TranslateOptions, Translation, Translator

if TYPE_CHECKING:
    from rich.console import RenderableType

Model = Translator | Annotator
# Numbers of the distributions that a temperature is fitted to: more would not move it.
_MOST_NUMBERS = 8_000_000
_SHOWN = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3, 0.1)


@dataclass(frozen=True)
class ConfidenceReport:
    """How far a model's confidence can be believed.

    Attributes:
        measure: What an output's confidence foretells: a row of METRICS.
        tokens: Expected calibration error of tokens, at temperature 1 and at the model's own; None where a decoder's
            actions are no tokens of the target.
        outputs: That of whole outputs: of the geometric mean of the probabilities, and of the confidence.
        curve: What is left when the model abstains below a confidence.
    """

    measure: str
    tokens: tuple[float, float] | None
    outputs: tuple[float, float]
    curve: Sequence[Kept] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        return {
            "measure": self.measure,
            "ece_tokens": None if self.tokens is None else list(self.tokens),
            "ece_outputs": list(self.outputs),
            "coverage": [
                {"confidence": one.confidence, "coverage": one.coverage, "quality": one.quality}
                for one in at_coverage(self.curve, _SHOWN)
            ],
        }

    def table(self) -> RenderableType:
        """Lay it out for a terminal."""
        from rich.console import Group
        from rich.table import Table

        errors = Table("expected calibration error", title="Confidence")
        errors.add_column("before", justify="right")
        errors.add_column("calibrated", justify="right")
        for name, found in (("tokens", self.tokens), ("outputs", self.outputs)):
            if found is not None:
                errors.add_row(name, *(f"{100 * one:.1f} %" for one in found))
        kept = Table("outputs kept", title="If it abstains below a confidence")
        kept.add_column("--min-confidence", justify="right")
        kept.add_column(self.measure, justify="right")
        # Of few outputs several shares are the same.
        for one in dict.fromkeys(at_coverage(self.curve, _SHOWN)):
            kept.add_row(f"{one.coverage:.0%}", f"{one.confidence:.3f}", f"{one.quality:.1f}")
        return Group(errors, kept)


def fit_calibration(
    model: Model, pairs: Sequence[Pair], measure: str, options: TranslateOptions | None = None
) -> CalibrationConfig:
    """Fit a model's confidence to pairs that it has not learned from.

    Args:
        model: Its own calibration is put aside meanwhile.
        pairs: Dev.
        measure: What confidences are to foretell: a row of METRICS, sentence by sentence.
        options: How it writes; as it was trained to be used, unless said.
    """
    before, model.calibration = model.calibration, None
    try:
        temperature = _fit_temperature(model, pairs)
        neutral = CalibrationConfig(
            temperature=temperature, weights=list(NEUTRAL), measure=measure, num_outputs=1
        )
        model.calibration = neutral
        how = options or TranslateOptions(attention=False)
        sources = [src for src, _ in group_references(pairs)]
        made = model.translate(sources, replace(how, confidence=True))
        outputs, right = _judged(model, pairs, made, measure)
        seen = np.array([features(np.log(one.token_confidences).tolist()) for one in outputs])
        weights = fit_logistic(seen, right, NEUTRAL) if len(outputs) else NEUTRAL
        return neutral.model_copy(
            update={"weights": list(weights), "num_outputs": max(1, len(outputs))}
        )
    finally:
        model.calibration = before


def measure_confidence(
    model: Model, pairs: Sequence[Pair], made: Sequence[Translation], measure: str
) -> ConfidenceReport | None:
    """Compare a model's confidence with how right it is; None if it had nothing to say.

    Args:
        model: With or without a calibration.
        pairs: A test set.
        made: What the model made of each of its sources, with confidence.
        measure: How right an output is: a row of METRICS, sentence by sentence.
    """
    outputs, right = _judged(model, pairs, made, measure)
    if not outputs:
        return None
    raw = np.array([np.exp(np.mean(np.log(one.probabilities))) for one in outputs])
    sure = np.array([one.confidence or 0.0 for one in outputs])
    errors = calibration_error(raw, right), calibration_error(sure, right)
    return ConfidenceReport(
        measure, _token_errors(model, pairs), errors, coverage_curve(sure, right)
    )


def _judged(
    model: Model, pairs: Sequence[Pair], made: Sequence[Translation], measure: str
) -> tuple[list[Translation], FloatArray]:
    """Give the outputs that have a confidence, and how right each is, from 0 to 1."""
    grouped = group_references(pairs)
    normaliser = model.tgt_tokenizer.normaliser
    kept = [number for number, one in enumerate(made) if one.confidence is not None]
    if not kept:
        return [], np.empty(0)
    references = [
        [normaliser.undo(normaliser(reference)) for reference in grouped[number][1]]
        for number in kept
    ]
    measured = METRICS[measure]().measure([made[number].text for number in kept], references)
    right = [measured.score_of(np.array([row])) / 100 for row in range(len(kept))]
    return [made[number] for number in kept], np.clip(np.array(right), 0.0, 1.0)


def _fit_temperature(model: Model, pairs: Sequence[Pair]) -> float:
    if isinstance(model, Annotator):
        return _fit_label_temperature(model, pairs)
    # From all over the set, as many as there is room for.
    tokens = sum(map(len, model.tgt_tokenizer.encode_batch([pair.tgt for pair in pairs])))
    every = max(1, math.ceil(tokens * model.tgt_tokenizer.vocab_size / _MOST_NUMBERS))
    seen = list(_given(model, pairs[::every]))
    if not seen:
        return 1.0
    return fit_temperature(*(np.concatenate(part) for part in zip(*seen, strict=True)))


def _fit_label_temperature(model: Annotator, pairs: Sequence[Pair]) -> float:
    """Search for the temperature under which the labels are likeliest; its loss is convex in 1 / T."""
    seen = list(_labels_of(model, pairs))
    between = model.emitter.transitions()

    def loss(by: float) -> float:
        found = (
            log_prob(one.scores * by, one.mask, scaled(between, by), labels) for one, labels in seen
        )
        return -sum(float(one.sum()) for one in found)

    low, high = 1 / HOTTEST, 1 / COOLEST
    while seen and high - low > 0.02:
        third = (high - low) / 3
        low, high = (
            (low, high - third) if loss(low + third) < loss(high - third) else (low + third, high)
        )
    return 2 / (low + high) if seen else 1.0


def _token_errors(model: Model, pairs: Sequence[Pair]) -> tuple[float, float] | None:
    temperature = model.calibration.temperature if model.calibration else 1.0
    rows: list[npt.NDArray[Any]] = []
    if isinstance(model, Annotator):
        for emitted, labels in _labels_of(model, pairs):
            before, after = (model.at(emitted, one).posteriors for one in (1.0, temperature))
            right = (before.argmax(axis=2) == labels).astype(float)
            seen = np.stack([before.max(axis=2), after.max(axis=2), right])
            rows.append(seen[:, emitted.mask])
    else:
        for log_probs, ids in _given(model, pairs):
            after = tempered(log_probs, temperature)
            right = (log_probs.argmax(axis=1) == ids).astype(float)
            rows.append(np.stack([np.exp(log_probs.max(axis=1)), np.exp(after.max(axis=1)), right]))
    if not rows:
        return None
    raw, sure, hits = np.concatenate(rows, axis=1).astype(float)
    return calibration_error(raw, hits), calibration_error(sure, hits)


def _given(
    model: Translator, pairs: Sequence[Pair]
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.int64]]]:
    """Yield what a model expects where the right tokens are fed in, [tokens, vocab], and these tokens."""
    # What stands beside the special ones is what a decoder does, and not said by the pairs.
    if model.tgt_tokenizer.acts:
        return
    for _, sources, targets in model.batches_of(pairs):
        for distribution, ids in follow_given(model.stepper, sources, targets):
            there = np.flatnonzero(ids != PAD)
            log_probs = finite(distribution.all()[there])
            # A word that can't be said at all says nothing about a temperature.
            possible = np.take_along_axis(log_probs, ids[there][:, None], 1)[:, 0] > -1e3
            if possible.any():
                yield log_probs[possible], ids[there][possible]


def _labels_of(
    model: Annotator, pairs: Sequence[Pair]
) -> Iterator[tuple[Emitted, npt.NDArray[np.int64]]]:
    """Yield what a network gives for texts whose labels it knows all of, and these labels, [batch, places]."""
    sources = model.src_tokenizer.encode_batch([pair.src for pair in pairs])
    targets = model.tgt_tokenizer.encode_batch([pair.tgt for pair in pairs])
    known = [
        n for n, ids in enumerate(targets) if sources[n] and min(ids, default=0) >= len(SPECIALS)
    ]
    for numbers in length_batches([len(sources[n]) for n in known], model.batch_tokens):
        chosen = [known[number] for number in numbers]
        labels = pad([targets[number] for number in chosen]) - len(SPECIALS)
        yield model.emitter.emit(pad_sources([sources[number] for number in chosen])), labels
