"""A training that is killed, however often, ends in the weights of one that was left alone."""

import hashlib
import os
import signal
import time

import pytest

from dragoman.cli.main import main
from helpers.cli import Fork, settings, write_pairs

pytestmark = pytest.mark.fault(
    "`kill -9` and Ctrl-C at moments of a training",
    "resumed, it ends in the same weights, to the bit",
)

# Words for one training: with dropout, and long enough to be killed.
TRAINING = settings(model__dropout=0.2, training__steps=240, training__validate_every=20)


def words(out):
    return ["train", "pairs.tsv", "--out", str(out), "--quiet", *TRAINING]


def digest(folder):
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    write_pairs(folder)
    return folder


@pytest.fixture(autouse=True)
def _there(here, monkeypatch):
    monkeypatch.chdir(here)


@pytest.fixture(scope="module")
def wanted(here):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert main(words(here / "whole")) == 0
    return digest(here / "whole")


def signalled(out, more, reached, number):
    """Start a training, and send it a signal when it has come so far."""
    program = Fork([*words(out), *more])
    deadline = time.monotonic() + 60
    while program.poll() is None and not reached() and time.monotonic() < deadline:
        time.sleep(0.002)
    assert program.poll() is None, program.wait()
    os.kill(program.pid, number)
    return program.wait()


def validations(out):
    path = out / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_kill_9_at_three_moments(here, wanted):
    out = here / "killed"
    moments = [
        lambda: (out / "resolved.toml").exists(),  # Before the first checkpoint, or about then.
        lambda: validations(out) >= 4,
        lambda: validations(out) >= 7,
    ]
    for turn, reached in enumerate(moments):
        code, _ = signalled(out, ["--resume"] if turn else [], reached, signal.SIGKILL)
        assert code == -signal.SIGKILL
    assert validations(out) < 12
    assert main([*words(out), "--resume"]) == 0
    assert digest(out) == wanted


def test_ctrl_c_saves_and_says_how_to_go_on(here, wanted):
    out = here / "stopped"
    code, said = signalled(out, [], lambda: validations(out) >= 2, signal.SIGINT)
    assert code == 130
    assert "Traceback" not in said
    assert "everything is saved" in said
    assert said.rstrip().endswith("--resume")
    assert f"dragoman train pairs.tsv --out {out}" in said
    assert main([*words(out), "--resume"]) == 0
    assert digest(out) == wanted
