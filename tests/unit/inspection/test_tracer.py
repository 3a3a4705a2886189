"""The tracer on tiny random networks, behind a bundle and without torch."""

import math

import numpy as np
import pytest

from dragoman.config import ModelConfig, SearchConfig
from dragoman.errors import InputError
from dragoman.inspection.gates import GateReader
from dragoman.inspection.trace import Changes
from dragoman.inspection.tracer import Subject, compare, trace
from dragoman.text.vocabulary import EOS, SOS
from dragoman.translator import Translator
from helpers.bundles import SMALL, stepper, tokenizer, write_tiny

TEXT = "abcda"
TOLERANCE = 1e-5
# The encoder's cell, the decoder's, and the attention.
NETWORKS = [
    ("lstm", None, "none"),
    ("lstm", None, "additive"),
    ("gru", None, "none"),
    ("gru", None, "additive"),
    ("lstm", "ssru", "additive"),
    ("mingru", "gru", "none"),
    ("ssru", "mingru", "additive"),
]


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def subject(request, tmp_path_factory):
    cell, writes, attention = request.param
    choices = {"cell": cell, "decoder_cell": writes, "attention": attention}
    config = ModelConfig.model_validate(SMALL.model_dump() | choices)
    opened = stepper(write_tiny(tmp_path_factory.mktemp("bundle") / "tiny", config))
    both = tokenizer()
    translator = Translator(opened, both, both, SearchConfig())
    return Subject(translator, opened, "tiny", config)


def test_top_ten_and_the_rest_sum_to_one(subject):
    for step in trace(subject, TEXT).steps:
        total = math.fsum([*(one.probability for one in step.candidates), step.rest])
        assert abs(total - 1) <= 1e-6
        assert len(step.candidates) == 10


def test_replay_gives_the_same_trace(subject):
    found = trace(subject, TEXT)
    assert trace(subject, TEXT) == found
    said = trace(subject, TEXT, Changes(said=found.ids))
    assert said.model_copy(update={"changes": Changes()}) == found


def test_gates_are_those_of_the_engine(subject):
    """Doing a step again from the bundle's weights leads to the engine's own states."""
    source = [*subject.encode(TEXT), EOS]
    state = subject.start(source[:-1])
    states, gates = subject.gates.encoder(source)
    np.testing.assert_allclose(states, subject.stepper.look(state)[0], atol=TOLERANCE)
    assert len(gates) == len(source)
    last = SOS
    for chosen in (5, 6, 7):
        again, _ = subject.gates.decoder(last, state)
        state = subject.stepper.step(np.array([last]), state).state
        np.testing.assert_allclose(again, subject.stepper.look(state)[1], atol=TOLERANCE)
        last = chosen


@pytest.mark.parametrize("choice", [{"transitions": 2}, {"zoneout": 0.1}, {"encoder": "gnmt"}])
def test_gates_that_are_not_known_are_not_told(choice):
    assert GateReader.fits(SMALL)
    assert not GateReader.fits(SMALL.model_copy(update=choice))


def test_another_word_is_obeyed(subject):
    changed = trace(subject, TEXT, Changes(said=(9, 8)))
    assert changed.ids[:2] == (9, 8)
    assert changed.steps[1].input == changed.steps[0].choice


def test_hidden_source_words_get_no_attention(subject):
    if subject.config.attention == "none":
        with pytest.raises(InputError, match="no attention"):
            trace(subject, TEXT, Changes(hidden=(1,)))
        return
    for step in trace(subject, TEXT, Changes(hidden=(1,))).steps:
        assert step.attention[1] == 0
        assert math.fsum(step.attention) == pytest.approx(1, abs=1e-4)


def test_comparison_parts_where_the_ids_do(subject):
    found = compare(subject, TEXT, "abc")
    right = subject.target("abc")
    assert list(found.forced.ids) == right
    differ = [n for n, (a, b) in enumerate(zip(found.free.ids, right, strict=False)) if a != b]
    assert found.parts_at == (differ[0] if differ else None)


def test_empty_and_unfit_changes_are_refused(subject):
    for text, changes in (("", None), (TEXT, Changes(said=(999,))), (TEXT, Changes(hidden=(99,)))):
        with pytest.raises(InputError):
            trace(subject, text, changes)
