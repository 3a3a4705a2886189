"""``dragoman bench``: how fast a model or a bundle is on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from dragoman.cli.options import AnyModel, AsJson, print_json, print_tables
from dragoman.errors import DragomanError, InputError

# Whatever a library counts its threads by.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_STARTS = 3
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"


def bench(
    model: AnyModel,
    threads: Annotated[
        str, typer.Option(metavar="N,N", help="Thread counts, with commas between.")
    ] = "1",
    beam: Annotated[
        str, typer.Option(metavar="N,N", help="Beam sizes, with commas between; 1 is greedy.")
    ] = "1,5",
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Sentences to translate, a line each; without, some are made up of the model's tokens.",
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often; the median is told.")
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Measure a model or a bundle: time for one sentence, sentences a second, memory, start-up.

    Each thread count is measured in a process of its own.
    """
    import statistics

    counts, beams = _numbers("--threads", threads), _numbers("--beam", beam)
    job: dict[str, Any] = {"model": str(model), "texts": str(source or ""), "beams": beams}
    found: list[dict[str, Any]] = []
    for count in counts:
        found += _in_process({**job, "threads": count, "rounds": rounds}, count)
    start_s = statistics.median(_start(model) for _ in range(_STARTS))
    if as_json:
        print_json({"model": str(model), "start_s": start_s, "speeds": found})
        return
    _print(found, start_s)


def _numbers(option: str, text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"{option} {text}: expected numbers from 1, such as 1,2.")
    return [int(part) for part in parts]


def _in_process(job: dict[str, Any], threads: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "dragoman.cli.measure", json.dumps(job)]
    done = subprocess.run(command, env=_environment(threads), capture_output=True, check=False)
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == 2:
        raise InputError(said)
    if done.returncode:
        raise DragomanError(f"measuring {job['model']} failed: {said[-1000:]}")
    return json.loads(done.stdout)


def _start(model: Path) -> float:
    """Return the seconds from the start of a process to its first translation."""
    command = [sys.executable, "-m", "dragoman", "translate", str(model), "a"]
    began = time.perf_counter()
    done = subprocess.run(command, env=_environment(1), capture_output=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise InputError(done.stderr.decode(errors="replace").strip().removeprefix("error: "))
    return seconds


def _environment(threads: int) -> dict[str, str]:
    # Else every start would compile all modules anew, which it does for nobody who has installed the package.
    given = {name: value for name, value in os.environ.items() if name != _UNCOMPILED}
    return {**given, **dict.fromkeys(_THREADS, str(threads))}


def _print(found: list[dict[str, Any]], start_s: float) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    names = (
        "threads",
        "beam",
        "p50 ms",
        "p99 ms",
        "sentences/s",
        "tokens/s",
        "cpu ms/sentence",
        "memory MB",
    )
    for name in names:
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(
            str(one["threads"]),
            str(one["beam"]),
            f"{one['p50_ms']:.2f}",
            f"{one['p99_ms']:.2f}",
            f"{one['sentences_per_s']:,.0f}",
            f"{one['tokens_per_s']:,.0f}",
            f"{one['cpu_ms']:.2f}",
            f"{one['memory_mb']:.0f}",
        )
    print_tables([table])
    typer.echo(f"from process start to first translation: {start_s:.2f} s")
