"""`dragoman serve` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import httpx


class Server:
    """A running server."""

    def __init__(self, folder, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "dragoman", "serve", f"{folder}@en-fr"]
        self.said = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *options],
            # A pipe that nobody reads would fill up, and the server would wait.
            stderr=self.said,
            stdout=self.said,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)
        for _ in range(300):
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise TimeoutError

    def translate(self, *texts: str) -> list[str]:
        answer = self.client.post("/v1/translate", json={"texts": list(texts)})
        assert answer.status_code == 200, answer.text
        return [one["text"] for one in answer.json()["translations"]]

    def stop(self) -> tuple[int, bytes]:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=40)
        said = self.log()
        self.said.close()
        return self.process.returncode, said

    def log(self) -> bytes:
        """Return what it has said so far."""
        self.said.seek(0)
        return self.said.read()

    @property
    def model_id(self) -> str:
        return self.client.get("/v1/models").json()["models"][0]["id"]

    def wait_for(self, event: str, seconds: float = 20) -> None:
        """Wait until the log tells of an event."""
        until = time.monotonic() + seconds
        while f'"event": "{event}"'.encode() not in self.log():
            if time.monotonic() > until:
                raise TimeoutError(event)
            time.sleep(0.05)

    def gauge(self, name: str) -> float:
        """Read a number off /metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])
