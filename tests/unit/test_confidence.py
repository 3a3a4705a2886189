import math

import numpy as np
import pytest

from dragoman.confidence import judge, sureness
from dragoman.config import CalibrationConfig, SearchConfig
from dragoman.search.forced import follow_given, log_probs_of
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.translator import TranslateOptions, Translator
from helpers.tables import A, B, TableStepper

EOS = 3
# After nothing A or B; after A the end, nearly.
TABLE = {(): {A: 0.8, B: 0.2}, (A,): {EOS: 0.9, B: 0.1}}


def calibration(temperature=1.0, weights=(0.0, 1.0, 0.0)):
    return CalibrationConfig(
        temperature=temperature, weights=list(weights), measure="exact_match", num_outputs=9
    )


def test_given_tokens_are_scored_step_by_step_and_padding_is_not():
    stepper = TableStepper([TABLE, TABLE])
    found = log_probs_of(stepper, [[4], [5]], [[A, EOS], [B]])
    assert found[0] == pytest.approx([math.log(0.8), math.log(0.9)])
    assert found[1] == pytest.approx([math.log(0.2)])
    assert len(list(follow_given(stepper, [[4], [5]], [[A, EOS], [B]]))) == 2


def test_a_temperature_of_two_takes_roots():
    (found,) = log_probs_of(TableStepper([TABLE]), [[4]], [[A, EOS]], 2.0)
    assert math.exp(found[0]) == pytest.approx(0.8**0.5 / (0.8**0.5 + 0.2**0.5), rel=1e-5)
    assert math.exp(found[1]) == pytest.approx(0.9**0.5 / (0.9**0.5 + 0.1**0.5), rel=1e-5)


def test_without_calibration_the_confidence_is_the_geometric_mean():
    (found,) = sureness(TableStepper([TABLE]), [[4]], [[A, EOS]], None)
    assert found.confidence == pytest.approx((0.8 * 0.9) ** 0.5, rel=1e-5)
    assert found.tokens == pytest.approx((0.8, 0.9), rel=1e-5)


def test_the_weights_are_of_log_odds():
    # log-odds of 0.5 are 0; those of the least, 0.2, are log(1/4).
    log_probs = [math.log(0.2), math.log(0.25 / 0.2)]
    found = judge(log_probs, calibration(weights=(0.3, 5.0, 2.0)))
    assert found.confidence == pytest.approx(1 / (1 + math.exp(-(0.3 + 2 * math.log(0.25)))))


def test_a_probability_of_one_gives_a_confidence():
    assert judge([0.0], calibration(weights=(0.0, 1.0, 1.0))).confidence == pytest.approx(
        1, abs=1e-4
    )
    assert judge([-1e4], calibration()).confidence == pytest.approx(0, abs=1e-4)


@pytest.fixture
def translator():
    pieces = Tokenizer.train(["abc"], TokenizerOptions("char", 7))
    return Translator(TableStepper([TABLE] * 3), pieces, pieces, SearchConfig(beam_size=1))


def test_what_is_written_does_not_depend_on_the_calibration(translator):
    plain = [one.text for one in translator.translate(["a"])]
    for temperature in (0.3, 1.0, 4.0):
        translator.calibration = calibration(temperature, (0.1, 1.0, 0.5))
        for beam in (1, 3):
            found = translator.translate(["a"], TranslateOptions(beam_size=beam, confidence=True))
            assert [one.text for one in found] == plain
            assert found[0].probabilities == pytest.approx((0.8, 0.9), rel=1e-5)


def test_a_model_abstains_below_the_least_confidence(translator):
    sure = (0.8 * 0.9) ** 0.5
    kept, empty = (
        translator.translate(["a", ""], TranslateOptions(min_confidence=least))
        for least in (sure - 0.01, sure + 0.01)
    )
    assert (kept[0].text, kept[0].abstained) == ("a", False)
    assert (empty[0].text, empty[0].abstained) == ("", True)
    assert empty[0].confidence == pytest.approx(sure, rel=1e-5)
    # Nothing was asked of it, so there is nothing to abstain from.
    assert (empty[1].text, empty[1].abstained, empty[1].confidence) == ("", False, None)
    assert empty[0].to_dict()["abstained"] is True
    assert "confidence" not in translator.translate(["a"])[0].to_dict()


def test_confidences_of_a_batch_are_those_of_its_sentences(translator):
    alone = translator.translate(["a"], TranslateOptions(confidence=True))
    both = translator.translate(["a", "a"], TranslateOptions(confidence=True))
    assert both[1].confidence == pytest.approx(alone[0].confidence)
    assert np.allclose(both[1].token_confidences, alone[0].token_confidences)
