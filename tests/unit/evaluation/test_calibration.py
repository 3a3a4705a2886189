import math

import numpy as np
import pytest

from dragoman.evaluation.calibration import (
    at_coverage,
    calibration_error,
    coverage_curve,
    fit_logistic,
    fit_temperature,
    sigmoid,
)
from dragoman.search.forced import tempered


def test_calibration_error_by_hand():
    # Bin 0.9-1: 0.95 and 0.91, of which one is right: |0.5 - 0.93| * 2 / 5.
    # Bin 0.6-0.7: 0.65 and 0.61, both right: |1 - 0.63| * 2 / 5. Bin 0-0.1: 0.05, wrong: 0.05 / 5.
    sure = np.array([0.95, 0.91, 0.65, 0.61, 0.05])
    right = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    assert calibration_error(sure, right) == pytest.approx((0.86 + 0.74 + 0.05) / 5)


def test_what_is_certain_falls_into_the_last_bin():
    assert calibration_error(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.5)


def test_errors_within_a_bin_cancel_and_across_bins_do_not():
    right = np.array([1.0, 0.0])
    assert calibration_error(np.array([0.52, 0.48]), right, num_bins=1) == pytest.approx(0.0)
    assert calibration_error(np.array([0.52, 0.48]), right, num_bins=2) == pytest.approx(0.48)


def miscalibrated(temperature, size=4000, words=12):
    """Give distributions that are `temperature` times too sharp, and tokens drawn from the true ones."""
    rng = np.random.default_rng(1)
    true = tempered(rng.normal(size=(size, words)).astype(np.float32) * 2, 1.0)
    gold = np.array([rng.choice(words, p=np.exp(row) / np.exp(row).sum()) for row in true])
    return tempered(true, 1 / temperature), gold


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_a_miscalibrated_model_is_found(temperature):
    said, gold = miscalibrated(temperature)
    assert fit_temperature(said, gold) == pytest.approx(temperature, rel=0.06)


def test_the_temperature_mends_the_calibration_error_and_keeps_every_choice():
    said, gold = miscalibrated(2.5)
    mended = tempered(said, fit_temperature(said, gold))
    right = (said.argmax(axis=1) == gold).astype(float)
    assert calibration_error(np.exp(said.max(axis=1)), right) > 0.15
    assert calibration_error(np.exp(mended.max(axis=1)), right) < 0.03
    assert (mended.argmax(axis=1) == said.argmax(axis=1)).all()


def test_tempered_is_a_softmax_at_a_temperature():
    # p = (1/4, 3/4) at T = 2: the roots, (1, 3 ** 0.5) / (1 + 3 ** 0.5).
    found = np.exp(tempered(np.log(np.array([[0.25, 0.75]], dtype=np.float32)), 2.0))
    assert found[0].tolist() == pytest.approx([1 / (1 + 3**0.5), 3**0.5 / (1 + 3**0.5)])


def test_what_is_impossible_stays_so_at_any_temperature():
    said = np.log(np.array([[0.5, 0.5, 1e-30]], dtype=np.float32))
    said[0, 2] = -math.inf
    assert np.exp(tempered(said, 3.0))[0].tolist() == pytest.approx([0.5, 0.5, 0.0])
    gold = np.array([0])
    assert math.isfinite(fit_temperature(np.maximum(said, -1e4), gold))


def test_the_logistic_fit_finds_the_weights_that_made_the_data():
    rng = np.random.default_rng(2)
    features = np.column_stack([np.ones(20_000), rng.normal(size=20_000)])
    chance = sigmoid(features @ np.array([-0.5, 1.5]))
    right = (rng.random(20_000) < chance).astype(float)
    assert fit_logistic(features, right, (0.0, 1.0)) == pytest.approx((-0.5, 1.5), abs=0.08)


def test_few_outputs_do_not_move_the_weights_far():
    features = np.array([[1.0, 2.0]])
    weights = fit_logistic(features, np.array([1.0]), (0.0, 1.0))
    assert weights == pytest.approx((0.0, 1.0), abs=0.3)


def test_the_curve_by_hand():
    curve = coverage_curve(np.array([0.2, 0.9, 0.5, 0.5]), np.array([0.0, 1.0, 1.0, 0.5]))
    # Equally sure ones are kept together: no point keeps two of four.
    assert [(one.confidence, one.coverage) for one in curve] == [
        (0.2, 1.0),
        (0.5, 0.75),
        (0.9, 0.25),
    ]
    assert [one.quality for one in curve] == pytest.approx([62.5, 100 * 2.5 / 3, 100.0])
    assert [one.coverage for one in at_coverage(curve, [1.0, 0.6, 0.25])] == [1.0, 0.75, 0.25]
