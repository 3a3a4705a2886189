import math
from collections.abc import Callable

import pytest

from dragoman.inspection.trace import Candidate, Trace, TraceStep

MakeTrace = Callable[..., Trace]


def _wave(phase: float, size: int) -> tuple[float, ...]:
    return tuple(math.sin(phase + unit) for unit in range(size))


def _look(step: int, num_tokens: int) -> tuple[float, ...]:
    scores = [math.exp(-((step - index) ** 2)) for index in range(num_tokens)]
    return tuple(score / math.fsum(scores) for score in scores)


def _make_trace(
    src: tuple[str, ...] = ("i", "am", "a", "student", "<eos>"),
    tgt: tuple[str, ...] = ("je", "suis", "étudiant", "<eos>"),
    attention: bool = True,
    hidden_size: int = 64,
) -> Trace:
    steps = [
        TraceStep(
            input=read,
            candidates=(
                Candidate(id=4 + index, token=choice, probability=0.7),
                Candidate(id=20, token="un", probability=0.1),
                Candidate(id=21, token="élève", probability=0.0001),
            ),
            rest=0.1999,
            choice=choice,
            choice_id=4 + index,
            log_prob=math.log(0.7),
            attention=_look(index, len(src)) if attention else None,
            state=_wave(index / 3, hidden_size),
        )
        for index, (read, choice) in enumerate(zip(("<sos>", *tgt), tgt, strict=False))
    ]
    return Trace(
        model="lstm 64, bidirectional, attention: additive",
        src_text=" ".join(src),
        src_tokens=src,
        encoder_states=tuple(_wave(index / 2, 2 * hidden_size) for index in range(len(src))),
        context=_wave(0.1, hidden_size),
        steps=tuple(steps),
        tgt_text=" ".join(tgt),
        log_prob=-1.43,
    )


@pytest.fixture
def make_trace() -> MakeTrace:
    return _make_trace
