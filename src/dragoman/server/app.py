"""The routes of our own API, and the app that all routes are in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.exceptions import HTTPException

from dragoman.errors import InputError
from dragoman.inspection.trace import Trace
from dragoman.server.batcher import Job
from dragoman.server.guard import Guard
from dragoman.server.lab import lab_router
from dragoman.server.libre import libre_router
from dragoman.server.pages import page_router
from dragoman.server.refusals import (
    BusyError,
    LateError,
    TooMuchError,
    UnknownModelError,
    WrongKeyError,
)
from dragoman.server.registry import Served
from dragoman.server.schemas import (
    ALL_PROBLEMS,
    EVENTS,
    ModelInfo,
    ModelsResponse,
    ScoreRequest,
    ScoreResponse,
    Sentence,
    StreamRequest,
    TraceRequest,
    Translated,
    TranslateRequest,
    TranslateResponse,
    problems,
)
from dragoman.server.service import Answer, Service, fix_source, note
from dragoman.server.stream import TokenStream, translator_of


def create_app(service: Service) -> FastAPI:
    """Put the server together.

    Args:
        service: Its parts.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        service.batcher.start()
        yield
        await service.batcher.close()

    app = FastAPI(
        title="Dragoman",
        version=version("dragoman"),
        description="Translation by recurrent sequence-to-sequence models, and a look inside.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.draining = False
    allowed = [Depends(key_check(service))]
    app.include_router(_health_router(service, app))
    app.include_router(_api_router(service), dependencies=allowed)
    app.include_router(libre_router(service))
    app.include_router(page_router(service))
    if service.options.lab:
        app.include_router(lab_router(service), dependencies=allowed)
    _add_handlers(app)
    if service.options.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(service.options.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Guard, options=service.options, metrics=service.metrics)  # pyright: ignore[reportArgumentType]
    return app


def key_check(service: Service) -> Any:
    """Make the dependency that looks at a request's API key."""

    async def check(request: Request) -> None:
        shown = request.headers.get("authorization", "")
        kind, _, secret = shown.partition(" ")
        secret = secret.strip() if kind.lower() == "bearer" else request.headers.get("x-api-key")
        service.doorman.admit(secret or None)

    return check


def _health_router(service: Service, app: FastAPI) -> APIRouter:
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """Say that the server runs."""
        return "ok\n"

    @router.get("/readyz", response_class=PlainTextResponse, responses=problems(503))
    async def readyz() -> Response:
        """Say whether the server takes requests: not while it shuts down."""
        if app.state.draining:
            return JSONResponse({"error": "shutting down."}, 503)
        return PlainTextResponse("ready\n")

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counters and histograms, for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")

    return router


def _api_router(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["translation"], responses=ALL_PROBLEMS)
    registry, log_text = service.registry, service.options.log_text

    @router.get("/models")
    async def models() -> ModelsResponse:
        """List the models."""
        return ModelsResponse(models=[_describe(one) for one in registry.served])

    @router.post("/translate")
    async def translate(request: Request, asked: TranslateRequest) -> TranslateResponse:
        """Translate texts; each one's result does not depend on the others."""
        served = registry.find(asked.model)
        note(request, served, asked.texts, log_text=log_text)
        job = Job(
            served, asked.beam_size, asked.alternatives + 1, asked.details, asked.min_confidence
        )
        answers = await service.translate(asked.texts, job)
        translations = [_write(one, details=asked.details) for one in answers]
        return TranslateResponse(model=served.name, model_id=served.id, translations=translations)

    @router.post("/translate/stream", response_class=StreamingResponse, responses=EVENTS)
    async def stream(request: Request, asked: StreamRequest) -> StreamingResponse:
        """Translate greedily, and send each token as it is chosen, as server-sent events."""
        served = registry.find(asked.model)
        note(request, served, [asked.text], log_text=log_text)
        service.measure([asked.text])
        translator_of(served)
        service.open_stream()
        return TokenStream(service, served, asked.text)

    _add_insight(router, service)
    return router


def _describe(served: Served) -> ModelInfo:
    """Say what a model is."""
    return ModelInfo(
        name=served.name,
        id=served.id,
        description=served.model.describe(),
        task=served.model.config.task,
        source=served.languages[0],
        target=served.languages[1],
        num_weights=served.model.size.num_weights,
    )


def _write(answer: Answer, *, details: bool) -> Translated:
    """Write what became of a text, by its sentences too where these are asked for."""
    return Translated(
        text=answer.text,
        alternatives=answer.alternatives,
        confidence=answer.confidence,
        abstained=answer.abstained,
        sentences=[Sentence.of(made) for made in answer.sentences] if details else None,
    )


def _add_insight(router: APIRouter, service: Service) -> None:
    """Add the routes that tell what a model thinks, rather than what it says."""
    registry, log_text = service.registry, service.options.log_text

    @router.post(
        "/trace", responses={200: {"headers": {"X-Model-Id": {"schema": {"type": "string"}}}}}
    )
    async def trace(request: Request, asked: TraceRequest, response: Response) -> Trace:
        """Translate a sentence greedily, and tell what the decoder saw at each step."""
        served = registry.find(asked.model)
        note(request, served, [asked.text], log_text=log_text)
        text = fix_source(asked.text, served)
        response.headers["X-Model-Id"] = served.id
        return await service.batcher.call(lambda: served.model.trace(text, asked.changes))

    @router.post("/score")
    async def score(request: Request, asked: ScoreRequest) -> ScoreResponse:
        """Give the log-probability of translations."""
        served = registry.find(asked.model)
        sources, targets = zip(*((one.source, one.target) for one in asked.pairs), strict=True)
        note(request, served, sources, log_text=log_text)
        service.measure([*sources, *targets])
        translator_of(served)
        found = await service.batcher.call(
            lambda: served.model.score([*map(str, sources)], [*map(str, targets)])
        )
        return ScoreResponse(model=served.name, model_id=served.id, log_probs=found)


def _add_handlers(app: FastAPI) -> None:
    """Turn what goes wrong into answers; none of them repeats what was sent."""

    def problem(status: int, error: str, retry_after_s: int | None = None) -> JSONResponse:
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return JSONResponse({"error": error}, status, headers)

    @app.exception_handler(BusyError)
    async def busy(_: Request, error: BusyError) -> JSONResponse:
        return problem(429, str(error), error.retry_after_s)

    @app.exception_handler(LateError)
    async def late(_: Request, error: LateError) -> JSONResponse:
        return problem(503, str(error), 1)

    @app.exception_handler(TooMuchError)
    async def too_much(_: Request, error: TooMuchError) -> JSONResponse:
        return problem(413, str(error))

    @app.exception_handler(UnknownModelError)
    async def unknown(_: Request, error: UnknownModelError) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(WrongKeyError)
    async def wrong_key(_: Request, error: WrongKeyError) -> JSONResponse:
        answer = problem(401, str(error))
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.exception_handler(InputError)
    async def refused(_: Request, error: InputError) -> JSONResponse:
        # As described, but not for this model, or not for this text.
        return problem(409, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        if any(fault["type"] == "json_invalid" for fault in error.errors()):
            return problem(400, "the body is no JSON; send an object as /openapi.json describes.")
        faults = [
            f"{'.'.join(str(part) for part in fault['loc'][1:])[:100] or 'body'}: {fault['msg']}"
            for fault in error.errors()[:8]
        ]
        return problem(422, "; ".join(faults).encode(errors="replace").decode())

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        said = str(error.detail)
        if error.status_code == 400 and "parsing the body" in said:
            said = "the body cannot be read; send JSON in UTF-8."
        answer = problem(error.status_code, said)
        answer.headers.update(error.headers or {})
        return answer
