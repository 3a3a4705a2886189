"""The server under load: with batching across requests and without, and at twice what it can serve.

    python benchmarks/serve_load.py BUNDLE [--connections 64] [--seconds 10]
    python benchmarks/serve_load.py BUNDLE --minutes 10      # overload: no swapped answer, memory flat, refusals 429

The server is a process of its own; the load generator shares the machine with it.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from dragoman.inspection.contexts import shipped_sentences

_LAUNCH = """
import sys
from pathlib import Path
from dragoman.loading import load
from dragoman.server.options import ServeOptions
from dragoman.server.registry import Registry, Spec
from dragoman.server.run import serve
folder, batch, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = ServeOptions(max_batch=batch, max_concurrency=concurrency, lab=False, gather_s=0.004 if batch > 1 else 0)
serve(Registry([Spec.parse(folder)], load), options, "127.0.0.1", 0)
"""


def start(bundle: str, batch: int, concurrency: int = 256) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-c", _LAUNCH, bundle, str(batch), str(concurrency)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            asyncio.get_running_loop().run_in_executor(None, collections.deque, process.stderr, 0)
            return process, found.group()
    raise RuntimeError("the server did not start")


def memory_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0


def texts() -> list[str]:
    """Mixed lengths: one sentence, mostly; now and then three."""
    pool, draw = list(shipped_sentences("phrasebook-en-fr")), random.Random(1)
    return [" ".join(draw.sample(pool, draw.choice((1, 1, 1, 1, 3)))) for _ in range(400)]


async def load(
    url: str, connections: int, seconds: float, right: dict[str, str]
) -> dict[str, object]:
    limits, until = httpx.Limits(max_connections=connections), time.monotonic() + seconds
    taken: list[float] = []
    seen: collections.Counter[str] = collections.Counter()
    pool = texts()

    async def one(client: httpx.AsyncClient, number: int) -> None:
        draw = random.Random(number)
        while time.monotonic() < until:
            text, began = draw.choice(pool), time.perf_counter()
            try:
                answer = await client.post(url + "/v1/translate", json={"texts": [text]})
            except httpx.HTTPError as error:
                seen[f"lost: {type(error).__name__}"] += 1
                continue
            seen[str(answer.status_code)] += 1
            if answer.status_code == 200:
                taken.append(time.perf_counter() - began)
                said = answer.json()["translations"][0]["text"]
                seen["swapped"] += right.setdefault(text, said) != said
            else:
                await asyncio.sleep(0.02)

    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        await asyncio.gather(*[one(client, number) for number in range(connections)])
    taken.sort()
    return {
        "requests_per_s": round(len(taken) / seconds, 1),
        "p50_ms": round(1000 * taken[len(taken) // 2], 1) if taken else None,
        "p99_ms": round(1000 * taken[int(len(taken) * 0.99)], 1) if taken else None,
        "seen": dict(seen),
    }


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(40)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--minutes", type=float, help="overload for so long instead")
    chosen = parser.parse_args()
    right: dict[str, str] = {}
    if chosen.minutes:
        process, url = start(chosen.bundle, 64, chosen.connections // 2)
        await load(url, chosen.connections // 2, 5, right)
        before = memory_mb(process.pid)
        found = await load(url, chosen.connections, 60 * chosen.minutes, right)
        found |= {"memory_mb": [round(before), round(memory_mb(process.pid))]}
        found |= {"alive": process.poll() is None}
        print(json.dumps(found))
        stop(process)
        return
    for name, batch in (("one at a time", 1), ("batched", 64)):
        process, url = start(chosen.bundle, batch)
        await load(url, chosen.connections, 1, right)
        print(
            json.dumps(
                {"server": name, **await load(url, chosen.connections, chosen.seconds, right)}
            )
        )
        stop(process)


if __name__ == "__main__":
    asyncio.run(main())
