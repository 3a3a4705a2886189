"""The program, in this process or in one of its own, and a model so small that it is trained in a second."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from dragoman.cli.main import main

SRC = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
TGT = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"]
TINY = {
    "model.hidden_size": 16,
    "model.embedding_size": 16,
    "model.dropout": 0.0,
    "model.tie_embeddings": "false",
    "text.shared": "false",
    "text.tokenizer": "word",
    "training.learning_rate": 0.03,
    "training.steps": 100,
    "training.validate_every": 50,
    "training.threads": 1,
}


def settings(**changed: object) -> list[str]:
    """Give the options that make a training tiny; dots of a key are written as double underscores."""
    values = TINY | {key.replace("__", "."): value for key, value in changed.items()}
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def write_pairs(folder: Path) -> Path:
    """Write a hundred pairs, as a table and as two parallel files."""
    rows = [(f"{a} {b}", f"{c} {d}") for a, c in both() for b, d in both()]
    (folder / "pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    for name, side in (("pairs.en", 0), ("pairs.fr", 1)):
        lines = "".join(f"{row[side]}\n" for row in rows)
        (folder / name).write_text(lines, encoding="utf-8")
    return folder / "pairs.tsv"


def both() -> list[tuple[str, str]]:
    """Give the words of both languages."""
    return list(zip(SRC, TGT, strict=True))


def train_tiny(folder: Path, *more: str) -> Path:
    """Train on `folder`/pairs.tsv."""
    out = folder / "model"
    words = ["train", str(write_pairs(folder)), "--out", str(out), "--quiet", *settings(), *more]
    assert main(words) == 0
    return out


def feed(monkeypatch, content: bytes) -> None:
    """Let the program read this from its standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


class Fork:
    """The program in a fork of this process, which has imported all that it needs: seconds sooner than a new one.

    Args:
        words: Of the command line.
        cwd: Where it runs; here unless given.
    """

    def __init__(self, words: Sequence[object], cwd: Path | None = None) -> None:
        descriptor, name = tempfile.mkstemp()
        self._said = Path(name)
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            code = 99
            try:
                os.dup2(descriptor, 2)
                sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
                os.chdir(cwd or ".")
                code = main([*map(str, words)])
            finally:
                os._exit(code)
        os.close(descriptor)

    def poll(self) -> int | None:
        """Give its exit code, minus a signal's number; None while it runs."""
        if self.returncode is None and (found := os.waitpid(self.pid, os.WNOHANG)) != (0, 0):
            self.returncode = os.waitstatus_to_exitcode(found[1])
        return self.returncode

    def wait(self, seconds: float = 120) -> tuple[int, str]:
        """Wait until it ends; give its exit code, and what it said."""
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)
        said = self._said.read_text("utf-8")
        self._said.unlink()
        return self.returncode or 0, said


def spawn(
    words: Sequence[object],
    *,
    python: Sequence[str] = (),
    env: dict[str, str] | None = None,
    **more,
) -> subprocess.CompletedProcess[bytes]:
    """Run the program in a process of its own."""
    command = [sys.executable, *python, "-m", "dragoman", *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
    return subprocess.run(
        command, env=environment, capture_output=True, check=False, timeout=120, **more
    )
