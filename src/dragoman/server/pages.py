"""The page at /, and the files it is made of."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from dragoman.inspection.markup import fill, inert, load, load_messages
from dragoman.server.service import Service

_KINDS = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
# The page's own files, and those that the offline page has too.
_FILES = {
    "app.js": False,
    "style.css": False,
    "icon.svg": False,
    "trace.js": True,
    "trace.css": True,
}


def page_router(service: Service) -> APIRouter:
    """Make the routes.

    Args:
        service: The server's parts.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def page(request: Request) -> Response:
        options = service.options
        about = {
            "lab": options.lab,
            "keys": bool(options.keys),
            "logged": options.log_text,
        }
        return _answer(request, _page(json.dumps(about)), "text/html")

    @router.get("/page/{name}")
    async def file(request: Request, name: str) -> Response:
        if name not in _FILES:
            raise HTTPException(404, "there is no such file.")
        text = load(name) if _FILES[name] else _own(name)
        return _answer(request, text, _KINDS[name.rpartition(".")[2]])

    return router


@cache
def _own(name: str) -> str:
    return resources.files("dragoman.server").joinpath("web", name).read_text(encoding="utf-8")


@cache
def _page(about: str) -> str:
    words = load_messages()
    parts = {
        "messages": inert(json.dumps(words, ensure_ascii=False)),
        "about": inert(about),
    }
    return fill(_own("index.html"), parts)


def _answer(request: Request, text: str, kind: str) -> Response:
    """Send a file, unless the client has it."""
    content = text.encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers: dict[str, Any] = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)
