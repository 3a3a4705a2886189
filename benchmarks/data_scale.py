"""Streaming: pairs a second while text becomes ids, and resident memory, as the corpus grows.

    python benchmarks/data_scale.py                     # 0.03, 0.3 and 3 million pairs, from the phrasebook
    python benchmarks/data_scale.py --data DIR          # from DIR/train.tsv, such as Tatoeba's, with noise
    python benchmarks/data_scale.py --millions 30       # instead of these sizes; about 2 GB of text

Corpora are real pairs again and again, each time with other words swapped and a number put in. Each size is
prepared and trained for a few steps in a process of its own. Memory is the peak that the process has had resident;
a second one, which turns text into ids while the corpus is prepared, is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dragoman import api
from dragoman.config import build_config
from dragoman.data.corpus import Pair, read_corpus
from dragoman.training.callbacks import Callback, StepRecord

STEPS = 20


class Watch(Callback):
    """Notes how preparation went, what it said last, and when the first step was done."""

    def __init__(self) -> None:
        self.prepared = ""
        self.cpu_s = (0.0, 0.0)
        self.first_step = 0.0

    def on_prepare(self, done: float, line: str) -> None:
        """Keep the last line, and the processor time between the first and the last."""
        del done
        now = time.process_time()
        self.prepared, self.cpu_s = line, (self.cpu_s[0] or now, now)

    def on_step(self, record: StepRecord) -> None:
        """Note when the first step was done."""
        del record
        self.first_step = self.first_step or time.monotonic()


def base_pairs(data: Path | None) -> list[Pair]:
    """Return the real pairs."""
    if data is not None:
        return read_corpus(data / "train.tsv").pairs
    from dragoman.data import phrasebook

    return [Pair(*pair) for pair in phrasebook.pairs("en", "fr", "train")]


def noisy(pairs: list[Pair], number: int) -> Iterator[str]:
    """Yield lines: a pair, from the second round on with two words swapped and a number put in."""
    chance = random.Random(1)
    for index in range(number):
        src, tgt = pairs[index % len(pairs)]
        if index >= len(pairs):
            words = src.split()
            place = chance.randrange(len(words))
            words[0], words[place] = words[place], words[0]
            numeral = str(chance.randrange(10_000))
            src, tgt = " ".join([*words, numeral]), f"{tgt} {numeral}"
        yield f"{src}\t{tgt}\n"


def measure(path: Path) -> None:
    """Prepare and train, and print what that took; runs in a process of its own."""
    settings = {
        "data": {"train": path.name, "stream": "always"},
        "text": {"vocab_size": 8000, "shared": True},
        "model": {"hidden_size": 256, "embedding_size": 128, "generator": "tied"},
        "training": {"steps": STEPS, "batch_tokens": 2000, "threads": 2, "stop_metric": "loss"},
    }
    watch = Watch()
    cpu, began = time.process_time(), time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        options = api.TrainOptions(data=path.parent, callbacks=[watch])
        api.train(build_config(settings), out, options)
    found = {
        "prepared": watch.prepared,
        "to_first_step_s": round(watch.first_step - began, 1),
        "preparing_cpu_s": round(watch.cpu_s[1] - watch.cpu_s[0], 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "children_cpu_s": round(sum(os.times()[2:4]), 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    print(json.dumps(found))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="a folder that holds train.tsv")
    parser.add_argument("--millions", type=float, nargs="+", default=[0.03, 0.3, 3.0])
    parser.add_argument("--work", type=Path, help="where the corpora are written")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        measure(asked.one)
        return
    pairs, peaks = base_pairs(asked.data), list[int]()
    with tempfile.TemporaryDirectory(dir=asked.work) as folder:
        for millions in asked.millions:
            path = Path(folder) / "corpus.tsv"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(noisy(pairs, round(millions * 1e6)))
            words = [sys.executable, __file__, "--one", str(path)]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            peaks.append(found["peak_mib"])
            print(
                f"{millions:g} M pairs, {path.stat().st_size >> 20:,} MiB: {found['prepared']}; first step after "
                f"{found['to_first_step_s']} s; {found['preparing_cpu_s']} s of processor time for the pairs, and "
                f"{found['children_cpu_s']} s of the second process, of {found['cpu_s']} s in all; peak "
                f"{found['peak_mib']:,} MiB, {found['peak_mib'] / peaks[0]:.2f} x the first",
                flush=True,
            )


if __name__ == "__main__":
    main()
