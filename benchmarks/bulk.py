"""Bulk translation against `dragoman bench`'s batched rate, side by side on the same cores.

    python benchmarks/bulk.py BUNDLE --input FILE [--workers 1,2] [--beam 5] [--seconds 60] [--rounds 2]

FILE has a sentence a line; its sentences are repeated until they keep one core busy for about `--seconds`. In each
round, for each number of workers, `dragoman bench --threads N` and `dragoman bulk --workers N` take turns. Bulk's rate
is rows over the seconds from the beginning of the first shard to the end of the last; the start of Ray and of the
workers is told beside it. On a busy machine compare processor time a row.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Row = dict[str, float]


def main() -> None:
    """Measure, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shard-rows", type=int, default=2000)
    asked = parser.parse_args()
    counts = [int(one) for one in asked.workers.split(",")]
    lines = [one for one in asked.input.read_text(encoding="utf-8").split("\n") if one.strip()]
    alone = bench(asked, 1)
    wanted = int(alone["rate"] * asked.seconds)
    rows = (lines * (wanted // len(lines) + 1))[: max(wanted, 2 * asked.shard_rows)]
    found: dict[int, list[Row]] = {count: [] for count in counts}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.txt"
        source.write_text("".join(f"{one}\n" for one in rows), encoding="utf-8")
        for turn in range(asked.rounds):
            for count in counts:
                one = compare(asked, count, source, Path(folder) / f"out-{turn}-{count}")
                print(f"round {turn + 1}, {count} workers: {json.dumps(one)}", flush=True)
                found[count].append(one)
    print(f"\n{len(rows):,} rows, beam {asked.beam}, medians of {asked.rounds} rounds")
    print("workers  bench/s  bulk/s  share  bench cpu ms  bulk cpu ms  cpu share  start s")
    for count, rounds in found.items():
        middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        share = 100 * middle["bulk_rate"] / middle["bench_rate"]
        cpu = 100 * middle["bench_cpu_ms"] / middle["bulk_cpu_ms"]
        print(
            f"{count:7}  {middle['bench_rate']:7.0f}  {middle['bulk_rate']:6.0f}  {share:3.0f} %  "
            f"{middle['bench_cpu_ms']:12.2f}  {middle['bulk_cpu_ms']:11.2f}  {cpu:7.0f} %  {middle['start_s']:7.1f}"
        )


def compare(asked: argparse.Namespace, count: int, source: Path, out: Path) -> Row:
    """Measure both with so many threads or workers."""
    ours = bench(asked, count)
    began = time.perf_counter()
    command = [sys.executable, "-m", "dragoman", "bulk", asked.bundle, "--input", str(source)]
    command += ["--output", str(out), "--beam", str(asked.beam), "--workers", str(count)]
    command += ["--shard-rows", str(asked.shard_rows), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    whole_s = time.perf_counter() - began
    told: dict[str, Any] = json.loads(done.stdout)
    return {
        "bench_rate": ours["rate"],
        "bulk_rate": told["rate"],
        "bench_cpu_ms": ours["cpu_ms"],
        "bulk_cpu_ms": 1e3 * told["cpu_s"] / told["rows"],
        "start_s": whole_s - told["rows"] / told["rate"],
    }


def bench(asked: argparse.Namespace, threads: int) -> Row:
    """Ask `dragoman bench`."""
    command = [sys.executable, "-m", "dragoman", "bench", asked.bundle, "--json"]
    command += ["--threads", str(threads), "--beam", str(asked.beam), "--input", str(asked.input)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(re.sub(r"^error: ", "", done.stderr))
    (speed,) = json.loads(done.stdout)["speeds"]
    return {"rate": speed["sentences_per_s"], "cpu_ms": speed["cpu_ms"]}


if __name__ == "__main__":
    main()
