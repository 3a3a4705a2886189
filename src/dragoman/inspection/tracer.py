"""Make a `Trace`: translate one sentence greedily, and write down what is seen at each step.

What a person changes on the way (another word at a step, a source word that attention may not see, another
sentence's context vector mixed in) goes into the trace, so that it can be made again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np

from dragoman.config import ModelConfig
from dragoman.data.batches import pad_sources
from dragoman.errors import InputError
from dragoman.inspection.gates import GateReader, Gates, OpenStepper
from dragoman.inspection.trace import Candidate, Changes, Comparison, Trace, TraceStep
from dragoman.search.filters import Forbid
from dragoman.search.stepper import Floats, Ids, Step, Stepper
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from dragoman.translator import Translator

NUM_CANDIDATES = 10
_DIGITS, _GATE_DIGITS = 6, 4
_SILENT = (PAD, UNK, SOS)
_LEAST_LOG_PROB = -1e4  # what is impossible costs this, as JSON has no infinity


@runtime_checkable
class InspectableStepper(Stepper[Any], Protocol):
    """A `Stepper` that can be looked into, and meddled with."""

    def look(self, state: Any) -> tuple[Floats, Floats]:
        """Return the first row's memory, [src_len, memory], and its decoder's top hidden state, [hidden]."""
        ...

    def hide(self, state: Any, positions: Ids) -> Any:
        """Keep attention from looking at some source tokens."""
        ...

    def blend(self, state: Any, other: Any, share: float) -> Any:
        """Mix another sentence's context vector into this one's; `share` is the other's."""
        ...


@dataclass(frozen=True)
class Subject:
    """A model that is looked into.

    Attributes:
        translator: For its tokenizers and limits.
        stepper: The network.
        model: The model in a line.
        config: Its shape.
    """

    translator: Translator
    stepper: InspectableStepper
    model: str
    config: ModelConfig

    @cached_property
    def gates(self) -> GateReader | None:
        """What does steps again to see the gates; None where there are none, or none that are known."""
        stepper = self.stepper
        if not (isinstance(stepper, OpenStepper) and GateReader.fits(self.config)):
            return None
        return GateReader(stepper, self.config)

    def encode(self, text: str) -> list[int]:
        """Turn a source into ids.

        Raises:
            InputError: It is empty.
        """
        source = self.translator.src_tokenizer.encode(text)
        if not source:
            raise InputError(
                "there is nothing to look into in an empty sentence; give at least one word."
            )
        return source

    def start(self, source: Sequence[int]) -> Any:
        """Read a source; give the state before the first step."""
        return self.stepper.start(pad_sources([list(source)]))

    def target(self, text: str) -> list[int]:
        """Turn a right answer into ids, EOS last.

        Raises:
            InputError: It is empty.
        """
        ids = self.translator.tgt_tokenizer.encode(text)
        if not ids:
            raise InputError("the right answer is empty; give at least one word.")
        return [*ids, EOS]


def trace(subject: Subject, text: str, changes: Changes | None = None) -> Trace:
    """Translate one sentence greedily and keep what was seen.

    Args:
        subject: The model.
        text: The sentence.
        changes: What to do otherwise.

    Raises:
        InputError: The sentence is empty, or a change does not fit it or the model.
    """
    changes = changes or Changes()
    translator, stepper = subject.translator, subject.stepper
    source, reader = subject.encode(text), subject.gates
    longest = max(translator.max_length(len(source)), len(changes.said))
    state = _start(subject, source, changes)
    memory, context = stepper.look(state)
    steps: list[TraceStep] = []
    said: list[int] = []
    last = SOS
    while last != EOS and len(said) < longest:
        taken = stepper.step(np.array([last]), state)
        if changes.hidden and taken.weights is None:
            raise InputError(
                "this model has no attention, so no source word can be hidden from it."
            )
        chosen = changes.said[len(said)] if len(said) < len(changes.said) else _best(taken, said)
        gates = None if reader is None else _rounded(reader.decoder(last, state)[1])
        state = taken.state
        step = _step(translator, taken, (last, chosen), stepper.look(state)[1])
        steps.append(step.model_copy(update={"gates": gates}))
        said.append(chosen)
        last = chosen
    return Trace(
        model=subject.model,
        src_text=text,
        src_tokens=tuple(translator.src_tokenizer.display([*source, EOS])),
        encoder_states=tuple(map(_vector, memory)),
        encoder_gates=None
        if reader is None
        else tuple(map(_rounded, reader.encoder([*source, EOS])[1])),
        context=_vector(context),
        steps=tuple(steps),
        tgt_text=translator.tgt_tokenizer.decode(said),
        log_prob=math.fsum(step.log_prob for step in steps),
        changes=changes,
    )


def compare(subject: Subject, text: str, reference: str) -> Comparison:
    """Run the decoder twice, fed the right words and fed its own.

    Args:
        subject: The model.
        text: The sentence.
        reference: The right answer.

    Raises:
        InputError: Either is empty.
    """
    right = subject.target(reference)
    forced = trace(subject, text, Changes(said=tuple(right)))
    free = trace(subject, text)
    pairs = zip(free.ids, right, strict=False)
    parted = [index for index, (one, other) in enumerate(pairs) if one != other]
    return Comparison(
        reference=reference,
        right=tuple(step.choice for step in forced.steps),
        forced=forced,
        free=free,
        parts_at=parted[0] if parted else None,
    )


def _start(subject: Subject, source: Sequence[int], changes: Changes) -> Any:
    """Give the state before the first step, changed."""
    size, positions = subject.translator.tgt_tokenizer.vocab_size, set(changes.hidden)
    if any(number >= size for number in changes.said):
        raise InputError(f"said: {max(changes.said)} is no token; expected less than {size}.")
    if EOS in changes.said[:-1]:
        raise InputError("said: nothing can follow <eos>; leave out what stands after it.")
    num_tokens = len(source) + 1
    if any(number >= num_tokens for number in positions):
        raise InputError(
            f"hidden: {max(positions)} is no source token; expected less than {num_tokens}."
        )
    if len(positions) == num_tokens:
        raise InputError("hidden: attention needs at least one source token to look at.")
    state = subject.start(source)
    if changes.blend is not None:
        other = subject.start(subject.encode(changes.blend.text))
        state = subject.stepper.blend(state, other, changes.blend.share)
    if positions:
        state = subject.stepper.hide(state, np.array(sorted(positions)))
    return state


def _best(taken: Step[Any], said: Sequence[int]) -> int:
    prefix = np.array([said], dtype=np.int64)
    allowed = Forbid(_SILENT)(taken.distribution, prefix, np.zeros(1, dtype=np.int64))
    return int(allowed.top(1)[1][0, 0])


def _vector(values: Floats, digits: int = _DIGITS) -> tuple[float, ...]:
    """Write a vector with as many digits as float32 has, or fewer."""
    return tuple(values.astype(np.float64).round(digits).tolist())


def _rounded(gates: Gates) -> dict[str, tuple[float, ...]]:
    return {name: _vector(values, _GATE_DIGITS) for name, values in gates.items()}


def _step(
    translator: Translator, taken: Step[Any], tokens: tuple[int, int], hidden: Floats
) -> TraceStep:
    logs = taken.distribution.all()[0].astype(np.float64)
    shares = np.exp(logs)
    total = shares.sum()
    shares /= total
    best = np.argsort(-shares, kind="stable")[:NUM_CANDIDATES]
    name = translator.tgt_tokenizer.display
    weights = None
    if taken.weights is not None:
        weights = tuple(taken.weights[0].astype(np.float64).tolist())
    return TraceStep(
        input=name([tokens[0]])[0],
        candidates=tuple(
            Candidate(id=number, token=token, probability=float(share))
            for number, token, share in zip(
                best.tolist(), name(best.tolist()), shares[best], strict=True
            )
        ),
        rest=max(0.0, float(1 - shares[best].sum())),
        choice=name([tokens[1]])[0],
        choice_id=tokens[1],
        log_prob=max(float(logs[tokens[1]] - np.log(total)), _LEAST_LOG_PROB),
        attention=weights,
        state=_vector(hidden),
    )
