"""What happened while one sentence was translated, as plain data.

A trace follows the line text -> tokens -> encoder -> context -> decoder -> text and keeps what was
seen at each stop, so that a page or a plot can be made from it later, far from the model.
"""

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dragoman.errors import InputError

SUM_TOLERANCE = 1e-6
ATTENTION_TOLERANCE = 1e-4  # summed in float32, over up to hundreds of tokens

_MAX_FAULTS_SHOWN = 8

Probability = Annotated[float, Field(ge=0.0, le=1.0 + SUM_TOLERANCE)]
Vector = Annotated[tuple[float, ...], Field(min_length=1)]


def _expect_lengths(name: str, lengths: Iterable[int], expected: int) -> None:
    for index, length in enumerate(lengths):
        if length != expected:
            raise ValueError(f"{name}[{index}] must hold {expected} numbers, found {length}")


def _describe(error: ValidationError) -> str:
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or 'trace'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False)
    ]
    shown = faults[:_MAX_FAULTS_SHOWN]
    if len(faults) > len(shown):
        shown.append(f"... and {len(faults) - len(shown)} more")
    return "\n  ".join(["This is not a trace that this version of Dragoman can read:", *shown])


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Candidate(_Frozen):
    """One token of the softmax, and its share.

    Attributes:
        token: The token as text.
        probability: What the softmax gives it, from 0 to 1.
    """

    token: str
    probability: Probability


class TraceStep(_Frozen):
    """One step of the decoder: a token in, a distribution, a token out.

    Attributes:
        input: The token that was read; ``"<sos>"`` at the first step.
        candidates: The likeliest tokens, highest first: five, or all of a smaller vocabulary.
        rest: The probability of everything else.
        choice: The token that was written; ``"<eos>"`` at the last step, unless the length limit
            came first. A search or a sampler may choose a token that is not among the candidates.
        attention: The weight of each source token, summing to 1; None without attention.
        state: The decoder's hidden state after this step, top layer.
    """

    input: str
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    rest: Probability
    choice: str
    attention: tuple[Probability, ...] | None = None
    state: Vector

    @model_validator(mode="after")
    def _check(self) -> Self:
        probabilities = [candidate.probability for candidate in self.candidates]
        if probabilities != sorted(probabilities, reverse=True):
            raise ValueError(f"candidates must stand highest first, found {probabilities}")
        total = math.fsum([*probabilities, self.rest])
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise ValueError(f"candidates and rest must sum to 1, found {total:.8g}")
        if self.attention is not None:
            total = math.fsum(self.attention)
            if abs(total - 1.0) > ATTENTION_TOLERANCE:
                raise ValueError(f"attention must sum to 1, found {total:.8g}")
        return self


class Trace(_Frozen):
    """One sentence on its whole way through a model.

    Attributes:
        version: The version of this format.
        model: The model in a line, such as ``"lstm 256, bidirectional, attention: additive"``.
        src_text: The source as it was given.
        src_tokens: The tokens as the encoder sees them, ``"<eos>"`` among them if it reads one.
        encoder_states: One vector a source token, top layer.
        context: The context vector handed to the decoder: its first hidden state, top layer.
        steps: The decoder's steps, in order.
        tgt_text: The output text.
        log_prob: The natural logarithm of the output's probability.
    """

    version: Literal[1] = 1
    model: str
    src_text: str
    src_tokens: Annotated[tuple[str, ...], Field(min_length=1)]
    encoder_states: tuple[Vector, ...]
    context: Vector
    steps: Annotated[tuple[TraceStep, ...], Field(min_length=1)]
    tgt_text: str
    log_prob: float

    @model_validator(mode="after")
    def _check(self) -> Self:
        num_tokens = len(self.src_tokens)
        if len(self.encoder_states) != num_tokens:
            raise ValueError(
                f"encoder_states must hold one vector for each of the {num_tokens} src_tokens, "
                f"found {len(self.encoder_states)}"
            )
        width = len(self.encoder_states[0])
        _expect_lengths("encoder_states", map(len, self.encoder_states), width)
        _expect_lengths("state", (len(step.state) for step in self.steps), len(self.context))
        attended = [step.attention for step in self.steps if step.attention is not None]
        if len(attended) not in (0, len(self.steps)):
            raise ValueError("attention must be given at every step or at none")
        _expect_lengths("attention", map(len, attended), num_tokens)
        if self.steps[0].input != "<sos>":
            raise ValueError(f"the first input must be '<sos>', found {self.steps[0].input!r}")
        return self

    @property
    def has_attention(self) -> bool:
        """Whether the decoder could look back at the source."""
        return self.steps[0].attention is not None

    def to_json(self) -> str:
        """Write the trace as one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Args:
            text: The JSON of one trace.

        Raises:
            InputError: If it is not JSON, or not a trace of this version; each fault is named.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InputError(_describe(error)) from error

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Give the JSON Schema of a trace."""
        return cls.model_json_schema()
