"""`dragoman serve` as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx


class Server:
    """A running server."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "dragoman", "serve", f"{folder}@en-fr"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *options],
            stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        # Read all along: a full pipe would hold the server up.
        self.said: list[bytes] = []
        self._reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr))
        self._reader.start()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)
        for _ in range(300):
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, self.said
            time.sleep(0.1)
        raise TimeoutError

    def translate(self, *texts: str) -> list[str]:
        answer = self.client.post("/v1/translate", json={"texts": list(texts)})
        assert answer.status_code == 200, answer.text
        return [one["text"] for one in answer.json()["translations"]]

    @property
    def model_id(self) -> str:
        return self.client.get("/v1/models").json()["models"][0]["id"]

    def wait_for(self, event: str, seconds: float = 20) -> dict[str, object]:
        """Wait until the log tells of an event."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in [line for line in self.said if line.startswith(b"{")]:
                if json.loads(line)["event"] == event:
                    return json.loads(line)
            time.sleep(0.05)
        raise TimeoutError(event)

    def gauge(self, name: str) -> float:
        """Read a number off /metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])

    def stop(self) -> tuple[int, bytes]:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self._reader.join()
        self.process.stderr.close()
        return status, b"".join(self.said)
