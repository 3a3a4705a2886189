"""A translation that is sent token by token, as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from dragoman.annotator import Annotator
from dragoman.errors import InputError
from dragoman.server.refusals import LateError
from dragoman.server.registry import Served
from dragoman.server.service import Service
from dragoman.translator import Translator

Event = dict[str, Any]


def translator_of(served: Served) -> Translator:
    """Give the model's translator.

    Raises:
        InputError: The model labels what it reads, all at once.
    """
    translator = served.model.translator
    if isinstance(translator, Annotator):
        raise InputError(
            f"{served.name} labels what it reads, all at once; there is nothing to stream."
        )
    return translator


class TokenStream(StreamingResponse):
    """The events of one text, as an answer; its place is free again however it ends.

    Args:
        service: The server's parts; the stream has been counted in.
        served: By what to translate.
        text: What.
    """

    def __init__(self, service: Service, served: Served, text: str) -> None:
        headers = {"Cache-Control": "no-store", "X-Model-Id": served.id}
        super().__init__(
            events(service, served, text), media_type="text/event-stream", headers=headers
        )
        self._streams = service.streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.open -= 1


async def events(service: Service, served: Served, text: str) -> AsyncIterator[str]:
    """Write the events of one text: a `token` each, a `done` at the end, or a `problem`."""
    translator = translator_of(served)
    parts = service.parts(text, served)
    texts: list[str] = []
    try:
        for number, sentence in enumerate(parts.sentences):
            tokens, made = translator.write(sentence), ""
            while written := await service.batcher.call(lambda tokens=tokens: next(tokens, None)):
                made = written.text
                service.metrics.tokens.inc()
                yield _event("token", {"sentence": number, **asdict(written)})
            texts.append(made)
    except LateError as error:
        # It is too late for a status.
        yield _event("problem", {"error": str(error)})
        return
    whole = {"text": parts.join(texts), "model": served.name, "model_id": served.id}
    yield _event("done", whole)


def _event(kind: str, data: Event) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
