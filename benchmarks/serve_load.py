"""The server under load: with batching across requests and without, and at twice what it can serve.

    python benchmarks/serve_load.py BUNDLE --input FILE [--connections 64] [--beam 5]
    python benchmarks/serve_load.py BUNDLE --input FILE --minutes 10   # overload

Each server is a process of its own, and the load generator shares the machine with them. Variants take short turns, so
that other work on the machine meets all of them; only ratios are to be trusted there.

- *batched*: as `dragoman serve` does it.
- *one at a time*: the same server, but a batch holds the sentences of one request only, as in LibreTranslate's design.

Three loads: as many connections as asked for, each sending as soon as it has an answer (throughput); requests that come
at random at 70 % and at 120 % of what *one at a time* can serve (latency at equal load); and with --minutes, at twice
what *batched* can serve. Every answer is compared with the one that its text got before.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LAUNCH = """
import sys
from collections import deque
from dragoman.loading import load
from dragoman.server.batcher import Batcher
from dragoman.server.options import ServeOptions
from dragoman.server.registry import Registry, Spec
from dragoman.server.run import serve

folder, across = sys.argv[1], sys.argv[2].startswith("batched")

def of_one_request(batcher, take=Batcher._take):
    others = batcher._line
    batcher._line = deque([others.popleft()]) if others else deque()
    batch = take(batcher)
    others.extendleft(batcher._line)
    batcher._line = others
    return batch

if not across:
    Batcher._take = of_one_request
options = {} if across else {"gather_s": 0}
if sys.argv[2][-1].isdigit():
    options["max_batch"] = int(sys.argv[2].split()[-1])
options = ServeOptions(lab=False, **options)
serve(Registry([Spec.parse(folder)], load), options, "127.0.0.1", 0)
"""
VARIANTS = ("batched", "one at a time")
Answer = tuple[int, dict[str, Any]]


@dataclass
class Server:
    """A server process."""

    process: subprocess.Popen[str]
    port: int

    @classmethod
    async def start(cls, bundle: str, variant: str) -> Server:
        """Start one, and wait until it listens."""
        command = [sys.executable, "-c", _LAUNCH, bundle, variant]
        # As many threads as there are cores, whatever is set here.
        env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
        assert process.stderr is not None
        for line in process.stderr:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                # Its log is read all along: a full pipe would hold it up.
                loop = asyncio.get_running_loop()
                loop.run_in_executor(None, collections.deque, process.stderr, 0)
                return cls(process, int(found[1]))
        raise RuntimeError("the server did not start")

    @property
    def memory_mb(self) -> float:
        """What it has resident."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", text)
        return int(found[1]) / 1024 if found else 0.0

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used: steady on a busy machine, where the clock is not."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        """Stop it; give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


class Connection:
    """A connection that is kept open: as little work as can be, for the server's cores are ours."""

    def __init__(self, port: int, beam: int) -> None:
        self._port, self._beam = port, beam
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, text: str) -> Answer:
        """Have a text translated."""
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # it was idle, and the server has closed it
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = json.dumps({"texts": [text], "beam_size": self._beam}).encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(f"POST /v1/translate HTTP/1.1\r\nHost: x\r\n{kind}\r\n\r\n".encode() + body)
        head_read = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = re.search(rb"content-length: (\d+)", head_read)
        content = json.loads(await reader.readexactly(int(size[1]) if size else 0))
        status = int(head_read.split()[1])
        if b"connection: close" in head_read:
            self.close()
        if status in (429, 503) and b"retry-after" not in head_read:
            raise ValueError("a refusal without Retry-After")
        return status, content

    def close(self) -> None:
        """Let it go; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


@dataclass
class Seen:
    """What came of a load."""

    right: dict[str, str]
    beam: int
    taken: list[float] = field(default_factory=list)
    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    sentences: int = 0

    async def ask(self, connection: Connection, text: str) -> int:
        """Ask, and note what came."""
        began = time.perf_counter()
        try:
            status, content = await asyncio.wait_for(connection.ask(text), 60)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            connection.close()
            self.statuses[f"lost: {type(error).__name__}"] += 1
            return 0
        self.statuses[str(status)] += 1
        if status == 200:
            self.taken.append(time.perf_counter() - began)
            self.sentences += text.count("\n") + 1
            said = content["translations"][0]["text"]
            self.statuses["swapped"] += self.right.setdefault(text, said) != said
        return status

    def told(self, seconds: float) -> dict[str, Any]:
        """Sum up."""
        taken = sorted(self.taken)
        return {
            "requests_per_s": round(len(taken) / seconds, 1),
            "sentences_per_s": round(self.sentences / seconds, 1),
            "p50_ms": round(1000 * taken[len(taken) // 2], 1) if taken else None,
            "p99_ms": round(1000 * taken[int(len(taken) * 0.99)], 1) if taken else None,
            "seen": dict(self.statuses),
        }


def texts(path: Path) -> list[str]:
    """Mixed lengths: one sentence, mostly; now and then three, a line each."""
    pool, draw = path.read_text(encoding="utf-8").splitlines(), random.Random(1)
    return ["\n".join(draw.sample(pool, draw.choice((1, 1, 1, 1, 3)))) for _ in range(400)]


async def closed(port: int, pool: list[str], connections: int, seconds: float, seen: Seen) -> float:
    """Send the next as soon as an answer is there; return how long it took."""
    began = time.monotonic()

    async def one(number: int) -> None:
        draw, connection = random.Random(number), Connection(port, seen.beam)
        while time.monotonic() < began + seconds:
            if await seen.ask(connection, draw.choice(pool)) != 200:
                await asyncio.sleep(0.02)
        connection.close()

    await asyncio.gather(*[one(number) for number in range(connections)])
    return time.monotonic() - began


async def arriving(port: int, pool: list[str], per_s: float, seconds: float, seen: Seen) -> float:
    """Send at random times, whatever has become of those before; return how long it took."""
    began, draw = time.monotonic(), random.Random(2)
    free, asking = list[Connection](), set[asyncio.Task[None]]()

    async def one(text: str) -> None:
        connection = free.pop() if free else Connection(port, seen.beam)
        await seen.ask(connection, text)
        free.append(connection)

    due = began
    while (due := due + draw.expovariate(per_s)) < began + seconds:
        await asyncio.sleep(max(0, due - time.monotonic()))
        task = asyncio.create_task(one(draw.choice(pool)))
        asking.add(task)
        task.add_done_callback(asking.discard)
    await asyncio.gather(*asking)
    for connection in free:
        connection.close()
    return time.monotonic() - began


def bench(bundle: str, beam: int, pool: list[str]) -> float:
    """Measure what the same sentences take all at once, without a server."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(pool))
        file.flush()
        options = ["--threads", "2", "--beam", str(beam), "--rounds", "1"]
        options += ["--input", file.name, "--json"]
        command = [sys.executable, "-m", "dragoman", "bench", bundle, *options]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(said)["speeds"][0]["sentences_per_s"]


async def in_turns(
    servers: dict[str, Server], seen: dict[str, Seen], rounds: int, load: Callable[..., Any]
) -> dict[str, dict[str, float]]:
    """Let every server take its turn at a load, round by round, and sum up over all rounds."""
    took, used = collections.Counter[str](), collections.Counter[str]()
    for _ in range(rounds):
        for name, server in servers.items():
            before = server.cpu_s
            took[name] += await load(server.port, seen[name])
            used[name] += server.cpu_s - before
    found = {name: seen[name].told(took[name]) for name in servers}
    for name, one in found.items():
        one["cpu_ms"] = round(1000 * used[name] / seen[name].sentences, 2)
        print(json.dumps({"server": name, **one}), flush=True)
    return found


async def compare(chosen: argparse.Namespace, pool: list[str]) -> None:
    servers = {name: await Server.start(chosen.bundle, name) for name in VARIANTS}
    right: dict[str, str] = {}

    def fresh() -> dict[str, Seen]:
        return {name: Seen(right, chosen.beam) for name in VARIANTS}

    def together(port: int, seen: Seen) -> Any:
        return closed(port, pool, chosen.connections, chosen.seconds, seen)

    await in_turns(servers, fresh(), 1, together)
    speeds = [bench(chosen.bundle, chosen.beam, pool)]
    found = await in_turns(servers, fresh(), chosen.rounds, together)
    speeds.append(bench(chosen.bundle, chosen.beam, pool))
    batched, alone = (found[name] for name in VARIANTS)
    ratios = {
        "throughput": batched["sentences_per_s"] / alone["sentences_per_s"],
        "cpu_time": alone["cpu_ms"] / batched["cpu_ms"],
        "of_bench": batched["sentences_per_s"] / statistics.mean(speeds),
        "p99_closed": alone["p99_ms"] / batched["p99_ms"],
    }
    for share in (0.7, 1.2):
        per_s = share * alone["requests_per_s"]

        def at_random(port: int, seen: Seen, per_s: float = per_s) -> Any:
            return arriving(port, pool, per_s, chosen.seconds, seen)

        found = await in_turns(servers, fresh(), chosen.rounds, at_random)
        p99s = [found[name]["p99_ms"] for name in VARIANTS]
        ratios[f"p99_at_{share}"] = p99s[1] / p99s[0]
    print(json.dumps({name: round(ratio, 2) for name, ratio in ratios.items()}))
    for server in servers.values():
        server.stop()


async def overload(chosen: argparse.Namespace, pool: list[str]) -> None:
    server, right = await Server.start(chosen.bundle, "batched"), dict[str, str]()
    await closed(server.port, pool, 1, 10, Seen(right, chosen.beam))
    seen = Seen(right, chosen.beam)
    took = await closed(server.port, pool, chosen.connections, chosen.seconds, seen)
    capacity = len(seen.taken) / took
    memory = [round(server.memory_mb)]
    print(json.dumps({"capacity_requests_per_s": round(capacity, 1)}))
    whole = collections.Counter[str]()
    for _ in range(max(1, round(chosen.minutes * 2))):
        seen = Seen(right, chosen.beam)
        took = await arriving(server.port, pool, 2 * capacity, 30, seen)
        whole += seen.statuses
        memory.append(round(server.memory_mb))
        print(json.dumps({"memory_mb": memory[-1], **seen.told(took)}), flush=True)
    alive = server.process.poll() is None
    print(json.dumps({"alive": alive, "memory_mb": memory, "seen": dict(whole)}))
    print(json.dumps({"status": server.stop()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("--input", type=Path, required=True, help="sentences, a line each")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=4, help="of a turn")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--minutes", type=float, help="overload for so long instead")
    chosen = parser.parse_args()
    asyncio.run((overload if chosen.minutes else compare)(chosen, texts(chosen.input)))


if __name__ == "__main__":
    main()
