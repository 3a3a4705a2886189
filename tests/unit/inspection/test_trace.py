import json
import math

import pytest
from pydantic import ValidationError

from dragoman.errors import InputError
from dragoman.inspection.trace import Candidate, Trace, TraceStep


def test_json_round_trip_is_exact(make_trace):
    for trace in (make_trace(), make_trace(attention=False, src=("나는", " ", "\n", '"<&'))):
        assert Trace.from_json(trace.to_json()) == trace


def test_trace_is_frozen(make_trace):
    with pytest.raises(ValidationError, match="frozen"):
        make_trace().tgt_text = "other"


def test_has_attention(make_trace):
    assert make_trace().has_attention
    assert not make_trace(attention=False).has_attention


_CHOICE = {
    "input": "<sos>",
    "choice": "a",
    "choice_id": 4,
    "log_prob": math.log(0.7),
    "state": (0.0,),
}


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"src_tokens": ("i",)}, "one vector for each of the 1 src_tokens, found 5"),
        ({"encoder_states": ((0.0,),) * 4 + ((0.0, 1.0),)}, r"encoder_states\[4\] must hold 1 num"),
        ({"context": (0.0,)}, r"state\[0\] must hold 1 numbers, found 64"),
        ({"context": (float("nan"),) * 64}, "finite"),
        ({"steps": ()}, "at least 1"),
        ({"version": 1}, "Input should be 2"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_construction_checks_the_whole(make_trace, faults, message):
    with pytest.raises(ValidationError, match=message):
        Trace.model_validate(dict(make_trace()) | faults)


def test_steps_must_fit_together(make_trace):
    trace = make_trace()
    plain = trace.steps[1].model_copy(update={"attention": None})
    with pytest.raises(ValidationError, match="every step or at none"):
        Trace.model_validate(dict(trace) | {"steps": (trace.steps[0], plain)})
    with pytest.raises(ValidationError, match="the first input must be '<sos>', found 'je'"):
        Trace.model_validate(dict(trace) | {"steps": trace.steps[1:]})
    narrow = trace.steps[0].model_copy(update={"attention": (0.5, 0.5)})
    with pytest.raises(ValidationError, match=r"attention\[0\] must hold 5 numbers, found 2"):
        Trace.model_validate(dict(trace) | {"steps": (narrow,)})


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"rest": 0.3}, "candidates and rest must sum to 1, found 1.2"),
        ({"candidates": ()}, "at least 1"),
        ({"candidates": ((0.2, "b"), (0.7, "a"))}, "highest first"),
        ({"attention": (0.5, 0.4)}, "attention must sum to 1, found 0.9"),
        ({"rest": -0.5}, "greater than or equal to 0"),
    ],
)
def test_step_checks_itself(faults, message):
    given = {"candidates": ((0.7, "a"), (0.2, "b")), "rest": 0.1} | faults
    given["candidates"] = [
        Candidate(id=number, token=token, probability=share)
        for number, (share, token) in enumerate(given["candidates"], 4)
    ]
    with pytest.raises(ValidationError, match=message):
        TraceStep(**(_CHOICE | given))


def test_float32_noise_is_tolerated():
    TraceStep(
        input="<sos>",
        candidates=(Candidate(id=4, token="a", probability=1.0 + 1e-7),),
        rest=0.0,
        choice="b",
        choice_id=5,
        log_prob=1e-7,
        attention=(0.50001, 0.50001),
        state=(0.0,),
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "nonsense", '{"version": 1}'])
def test_from_json_refuses_what_is_not_a_trace(text):
    with pytest.raises(InputError, match="not a trace"):
        Trace.from_json(text)


def test_from_json_names_each_fault(make_trace):
    content = json.loads(make_trace().to_json())
    content["version"] = 9
    content["steps"][2]["rest"] = "much"
    with pytest.raises(InputError) as caught:
        Trace.from_json(json.dumps(content))
    assert "version: Input should be 2" in str(caught.value)
    assert "steps.2.rest: " in str(caught.value)


def test_from_json_does_not_drown_the_reader(make_trace):
    content = json.loads(make_trace().to_json())
    content["context"] = ["x"] * 64
    with pytest.raises(InputError, match=r"\.\.\. and \d+ more"):
        Trace.from_json(json.dumps(content))


def test_schema_is_published():
    schema = Trace.json_schema()
    assert set(schema["required"]) == set(Trace.model_fields) - {
        "version",
        "encoder_gates",
        "changes",
    }
    assert schema["properties"]["version"]["const"] == 2
