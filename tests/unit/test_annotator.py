"""Text to labels over a network that is no more than a table."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from dragoman.annotator import Annotator
from dragoman.config import CalibrationConfig
from dragoman.errors import InputError
from dragoman.search.sampling import SamplingOptions
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS, PAD
from dragoman.translator import TranslateOptions


@dataclass
class Emitted:
    scores: np.ndarray
    mask: np.ndarray
    weights: np.ndarray | None = None


class TableEmitter:
    """The n-th source token prefers the n-th label, by two nats."""

    def __init__(self, num_labels, per_word=True):
        self.num_labels, self.per_word = num_labels, per_word
        self.shapes = []

    def emit(self, src):
        self.shapes.append(src.shape)
        scores = 2.0 * (src[:, :-1, None] - 4 == np.arange(self.num_labels))
        mask = (src[:, :-1] != PAD) & (src[:, :-1] != EOS)
        if self.per_word:
            return Emitted(scores, mask)
        weights = mask / mask.sum(axis=1, keepdims=True)
        return Emitted(scores[:, :1], np.ones((len(src), 1), bool), weights)

    def transitions(self):
        return None


WORDS = ["anna anna anna", "sees sees", "oslo"]
LABELS = ["PER PER PER", "O O", "LOC"]


def make(per_word=True, normaliser=None):
    options = TokenizerOptions("spaced", normaliser=normaliser or Normaliser())
    src = Tokenizer.train(WORDS, options)
    kind = "spaced" if per_word else "whole"
    tgt = Tokenizer.train(
        LABELS if per_word else ["good good", "bad", "bad", "bad"], TokenizerOptions(kind)
    )
    emitter = TableEmitter(tgt.vocab_size - 4, per_word)
    return Annotator(emitter, src, tgt, per_word=per_word, reads_words=False)


SURE = math.exp(2) / (math.exp(2) + 2)


def test_a_label_a_word():
    found, empty, short = make().translate(["anna  sees oslo", " ", "oslo"])
    assert found.text == "PER O LOC"
    assert found.tokens == ("PER", "O", "LOC")
    assert found.src_tokens == ("anna", "sees", "oslo")
    assert found.probabilities == pytest.approx([SURE] * 3)
    assert found.log_prob == pytest.approx(3 * math.log(SURE))
    assert found.score == pytest.approx(math.log(SURE))
    assert (empty.text, empty.tokens, empty.log_prob) == ("", (), 0.0)
    assert short.text == "LOC"
    assert found.to_dict()["text"] == "PER O LOC"


def test_a_label_a_text():
    options = TranslateOptions(nbest=5)
    found = make(per_word=False).translate(["anna oslo"], options)[0]
    assert found.tokens == ("bad",)
    (other,) = found.alternatives
    assert other.text == "good good"
    assert found.probabilities[0] + other.probabilities[0] == pytest.approx(1)
    assert other.log_prob == pytest.approx(math.log(other.probabilities[0]))
    assert found.attention.tolist() == [[0.5, 0.5]]
    plain = make(per_word=False).translate(["anna oslo"], TranslateOptions(attention=False))[0]
    assert plain.attention is None
    assert not plain.alternatives


def test_score():
    annotator = make()
    found = annotator.score([("anna sees", "PER O"), ("oslo", "O"), ("oslo", "new"), ("", "")])
    assert found[:2] == pytest.approx([2 * math.log(SURE), math.log(SURE) - 2])
    assert found[2:] == [-math.inf, 0.0]
    with pytest.raises(InputError, match="'anna sees': 1 labels given; expected 2"):
        annotator.score([("oslo", "LOC"), ("anna sees", "PER")])


def test_labels_keep_their_case():
    normaliser = Normaliser(lowercase=True)
    assert make(normaliser=normaliser).translate(["ANNA"])[0].text == "PER"


def test_batches_stay_small():
    annotator = make()
    annotator.batch_tokens = 10
    texts = ["anna", "anna sees oslo oslo", "oslo sees", "", "anna"] * 3
    together = [one.text for one in annotator.translate(texts)]
    assert max(rows * width for rows, width in annotator.emitter.shapes) <= 10
    assert together == [annotator.translate([text])[0].text for text in texts]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (TranslateOptions(prefixes=["PER"]), "prefixes"),
        (TranslateOptions(sampling=SamplingOptions()), "sampling"),
        (TranslateOptions(nbest=2), "nbest"),
    ],
)
def test_what_only_a_search_can_do(options, name):
    with pytest.raises(InputError, match=f"{name}: this model labels"):
        make().translate(["anna"], options)


def test_a_beam_makes_no_difference():
    options = TranslateOptions(beam_size=7, length_penalty=0.3)
    assert make().translate(["anna"], options) == make().translate(["anna"])


@pytest.mark.parametrize("per_word", [True, False])
def test_confidence_is_the_probability_at_a_temperature(per_word):
    annotator = make(per_word)
    (plain,) = annotator.translate(["anna anna"], TranslateOptions(confidence=True))
    assert plain.token_confidences == pytest.approx(plain.probabilities)
    annotator.calibration = CalibrationConfig(
        temperature=2.0, weights=[0.0, 1.0, 0.0], measure="exact_match", num_outputs=1
    )
    (found,) = annotator.translate(["anna anna"], TranslateOptions(confidence=True))
    # Two nats ahead of each of the others; one at twice the temperature.
    for one, nats in ((plain, 2), (found, 1)):
        others = len(annotator.labels) - 1
        assert one.token_confidences[0] == pytest.approx(math.exp(nats) / (math.exp(nats) + others))
    assert found.text == plain.text
    assert found.confidence == pytest.approx(found.token_confidences[0])
    assert annotator.translate(["anna"], TranslateOptions(min_confidence=1.0))[0].abstained
