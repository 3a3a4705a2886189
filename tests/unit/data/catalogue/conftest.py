"""A local server that cuts, corrupts and lies: no test of the catalogue leaves the machine."""

import os
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dragoman.data.catalogue import download
from dragoman.data.catalogue.download import RemoteFile


@dataclass
class Site:
    """What the server has, what it does to the next requests, and what it was asked."""

    url: str = ""
    content: bytes = field(default_factory=lambda: os.urandom(100_000))
    etag: str = '"one"'
    plan: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)

    def file(self, digest: str | None = None) -> RemoteFile:
        return RemoteFile(f"{self.url}/corpus.zip", digest)


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        site = self.site
        deed = site.plan.pop(0) if site.plan else "good"
        asked = self.headers.get("Range")
        site.ranges.append(asked)
        if deed.isdecimal():
            self.send_error(int(deed))
            return
        if deed.startswith("to "):
            self.send_response(302)
            self.send_header("Location", deed.removeprefix("to "))
            self.end_headers()
            return
        if deed == "renew":
            site.content, site.etag = site.content[::-1], '"two"'
        start = 0
        holds = self.headers.get("If-Range") == site.etag or deed == "glue"
        if asked and deed not in ("ignore range", "cut anew") and holds:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        body = site.content[start:]
        if start >= len(site.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.answer(deed, start, body)

    def answer(self, deed: str, start: int, body: bytes) -> None:
        size = len(self.site.content)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        declared = len(body) + 5000 if deed == "promise more" else len(body)
        self.send_header("Content-Length", str(declared))
        if deed != "unmarked":
            self.send_header("ETag", self.site.etag)
        self.end_headers()
        if deed in ("cut", "cut anew", "unmarked"):
            body = body[: len(body) // 2]
        if deed == "corrupt":
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.wfile.write(body)


@pytest.fixture
def site():
    handler = type("SiteHandler", (Handler,), {"site": Site()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        handler.site.url = f"http://127.0.0.1:{server.server_port}"
        yield handler.site
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setattr(download, "_CHUNK", 10_000)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
