"""What goes in and out of the API; the OpenAPI document is made from these."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dragoman.inspection.trace import Changes
from dragoman.translator import Translation

_MAX_TEXTS = 500
_MAX_BEAM = 20
_MAX_BEST = 10


def _encodable(text: str) -> str:
    """Refuse halves of characters, which JSON can write but no text has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair; send whole characters") from None
    return text


Text = Annotated[str, Field(max_length=20_000), AfterValidator(_encodable)]
# Limits stand beside their type, inside the union: pydantic would try them on null, too.
ModelName = Annotated[
    Annotated[str, Field(max_length=200), AfterValidator(_encodable)] | None,
    Field(description="A model's name, as /v1/models lists it; the first one unless given."),
]
Beam = Annotated[
    Annotated[int, Field(ge=1, le=_MAX_BEAM)] | None,
    Field(description="Hypotheses kept; 1 is greedy."),
]
# One character at least that is no white space in any dialect of regular expressions.
_SPACES = (
    r"\u0000-\u0020\u007f-\u00a0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
Spoken = Annotated[str, Field(max_length=1000, pattern=f"[^{_SPACES}]"), AfterValidator(_encodable)]
Responses = dict[int | str, dict[str, Any]]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TranslateRequest(_Closed):
    """Texts to translate."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=_MAX_TEXTS)]
    model: ModelName = None
    beam_size: Beam = None
    alternatives: Annotated[int, Field(ge=0, le=_MAX_BEST, description="Further outputs.")] = 0
    details: Annotated[
        bool, Field(description="Tokens, their probabilities and attention, sentence by sentence.")
    ] = False
    min_confidence: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None,
        Field(
            description="Give an empty text where the model is less sure of one of its sentences."
        ),
    ] = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"texts": ["I am a student."], "alternatives": 2}]},
    )


class Sentence(_Closed):
    """How one sentence came about."""

    source: str
    text: str
    score: float
    log_prob: float
    src_tokens: list[str]
    tokens: list[str]
    probabilities: list[float]
    attention: list[list[float]] | None
    alternatives: list[str]
    confidence: float | None
    token_confidences: list[float]
    abstained: bool

    @classmethod
    def of(cls, made: Translation) -> Sentence:
        """Take over a translation."""
        attention = made.attention
        return cls(
            source=made.source,
            text=made.text,
            score=made.score,
            log_prob=made.log_prob,
            src_tokens=list(made.src_tokens),
            tokens=list(made.tokens),
            probabilities=list(made.probabilities),
            attention=None if attention is None else attention.round(4).tolist(),
            alternatives=[other.text for other in made.alternatives],
            confidence=made.confidence,
            token_confidences=list(made.token_confidences),
            abstained=made.abstained,
        )


class Translated(_Closed):
    """A text's translation."""

    text: str
    alternatives: list[str]
    confidence: Annotated[
        float | None,
        Field(description="Of the least sure sentence; with details or min_confidence."),
    ] = None
    abstained: Annotated[
        bool, Field(description="Whether the text is empty because the model is not sure enough.")
    ] = False
    sentences: list[Sentence] | None = None


class TranslateResponse(_Closed):
    """Translations, in the order of the texts."""

    model: Annotated[str, Field(description="The model's name.")]
    model_id: Annotated[str, Field(description="A hash of its files.")]
    translations: list[Translated]


class StreamRequest(_Closed):
    """A sentence to translate, token by token."""

    text: Text
    model: ModelName = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "I am a student."}]}
    )


EVENTS: Responses = {
    200: {
        "description": "A `token` each, with its probability and the text so far; last `done`, or a `problem`.",
        "content": {
            "text/event-stream": {
                "schema": {
                    "type": "object",
                    "required": ["event", "data"],
                    "properties": {
                        "event": {"type": "string", "enum": ["token", "done", "problem"]},
                        "data": {"type": "string", "description": "JSON."},
                    },
                }
            }
        },
    }
}


class TraceRequest(_Closed):
    """A sentence to look at on its way through the model."""

    text: Spoken
    model: ModelName = None
    changes: Changes | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "I am a student."}]}
    )


class PairToScore(_Closed):
    """A source and a translation of it."""

    source: Text
    target: Text


class ScoreRequest(_Closed):
    """Translations to score."""

    pairs: Annotated[list[PairToScore], Field(min_length=1, max_length=_MAX_TEXTS)]
    model: ModelName = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"pairs": [{"source": "I am a student.", "target": "Je suis étudiant."}]}]
        },
    )


class ScoreResponse(_Closed):
    """The log-probability of each translation, in nats."""

    model: str
    model_id: str
    log_probs: list[float]


class ModelInfo(_Closed):
    """A model that is served."""

    name: str
    id: str
    description: str
    task: str
    source: str
    target: str
    num_weights: int


class ModelsResponse(_Closed):
    """All of them; the first one is used where none is named."""

    models: list[ModelInfo]


class Problem(BaseModel):
    """Why a request was not answered."""

    error: Annotated[str, Field(description="One sentence: what is wrong, and what to do.")]


class AboutResponse(_Closed):
    """What a page tells about a model."""

    examples: list[str]
    words: Annotated[
        list[str], Field(description="Words it knows; none where it reads pieces of words.")
    ]


class UnknownWord(_Closed):
    """A word that the model never saw, and known ones that are spelt alike."""

    word: str
    start: int
    neighbours: list[str]


class WordsResponse(_Closed):
    """The words of a text that the model never saw."""

    unknown: list[UnknownWord]


def problems(*codes: int) -> Responses:
    """Describe error answers in the OpenAPI document."""
    said = {
        400: "The body is no JSON.",
        401: "No API key, or a wrong one.",
        404: "No model is called so, or translates between these languages.",
        408: "The body did not come in time.",
        409: "The request does not fit the model or the text.",
        413: "The request is too large.",
        415: "The body is of another kind.",
        422: "The request is not as described.",
        429: "Too many requests; come back after Retry-After seconds.",
        503: "Too busy to answer in time.",
    }
    return {code: {"model": Problem, "description": said[code]} for code in codes}


ALL_PROBLEMS = problems(400, 401, 404, 408, 413, 422, 429, 503)
