"""What the page's teaching parts ask for: parts of pages, made where the offline page is made too."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from dragoman.inspection.beams import beam_tree
from dragoman.inspection.contexts import context_map
from dragoman.inspection.panels import render_beam, render_comparison, render_map
from dragoman.inspection.steps import render_steps
from dragoman.inspection.trace import Changes
from dragoman.inspection.tracer import compare
from dragoman.server.registry import Served
from dragoman.server.schemas import (
    AboutResponse,
    ModelName,
    Spoken,
    UnknownWord,
    WordsResponse,
)
from dragoman.server.service import Service, fix_source, note
from dragoman.text.vocabulary import SPECIALS, UNK

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MAX_WORDS = 5000
_LONGEST_WORD = 40
_NEIGHBOURS = 4
_ALIKE = 0.6


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Spoken
    model: ModelName = None


class StepsAsked(_Asked):
    """A sentence to step through."""

    changes: Changes | None = None


class CompareAsked(_Asked):
    """A sentence and its right translation."""

    answer: Spoken


class BeamAsked(_Asked):
    """A sentence to search for."""

    beam_size: Annotated[int, Field(ge=1, le=8)] = 4


_Draw = Callable[[Served, str], str]


def lab_router(service: Service) -> APIRouter:
    """Make the routes.

    Args:
        service: The server's parts.
    """
    router = APIRouter(prefix="/lab", include_in_schema=False)

    async def show(request: Request, asked: _Asked, draw: _Draw) -> HTMLResponse:
        return await _show(service, request, asked, draw)

    @router.post("/steps")
    async def steps(request: Request, asked: StepsAsked) -> HTMLResponse:
        def draw(served: Served, text: str) -> str:
            return render_steps(served.model.trace(text, asked.changes), lab=True)

        return await show(request, asked, draw)

    @router.post("/compare")
    async def compare_runs(request: Request, asked: CompareAsked) -> HTMLResponse:
        def draw(served: Served, text: str) -> str:
            return render_comparison(compare(served.model.subject, text, asked.answer))

        # What is said of the answer's words takes as long as of the sentence's.
        fix_source(asked.answer, service.registry.find(asked.model))

        return await show(request, asked, draw)

    @router.post("/beam")
    async def beam(request: Request, asked: BeamAsked) -> HTMLResponse:
        def draw(served: Served, text: str) -> str:
            return render_beam(beam_tree(served.model.subject, text, asked.beam_size))

        return await show(request, asked, draw)

    @router.post("/map")
    async def contexts(request: Request, asked: _Asked) -> HTMLResponse:
        def draw(served: Served, text: str) -> str:
            return render_map(context_map(served.model.subject, served.examples, [text]))

        return await show(request, asked, draw)

    @router.post("/words")
    async def words(asked: _Asked) -> WordsResponse:
        served = service.registry.find(asked.model)
        unknown = await service.batcher.call(lambda: unknown_words(served, asked.text))
        return WordsResponse(unknown=unknown)

    @router.get("/about")
    async def about(model: ModelName = None) -> AboutResponse:
        served = service.registry.find(model)
        return AboutResponse(
            examples=list(served.examples), words=sorted(known_words(served))[:_MAX_WORDS]
        )

    return router


async def _show(service: Service, request: Request, asked: _Asked, draw: _Draw) -> HTMLResponse:
    """Draw what a model makes of a text, where models are called."""
    served = service.registry.find(asked.model)
    note(request, served, [asked.text], log_text=service.options.log_text)
    text = fix_source(asked.text, served)
    html = await service.batcher.call(lambda: draw(served, text))
    return HTMLResponse(html, headers={"X-Model-Id": served.id})


def known_words(served: Served) -> list[str]:
    """List the words that a model reads whole; none if it reads pieces of words."""
    tokenizer = served.model.translator.src_tokenizer
    if served.model.config.text.tokenizer != "word":
        return []
    tokens = tokenizer.display(range(len(SPECIALS), tokenizer.vocab_size))
    return [token for token in dict.fromkeys(tokens) if _WORD.fullmatch(token)]


def unknown_words(served: Served, text: str) -> list[UnknownWord]:
    """Find the words that a model never saw, with known ones that are spelt alike."""
    tokenizer = served.model.translator.src_tokenizer
    found = [
        match
        for match in _WORD.finditer(text)
        if len(match.group()) <= _LONGEST_WORD and UNK in tokenizer.encode(match.group())
    ]
    known = known_words(served) if found else []
    return [
        UnknownWord(
            word=match.group(),
            start=match.start(),
            neighbours=difflib.get_close_matches(
                tokenizer.normaliser(match.group()), known, _NEIGHBOURS, _ALIKE
            ),
        )
        for match in found[:20]
    ]
