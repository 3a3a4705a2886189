"""Run the server: uvicorn, signals, the log."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI

from dragoman.errors import DragomanError
from dragoman.server.app import create_app
from dragoman.server.guard import LOG
from dragoman.server.options import ServeOptions
from dragoman.server.registry import Registry
from dragoman.server.service import Service

_GRACE_S = 30


class _JsonLines(logging.Formatter):
    """A line of JSON a record."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage()
        about: dict[str, Any] = json.loads(said) if said.startswith("{") else {"event": said}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = {"time": stamp, "level": record.levelname.lower(), **about}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Server(uvicorn.Server):
    """Says that it is not ready any more as soon as it is told to stop, and ends with status 0 then."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._fastapi = app

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002
        """Finish what was accepted, then end; a second Ctrl-C does not wait."""
        self._fastapi.state.draining = True
        # Uvicorn's own way would also note the signal, and let it kill the process after all was done.
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def serve(registry: Registry, options: ServeOptions, host: str, port: int) -> None:
    """Serve until told to stop; what was accepted is finished first.

    SIGHUP reads the models anew and switches if they pass their checks; SIGUSR1 switches back.

    Args:
        registry: The models.
        options: How.
        host: The address to listen at.
        port: The port; 0 for any that is free.
    """
    _set_up_log()
    service = Service.build(registry, options)
    app = create_app(service)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    asyncio.run(_serve(_Server(config, app), registry))


async def _serve(server: _Server, registry: Registry) -> None:
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def on(signum: int, work: Callable[[], Any], event: str) -> None:
        def begin() -> None:
            task = loop.create_task(_change(work, event, registry))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop.add_signal_handler(signum, begin)

    if hasattr(signal, "SIGHUP"):
        on(signal.SIGHUP, registry.reload, "reloaded")
        on(signal.SIGUSR1, registry.roll_back, "rolled back")
    await server.serve()


async def _change(work: Callable[[], Any], event: str, registry: Registry) -> None:
    """Change the models without holding up requests."""
    try:
        await asyncio.to_thread(work)
    except Exception as error:
        # Whatever is wrong with the new models, the old ones go on.
        reason = str(error) if isinstance(error, DragomanError) else type(error).__name__
        LOG.error(json.dumps({"event": f"not {event}", "reason": reason}, ensure_ascii=False))
        return
    models = {one.name: one.id for one in registry.served}
    LOG.info(json.dumps({"event": event, "models": models}, ensure_ascii=False))


def _set_up_log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    for name in ("dragoman.server", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
