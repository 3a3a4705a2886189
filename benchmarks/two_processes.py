"""Data-parallel training: two processes of one thread against one process of two threads, taking turns.

    python benchmarks/two_processes.py --data FOLDER [--recipe recipes/multi30k-en-de.toml] [--steps 40] [--rounds 2]
        [--batch-tokens 1000,4000] [--precision float32]

The recipe's data lies in FOLDER; the first 12,000 pairs are read, since each training prepares them anew. Tokens/s
are those of `metrics.jsonl`, which count the steps alone, the exchange of gradients included; the first half of the
steps is left out. `--steps` are those of 1,000 tokens; larger batches have fewer in proportion, so that a size takes
two to three minutes. Losses are compared with dropout 0, the same global batch. Tell `--precision float32`, which is
the default here: left to itself, a process of one thread would choose bfloat16 where the processor has it and one of
two threads might not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import tomllib
from itertools import islice
from pathlib import Path
from typing import Any

import tomli_w

LEAST_STEPS = 8
NUM_PAIRS, NUM_DEV = 12_000, 100


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="recipes/multi30k-en-de.toml")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch-tokens", default="1000,4000")
    parser.add_argument("--precision", default="float32")
    asked = parser.parse_args()
    print("batch tokens  one/s  two/s  ratio  largest difference of losses")
    for size in map(int, asked.batch_tokens.split(",")):
        speeds: dict[int, list[float]] = {1: [], 2: []}
        apart = 0.0
        for _ in range(asked.rounds):
            found = {number: train(asked, number, size) for number in (1, 2)}
            for number, records in found.items():
                speeds[number].append(records[-1]["tokens_per_s"])
            for one, two in zip(found[1], found[2], strict=True):
                apart = max(apart, abs(one["train_loss"] - two["train_loss"]))
        one, two = (statistics.median(speeds[number]) for number in (1, 2))
        print(f"{size:12}  {one:5.0f}  {two:5.0f}  {two / one:5.2f}  {apart:.1e}", flush=True)


def train(asked: argparse.Namespace, processes: int, batch_tokens: int) -> list[dict[str, Any]]:
    """Train, and read what was noted at the end of the warm-up and at the last step."""
    command = [sys.executable, "-m"]
    if processes > 1:
        command += ["torch.distributed.run", "--nproc-per-node", str(processes), "-m"]
    steps = max(LEAST_STEPS, asked.steps * 1000 // batch_tokens)
    values = {
        "model.dropout": 0.0,
        "model.embedding_dropout": 0.0,
        "training.threads": 2 // processes,
        "training.precision": asked.precision,
        "training.batch_tokens": batch_tokens,
        "training.steps": steps,
        "training.validations": [steps // 2, steps],
    }
    with tempfile.TemporaryDirectory() as folder:
        out, recipe = Path(folder) / "model", Path(folder) / "recipe.toml"
        recipe.write_text(by_steps(Path(asked.recipe)), encoding="utf-8")
        cut(tomllib.loads(recipe.read_text(encoding="utf-8"))["data"], asked.data, Path(folder))
        command += ["dragoman", "train", str(recipe), "--data", folder, "--quiet"]
        command += ["--out", str(out), *settings(values)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(2 // processes)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def by_steps(recipe: Path) -> str:
    """Give a recipe without its minutes, which would win over steps, and without its test set."""
    values = tomllib.loads(recipe.read_text(encoding="utf-8"))
    values["training"].pop("minutes", None)
    values["data"].pop("test", None)
    return tomli_w.dumps(values)


def cut(data: dict[str, Any], source: Path, folder: Path) -> None:
    """Write the first pairs of the training and dev files."""
    for what, most in (("train", NUM_PAIRS), ("dev", NUM_DEV)):
        names = data[what] if isinstance(data[what], list) else [data[what]]
        for name in names:
            with (source / name).open("rb") as file:
                (folder / name).write_bytes(b"".join(islice(file, most)))


def settings(values: dict[str, Any]) -> list[str]:
    """Write settings as options."""
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


if __name__ == "__main__":
    main()
