"""What the routes share: the models, the line before them, and who may ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import Request

from dragoman.errors import InputError
from dragoman.server.batcher import Batcher, Job
from dragoman.server.keys import Doorman
from dragoman.server.metrics import Metrics
from dragoman.server.options import ServeOptions
from dragoman.server.refusals import BusyError, TooMuchError
from dragoman.server.registry import Registry, Served
from dragoman.server.split import Split, split
from dragoman.translator import Translation

_MOST_TOKENS = 200


@dataclass(frozen=True)
class Answer:
    """A text's translation, and its sentences'."""

    text: str
    alternatives: list[str]
    sentences: list[Translation]

    @property
    def confidence(self) -> float | None:
        """That of the least sure sentence, if it was asked for."""
        known = [one.confidence for one in self.sentences if one.confidence is not None]
        return min(known, default=None)

    @property
    def abstained(self) -> bool:
        """Whether nothing is said, because of a sentence that the model is not sure of."""
        return any(one.abstained for one in self.sentences)


@dataclass
class Streams:
    """How many answers are being streamed."""

    open: int = 0


@dataclass(frozen=True)
class Service:
    """A server's parts."""

    registry: Registry
    options: ServeOptions
    metrics: Metrics
    batcher: Batcher
    doorman: Doorman
    streams: Streams

    @classmethod
    def build(cls, registry: Registry, options: ServeOptions) -> Service:
        """Put the parts together."""
        metrics = Metrics()
        batcher = Batcher(options, metrics)
        return cls(registry, options, metrics, batcher, Doorman(options.keys), Streams())

    async def translate(self, texts: Sequence[str], job: Job) -> list[Answer]:
        """Translate texts, sentence by sentence.

        Raises:
            TooMuchError: They are longer than a request may be.
            BusyError: Too many wait already.
            LateError: It took longer than a request may.
        """
        self.measure(texts)
        parts = [self.parts(text, job.served) for text in texts]
        sentences = [one for part in parts for one in part.sentences]
        found = iter(await self.batcher.translate(sentences, job))
        stops = job.served.model.config.text.final_stop == "drop"
        return [
            _join(part, [next(found) for _ in part.sentences], job.nbest, stops=stops)
            for part in parts
        ]

    def parts(self, text: str, served: Served) -> Split:
        """Take a text apart, if the model translates sentences."""
        if served.model.config.task == "translate":
            return split(text)
        return Split((text,), ("", "")) if text.strip() else Split((), (text,))

    def measure(self, texts: Sequence[str]) -> None:
        """Refuse more text than a request may hold.

        Raises:
            TooMuchError: It is.
        """
        size, most = sum(map(len, texts)), self.options.max_chars
        if size > most:
            raise TooMuchError(
                f"{size} characters; a request may hold at most {most}. Send several."
            )

    def open_stream(self) -> None:
        """Count a stream in.

        Raises:
            BusyError: There are too many.
        """
        if self.streams.open >= self.options.max_streams:
            raise BusyError(2)
        self.streams.open += 1


def _join(part: Split, found: list[Translation], nbest: int, *, stops: bool) -> Answer:
    """Put a text together again, with the stops between its sentences that a model was taught to drop."""
    if any(one.abstained for one in found):
        return Answer("", [], found)
    ends = [""] * len(found)
    if stops and len(found) > 1:
        ends = [_final_stop(sentence) for sentence in part.sentences]

    def whole(texts: list[str]) -> str:
        return part.join(
            [
                text if text.endswith(end) else text + end
                for text, end in zip(texts, ends, strict=True)
            ]
        )

    best = whole([one.text for one in found])
    num_others = min(nbest - 1, max((len(one.alternatives) for one in found), default=0))
    others = [whole([_nth(one, rank) for one in found]) for rank in range(num_others)]
    return Answer(best, [one for one in dict.fromkeys(others) if one != best], found)


def _final_stop(sentence: str) -> str:
    return sentence[-1] if sentence[-1:] in tuple(".!?…。！？") else ""


def _nth(made: Translation, rank: int) -> str:
    return made.alternatives[rank].text if rank < len(made.alternatives) else made.text


def note(request: Request, served: Served, texts: Sequence[str], *, log_text: bool) -> None:
    """Say in the log what a request was about: the model, and how much, but not what."""
    log: dict[str, object] = {
        "model": served.name,
        "model_id": served.id,
        "texts": len(texts),
        "chars": sum(map(len, texts)),
    }
    if log_text:
        log["text"] = list(texts)
    request.scope["state"]["log"] = log


def fix_source(text: str, served: Served) -> str:
    """Give one sentence as the model's task reads it.

    Raises:
        InputError: It is empty.
        TooMuchError: It is longer than anybody could look through, and would take seconds.
    """
    if not text.strip():
        raise InputError("the text is empty; send at least one word.")
    source = served.model.task.source(text)
    size = len(served.model.translator.src_tokenizer.encode(source))
    if size > _MOST_TOKENS:
        raise TooMuchError(
            f"{size} tokens; at most {_MOST_TOKENS} can be looked into at once. Send one sentence."
        )
    return source


def with_beam(job: Job, beam_size: int | None) -> Job:
    """Change how wide a job searches."""
    return job if beam_size is None else replace(job, beam_size=beam_size)
