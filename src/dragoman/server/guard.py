"""What every request passes before it reaches a route: limits, security headers, the log, the counters.

Plain ASGI. The log is a line of JSON a request and holds no text of the user's, no address and no query.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dragoman.server.metrics import Metrics
from dragoman.server.options import ServeOptions

LOG = logging.getLogger("dragoman.server")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_BODY_S = 10.0
_READ_S = 20.0
_FREE = ("/healthz", "/readyz", "/metrics")
_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]


class _TooLargeError(Exception):
    """The body is longer than it may be."""


class _TooSlowError(Exception):
    """The body did not come in time."""


class _NotReadError(Exception):
    """The client does not read its answer."""


class Guard:
    """The outermost layer.

    Args:
        app: What is guarded.
        options: Limits.
        metrics: Where to count.
    """

    def __init__(self, app: App, options: ServeOptions, metrics: Metrics) -> None:
        self._app, self._options, self._metrics = app, options, metrics
        self._in_flight = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(scope, receive, send, self._options)
        free = scope["path"] in _FREE
        if not free and self._in_flight >= self._options.max_concurrency:
            await visit.refuse(429, "busy: too many requests at once; try again soon.")
            self._note(visit)
            return
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        try:
            await self._pass(visit)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.set(self._in_flight)
            self._note(visit)

    async def _pass(self, visit: _Visit) -> None:
        try:
            if visit.declared > self._options.max_body:
                raise _TooLargeError
            await self._app(visit.scope, visit.receive, visit.send)
        except _TooLargeError:
            await visit.refuse(
                413, f"the request is too large; at most {self._options.max_body} bytes."
            )
        except _TooSlowError:
            await visit.refuse(408, f"the body did not come within {_BODY_S:g} s.")
        except _NotReadError:
            # Nobody listens; that the answer stays unfinished closes the connection.
            LOG.warning(json.dumps({"event": "answer not read", "route": visit.route}))
        except Exception as error:
            # Its text may hold the user's: only its kind is logged.
            LOG.error(
                json.dumps({"event": "fault", "kind": type(error).__name__}), exc_info=_debug()
            )
            await visit.refuse(500, "internal error; it was logged.")

    def _note(self, visit: _Visit) -> None:
        route = visit.route
        seconds = time.perf_counter() - visit.began
        self._metrics.requests.labels(route, str(visit.status)).inc()
        self._metrics.latency.labels(route).observe(seconds)
        if route in _FREE and visit.status < 400:
            return
        about = {
            "event": "request",
            "method": visit.scope["method"],
            "route": route,
            "status": visit.status,
            "ms": round(1000 * seconds, 1),
            **visit.scope["state"].get("log", {}),
        }
        LOG.info(json.dumps(about, ensure_ascii=False))


def _debug() -> bool:
    import os

    return bool(os.environ.get("DRAGOMAN_DEBUG"))


class _Visit:
    """One request on its way."""

    def __init__(self, scope: Message, receive: Receive, send: Send, options: ServeOptions) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self._options = options
        self.began = time.perf_counter()
        self.status = 0
        self._read = 0
        self._whole = False
        self._fault: Exception | None = None
        scope.setdefault("state", {})
        length = dict(scope["headers"]).get(b"content-length", b"0")
        self.declared = int(length) if length.isdigit() and len(length) < 19 else 0

    @property
    def route(self) -> str:
        """The route's name; never what was asked for, which may hold anything."""
        return getattr(self.scope.get("route"), "path", None) or "other"

    async def receive(self) -> Message:
        """Read on, within limits."""
        if self._whole:
            return await self._receive()
        left = self.began + _BODY_S - time.perf_counter()
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0.01))
        except TimeoutError:
            raise self._fail(_TooSlowError()) from None
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._read > self._options.max_body:
                raise self._fail(_TooLargeError())
        return message

    def _fail(self, fault: Exception) -> Exception:
        """Note why the body was not read: FastAPI would only say that it cannot be."""
        self._fault = fault
        return fault

    async def send(self, message: Message) -> None:
        """Answer, with the headers that every answer has."""
        if self._fault is not None and not self.status:
            raise self._fault
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
        try:
            async with asyncio.timeout(_READ_S):
                await self._send(message)
        except TimeoutError:
            raise _NotReadError from None

    async def refuse(self, status: int, reason: str) -> None:
        """Answer instead of the app, unless it has begun to."""
        if self.status:
            return
        self._fault = None
        body = json.dumps({"error": reason}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        headers += [(b"retry-after", b"1")] if status in (429, 503) else []
        # What is left of the body is not read, so the connection cannot go on.
        headers += [] if self._whole else [(b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
