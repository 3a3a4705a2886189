"""LibreTranslate's API (https://libretranslate.com/docs), so that its clients work unchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile

from dragoman.server.batcher import Job
from dragoman.server.registry import Registry, Served
from dragoman.server.schemas import ALL_PROBLEMS, Text, problems
from dragoman.server.service import Answer, Service, note
from dragoman.text.vocabulary import UNK

_NAMES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}
Code = Annotated[str, Field(max_length=20)]


class _Asked(BaseModel):
    source: Code
    target: Code
    format: Annotated[
        str, Field(pattern="^text$", description="Only text; markup is not known.")
    ] = "text"
    alternatives: Annotated[int, Field(ge=0, le=10)] = 0
    api_key: Text = ""


class LibreTranslate(_Asked):
    """A translation, as LibreTranslate asks for it."""

    q: Text | Annotated[list[Text], Field(min_length=1, max_length=500)]


class LibreForm(_Asked):
    """The same as a form, which holds one text."""

    q: Text


class LibreDetect(BaseModel):
    """A text whose language is asked for."""

    q: Text
    api_key: Text = ""


def _body(json_kind: type[BaseModel], form_kind: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that may be JSON or a form."""
    kinds = {"application/json": json_kind, "application/x-www-form-urlencoded": form_kind}
    content = {name: {"schema": kind.model_json_schema()} for name, kind in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


class _MalformedError(Exception):
    """A request that is not as LibreTranslate's clients send it."""


def libre_router(service: Service) -> APIRouter:
    """Make the routes.

    Args:
        service: The server's parts.
    """
    router = APIRouter(tags=["LibreTranslate"])
    registry = service.registry

    @router.get("/languages")
    async def languages() -> list[dict[str, Any]]:
        """List the languages, each with those it can be translated to."""
        return _languages(registry)

    @router.post(
        "/translate", openapi_extra=_body(LibreTranslate, LibreForm), responses=ALL_PROBLEMS
    )
    async def translate(request: Request) -> JSONResponse:
        """Translate a text, or several."""
        try:
            asked = LibreTranslate.model_validate(await _read(request))
        except (_MalformedError, ValidationError) as error:
            return _refuse(error)
        service.doorman.admit(asked.api_key or None)
        texts = [asked.q] if isinstance(asked.q, str) else asked.q
        detected = None
        if asked.source == "auto":
            detected = detect(registry, " ".join(texts))[0]
            asked.source = detected["language"]
        served = registry.between(asked.source, asked.target)
        note(request, served, texts, log_text=service.options.log_text)
        found = await service.translate(texts, Job(served, nbest=asked.alternatives + 1))
        answer = _write(found, asked)
        if detected is not None:
            answer["detectedLanguage"] = detected
        return JSONResponse(answer, headers={"X-Model-Id": served.id})

    @router.post("/detect", openapi_extra=_body(LibreDetect, LibreDetect), responses=ALL_PROBLEMS)
    async def detect_language(request: Request) -> JSONResponse:
        """Say which of the models' languages a text is in: the one whose words it has most of."""
        try:
            asked = LibreDetect.model_validate(await _read(request))
        except (_MalformedError, ValidationError) as error:
            return _refuse(error)
        service.doorman.admit(asked.api_key or None)
        service.measure([asked.q])
        return JSONResponse(detect(registry, asked.q))

    @router.get("/frontend/settings", responses=problems(429))
    async def settings() -> dict[str, Any]:
        """Tell a client what it may send."""
        return _settings(service)

    return router


def _languages(registry: Registry) -> list[dict[str, Any]]:
    """List the languages that models are served for."""
    found: dict[str, set[str]] = {}
    for one in registry.served:
        found.setdefault(one.languages[0], set()).add(one.languages[1])
    codes = dict.fromkeys(code for one in registry.served for code in one.languages)
    return [
        {"code": code, "name": _NAMES.get(code, code), "targets": sorted(found.get(code, ()))}
        for code in codes
    ]


def _write(found: Sequence[Answer], asked: LibreTranslate) -> dict[str, Any]:
    """Write translations as they were asked for: of one text, or of a list."""
    single = isinstance(asked.q, str)
    answer: dict[str, Any] = {
        "translatedText": found[0].text if single else [one.text for one in found]
    }
    if asked.alternatives:
        others = [one.alternatives for one in found]
        answer["alternatives"] = others[0] if single else others
    return answer


def _settings(service: Service) -> dict[str, Any]:
    """Give what a client of LibreTranslate asks for first."""
    source, target = service.registry.served[0].languages
    return {
        "apiKeys": bool(service.options.keys),
        "charLimit": service.options.max_chars,
        "frontendTimeout": 500,
        "keyRequired": bool(service.options.keys),
        "language": {
            "source": {"code": source, "name": _NAMES.get(source, "")},
            "target": {"code": target, "name": _NAMES.get(target, "")},
        },
        "supportedFilesFormat": [],
        "suggestions": False,
    }


async def _read(request: Request) -> Any:
    """Read a body, JSON or a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = await request.form()
        values: dict[str, Any] = {}
        for name in form:
            many = [one for one in form.getlist(name) if not isinstance(one, UploadFile)]
            values[name] = many[0] if len(many) == 1 else many
        return values
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise _MalformedError("the body is neither JSON nor a form.") from None


def _refuse(error: _MalformedError | ValidationError) -> JSONResponse:
    if isinstance(error, _MalformedError):
        return JSONResponse({"error": str(error)}, 400)
    faults = [
        f"{'.'.join(str(part) for part in fault['loc'])[:100] or 'body'}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)[:8]
    ]
    return JSONResponse({"error": "; ".join(faults).encode(errors="replace").decode()}, 400)


def detect(registry: Registry, text: str) -> list[dict[str, Any]]:
    """Rank the models' source languages by how much of a text they know."""
    best: dict[str, float] = {}
    for served in registry.served:
        code = served.languages[0]
        best[code] = max(best.get(code, 0.0), _known(served, text))
    ranked = sorted(best.items(), key=lambda one: -one[1])
    return [{"language": code, "confidence": round(100 * share, 1)} for code, share in ranked]


def _known(served: Served, text: str) -> float:
    """Give the share of a text's tokens that a model knows, short ones counting less."""
    ids = served.model.translator.src_tokenizer.encode(text)
    if not ids:
        return 0.0
    # A vocabulary of pieces knows every letter, but makes many pieces of a foreign word.
    words = max(1, len(text.split()))
    known = sum(number != UNK for number in ids) / len(ids)
    return known * min(1.0, words / len(ids)) ** 0.5
