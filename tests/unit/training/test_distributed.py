"""Rows shared out among processes, and what they then learn together."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dragoman.cli.main import main
from dragoman.data.batches import Example, make_batch
from dragoman.text.vocabulary import PAD
from dragoman.training.distributed import ALONE, Team
from helpers.cli import settings, write_pairs

TRAINING = settings(
    training__steps=30,
    training__validate_every=10,
    training__batch_tokens=70,  # Uneven: shares differ by a row.
    training__precision="float32",
    training__accumulate=2,
)


def batch_of(*lengths):
    return make_batch([Example([5] * length, [6] * (length + 1)) for length in lengths])


def test_every_row_goes_to_one_process_and_tokens_balance():
    batch = batch_of(*range(1, 12))
    shares = [Team(rank, 3).share([batch])[0] for rank in range(3)]
    for side in ("src", "tgt_in", "tgt_out"):
        rows = sorted(tuple(row[row != PAD]) for share in shares for row in getattr(share, side))
        assert rows == sorted(tuple(row[row != PAD]) for row in getattr(batch, side))
    counts = [share.num_tokens for share in shares]
    assert sum(counts) == batch.num_tokens
    assert max(counts) - min(counts) <= 12


def test_a_share_has_no_padding_that_only_others_need():
    shares = [Team(rank, 2).share([batch_of(9, 2)])[0] for rank in range(2)]
    assert [share.src.shape for share in shares] == [(1, 10), (1, 3)]
    assert [share.tgt_out.shape for share in shares] == [(1, 11), (1, 4)]


def test_a_batch_of_one_row_is_one_process_s():
    batch = batch_of(3)
    assert len(Team(0, 2).share([batch])) == 1
    assert Team(1, 2).share([batch]) == []
    assert ALONE.share([batch]) == [batch]


def test_processes_draw_other_numbers_in_the_same_step():
    drawn = set()
    for rank in (*range(4), 127):
        for step in range(3):
            seed = (2**20 << 32) + step
            torch.manual_seed(seed)
            Team(rank, 128).part_ways(seed)
            drawn.add(float(torch.rand(())))
    assert len(drawn) == 15


CLOCKS = """
import itertools, os, sys
from hashlib import sha256
from dragoman.training.clock import WallClock
from dragoman.training.loop import Trainer
ticks, first = itertools.count(), os.environ["RANK"] == "0"
# The first process's seconds go by a fiftieth each time one looks; the other's clock is broken.
WallClock.elapsed_s = property(lambda _: next(ticks) / 50 if first else (0.0, 1e9)[next(ticks) % 2])
run = Trainer.run
def noted(self):
    outcome = run(self)
    digest = sha256(b"".join(weight.detach().numpy().tobytes() for weight in self.parameters))
    said = f"{outcome.progress.step} {digest.hexdigest()} {outcome.progress.elapsed_s}"
    open(f"rank{self.team.rank}", "w").write(said)
    return outcome
Trainer.run = noted
from dragoman.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def together(folder, out, number=2, more=(), here=True, program=None):
    """Train in several processes, as torchrun would start them; or as if they were not all `here`, on one machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["train", "pairs.tsv", "--out", str(out), "--quiet", *TRAINING, *more]
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(number)}
    where["LOCAL_WORLD_SIZE"] = str(number if here else 1)
    start = ["-m", "dragoman"] if program is None else ["-c", program]
    programs = [
        subprocess.Popen(
            [sys.executable, *start, *words],
            cwd=folder,
            env=os.environ | where | {"RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
        )
        for rank in range(number)
    ]
    try:
        ended = [(program.communicate(timeout=400)[1], program.returncode) for program in programs]
    finally:
        for program in programs:
            program.kill()
    return [code for _, code in ended], b"".join(said for said, _ in ended).decode()


@pytest.mark.timeout(600)
def test_two_processes_learn_what_one_learns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    assert main(["train", "pairs.tsv", "--out", "one", "--quiet", *TRAINING]) == 0
    # From disk, of which each has a store of its own: so few pairs are dealt as they are in memory.
    codes, said = together(tmp_path, "two", more=("--set", "data.stream=always"))
    assert codes == [0, 0], said
    one, two = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert [record["step"] for record in two] == [10, 20, 30]
    for key in ("train_loss", "dev_loss"):
        values = [[record[key] for record in records] for records in (one, two)]
        np.testing.assert_allclose(*values, rtol=0, atol=1e-5)
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")]
    for name, weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], weight, rtol=0, atol=1e-4)


@pytest.mark.timeout(600)
def test_minutes_are_those_of_the_first_process_and_all_end_together(tmp_path):
    write_pairs(tmp_path)
    more = settings(training__minutes=0.05)
    codes, said = together(tmp_path, "m", more=more, here=False, program=CLOCKS)
    assert codes == [0, 0], said
    ended = [(tmp_path / f"rank{rank}").read_text().split() for rank in range(2)]
    assert ended[0][:2] == ended[1][:2]
    # Of 3 s; what is kept back is for the last validation, and for confidence.
    assert int(ended[0][0]) > 20
    assert 2.0 < float(ended[0][2]) <= 3.0
