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
        id: The token's number in the vocabulary.
        token: The token as text.
        probability: What the softmax gives it, from 0 to 1.
    """

    id: Annotated[int, Field(ge=0)]
    token: str
    probability: Probability


class TraceStep(_Frozen):
    """One step of the decoder: a token in, a distribution, a token out.

    Attributes:
        input: The token that was read; ``"<sos>"`` at the first step.
        candidates: The likeliest tokens, highest first: ten, or all of a smaller vocabulary.
        rest: The probability of everything else.
        choice: The token that was written; ``"<eos>"`` at the last step, unless the length limit
            came first. A person, or teacher forcing, may choose one that is not among the candidates.
        choice_id: Its number in the vocabulary.
        log_prob: The natural logarithm of its probability; the step's loss is this, with the other sign.
        attention: The weight of each source token, summing to 1; None without attention.
        state: The decoder's hidden state after this step, top layer.
        gates: The gates of the top layer by name, and an LSTM's cell state ``c``, if they could be had.
    """

    input: str
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    rest: Probability
    choice: str
    choice_id: Annotated[int, Field(ge=0)]
    log_prob: Annotated[float, Field(le=SUM_TOLERANCE)]
    attention: tuple[Probability, ...] | None = None
    state: Vector
    gates: dict[str, Vector] | None = None

    @property
    def probability(self) -> float:
        """The choice's probability."""
        return math.exp(self.log_prob)

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


class Blend(_Frozen):
    """Another sentence's context vector, mixed into the sentence's own.

    Attributes:
        text: The other sentence.
        share: Its share, from 0 to 1.
    """

    text: str
    share: Annotated[float, Field(ge=0.0, le=1.0)]


class Changes(_Frozen):
    """What a person changed: the same sentence with the same changes gives the same trace.

    Attributes:
        said: The ids that were chosen for the decoder, from its first step on.
        hidden: The source tokens, from 0, at which attention may not look.
        blend: What was mixed into the context vector.
    """

    said: tuple[Annotated[int, Field(ge=0)], ...] = ()
    hidden: tuple[Annotated[int, Field(ge=0)], ...] = ()
    blend: Blend | None = None


class Trace(_Frozen):
    """One sentence on its whole way through a model.

    Attributes:
        version: The version of this format.
        model: The model in a line, such as ``"lstm 256, bidirectional, attention: additive"``.
        src_text: The source as it was given.
        src_tokens: The tokens as the encoder sees them, ``"<eos>"`` among them if it reads one.
        encoder_states: One vector a source token, top layer.
        encoder_gates: For each source token, the encoder's gates by name, if they could be had.
        context: The context vector handed to the decoder: its first hidden state, top layer.
        steps: The decoder's steps, in order.
        tgt_text: The output text.
        log_prob: The natural logarithm of the output's probability.
        changes: What a person changed.
    """

    version: Literal[2] = 2
    model: str
    src_text: str
    src_tokens: Annotated[tuple[str, ...], Field(min_length=1)]
    encoder_states: tuple[Vector, ...]
    encoder_gates: tuple[dict[str, Vector], ...] | None = None
    context: Vector
    steps: Annotated[tuple[TraceStep, ...], Field(min_length=1)]
    tgt_text: str
    log_prob: float
    changes: Changes = Changes()

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
    def ids(self) -> tuple[int, ...]:
        """The ids that were written, EOS among them."""
        return tuple(step.choice_id for step in self.steps)

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


class Comparison(_Frozen):
    """Training and use, side by side: the same decoder fed the right words, and its own.

    Attributes:
        reference: The right answer.
        right: Its tokens, ``"<eos>"`` last.
        forced: Fed the right tokens (teacher forcing): every choice is a right token, and its
            first candidate is what the model would have said.
        free: Fed its own choices (free running).
        parts_at: The first step at which its own choice is not the right token; None if there is none.
    """

    reference: str
    right: Annotated[tuple[str, ...], Field(min_length=1)]
    forced: Trace
    free: Trace
    parts_at: int | None

    @property
    def forced_hits(self) -> int:
        """At how many steps the likeliest token is the right one, under teacher forcing."""
        return sum(step.candidates[0].id == step.choice_id for step in self.forced.steps)

    @property
    def free_hits(self) -> int:
        """At how many steps the right token was written, running free."""
        return sum(one == other for one, other in zip(self.free.ids, self.forced.ids, strict=False))


class BeamNode(_Frozen):
    """One continuation that a beam search weighed.

    Attributes:
        parent: The node that it goes on from; None at the first step.
        step: At which step, from 0.
        rank: Its place among the continuations of that step, 0 the best.
        token: The token as text.
        log_prob: The token's own log-probability.
        total: That of the whole beginning.
        fate: ``kept`` and gone on from; ``ended`` in ``<eos>`` or at the length limit; ``pruned``, as
            enough others were better; ``late``, kept, but enough outputs had been found before it ended.
        best: Whether it lies on the way to the output.
    """

    parent: int | None
    step: int
    rank: int
    token: str
    log_prob: float
    total: float
    fate: Literal["kept", "ended", "pruned", "late"]
    best: bool


class BeamOutput(_Frozen):
    """One output of a beam search.

    Attributes:
        text: The text.
        score: What it was ranked by: the log-probability, length-normalised.
        log_prob: The log-probability of the whole.
        node: Its last node.
    """

    text: str
    score: float
    log_prob: float
    node: int


class BeamTree(_Frozen):
    """All that one beam search weighed.

    Attributes:
        src_text: The source.
        beam_size: Beginnings kept at every step.
        length_penalty: Exponent of the length by which scores were divided.
        nodes: Parents stand before their children.
        outputs: What was found, best first.
    """

    src_text: str
    beam_size: int
    length_penalty: float
    nodes: tuple[BeamNode, ...]
    outputs: tuple[BeamOutput, ...]


class Place(_Frozen):
    """A sentence on the map.

    Attributes:
        text: The sentence.
        x: Along the first principal axis.
        y: Along the second.
        own: Whether the person gave it, rather than the examples.
    """

    text: str
    x: float
    y: float
    own: bool


class ContextMap(_Frozen):
    """Context vectors of sentences, projected to the plane (Sutskever et al. 2014, figure 2).

    Attributes:
        places: Where each sentence lies.
        explained: How much of the vectors' variance either axis holds, from 0 to 1.
    """

    places: tuple[Place, ...]
    explained: tuple[float, float]
