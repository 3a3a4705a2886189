"""A peer's command, run from outside in an environment of its own, with a limit of time, and what it cost."""

import os
import resource
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

STOP_GRACE_S = 600.0
POLL_S = 0.5


class PeerError(RuntimeError):
    """The peer is not installed, was given what it cannot take, or failed."""


@dataclass(frozen=True)
class Limits:
    """What a command may use.

    Attributes:
        threads: Threads of one operation.
        seconds: Wall-clock time.
        cpu_s: Processor time of all its processes: the fair limit on a busy machine.
        stop: The signal that asks it to stop at a limit, upon which it has ten minutes to save.
    """

    threads: int
    seconds: float | None = None
    cpu_s: float | None = None
    stop: signal.Signals = signal.SIGTERM


@dataclass(frozen=True)
class Command:
    """What is run.

    Attributes:
        words: The interpreter and what it is told.
        log: The file that takes all it prints; it runs in that folder.
        environment: Variables besides the usual ones.
        stdin: The file that it reads.
    """

    words: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    stdin: Path | None = None


@dataclass(frozen=True)
class Ended:
    """What it printed, and the time it took: of the clock, and of processors."""

    log: str
    seconds: float
    cpu_s: float


def interpreter(peer: str) -> Path:
    """Give the interpreter of a peer's environment, which benchmarks/peers/setup_PEER.sh makes.

    Raises:
        PeerError: If there is none.
    """
    peers = os.environ.get("DRAGOMAN_PEERS", Path(tempfile.gettempdir()) / "dragoman-peers")
    path = Path(os.environ.get(f"DRAGOMAN_{peer.upper()}", Path(peers) / peer)) / "bin" / "python"
    if not path.exists():
        raise PeerError(f"{path} is missing: run benchmarks/peers/setup_{peer}.sh")
    return path


def run(command: Command, limits: Limits) -> Ended:
    """Run a command; at a limit, ask it to stop.

    Raises:
        PeerError: If it fails, or doesn't stop when asked.
    """
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(limits.threads),
        "MKL_NUM_THREADS": str(limits.threads),
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": "",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        **command.environment,
    }
    log = command.log
    cpu_before, start = _cpu_of_ended_children_s(), time.monotonic()
    with log.open("wb") as out, Path(command.stdin or os.devnull).open("rb") as told:
        process = subprocess.Popen(
            command.words,
            stdin=told,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=log.parent,
            start_new_session=True,
            # A shell's background jobs are deaf to Ctrl-C, and so would be what they start.
            preexec_fn=lambda: signal.signal(limits.stop, signal.SIG_DFL),
        )
        asked_at: float | None = None
        try:
            while process.poll() is None:
                time.sleep(POLL_S)
                now = time.monotonic()
                if asked_at is not None:
                    if now - asked_at > STOP_GRACE_S:
                        raise PeerError(f"it did not stop within {STOP_GRACE_S:.0f} s; see {log}")
                elif (limits.seconds is not None and now - start >= limits.seconds) or (
                    limits.cpu_s is not None and _session_cpu_s(process.pid) >= limits.cpu_s
                ):
                    process.send_signal(limits.stop)
                    asked_at = now
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    seconds, cpu_s = time.monotonic() - start, _cpu_of_ended_children_s() - cpu_before
    text = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode != 0:
        raise PeerError(f"exit code {process.returncode}; the end of {log}:\n{text[-2000:]}")
    return Ended(text, seconds, cpu_s)


def _cpu_of_ended_children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _session_cpu_s(session: int) -> float:
    """Return the processor time of a session's processes, the ended ones included (Linux)."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may hold spaces: state ppid pgrp session ... utime is the 12th.
            rest = path.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(rest[3]) == session:
            ticks += sum(int(count) for count in rest[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
