"""Two "machines", network namespaces with an address each, train one model; one is killed; both go on.

Takes a minute or two of processor time and needs root: ``DRAGOMAN_SLOW=1 pytest tests/faults/test_processes.py``.
"""

import hashlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from dragoman.cli.main import main
from helpers.cli import settings, write_pairs

HOSTS = (("dragoman-a", "10.77.0.1"), ("dragoman-b", "10.77.0.2"))
TRAINING = settings(
    training__steps=100,
    training__validate_every=10,
    training__batch_tokens=70,
    training__precision="float32",
)

pytestmark = [
    pytest.mark.skipif(not os.environ.get("DRAGOMAN_SLOW"), reason="slow: DRAGOMAN_SLOW=1"),
    pytest.mark.timeout(900),
    pytest.mark.fault(
        "a process of a training that several share dies",
        "noticed, and gone on with from the checkpoint",
    ),
]


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode


@pytest.fixture(scope="module")
def machines():
    """Make two namespaces with a cable between them."""
    (one, first), (two, second) = HOSTS
    if sys.platform != "linux" or ip("netns", "add", one) or ip("netns", "add", two):
        pytest.skip("network namespaces are not permitted here")
    ip("link", "add", "dragoman0", "netns", one, "type", "veth", "peer", "dragoman1", "netns", two)
    for name, address, link in ((one, first, "dragoman0"), (two, second, "dragoman1")):
        assert not ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
        assert not ip("-n", name, "link", "set", link, "up")
        assert not ip("-n", name, "link", "set", "lo", "up")
    yield HOSTS
    for name, _ in HOSTS:
        ip("netns", "del", name)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    write_pairs(folder)
    return folder


def start(here, out, *more):
    """Start a training on both machines; each has a folder of its own for all but the data."""
    programs = []
    for rank, (name, _) in enumerate(HOSTS):
        where = {"MASTER_ADDR": HOSTS[0][1], "MASTER_PORT": "29511", "WORLD_SIZE": "2"}
        where |= {"RANK": str(rank), "GLOO_SOCKET_IFNAME": f"dragoman{rank}"}
        place = here / f"machine-{rank}"
        place.mkdir(exist_ok=True)
        words = ["train", str(here / "pairs.tsv"), "--out", out, "--quiet", *TRAINING, *more]
        programs.append(
            subprocess.Popen(
                ["ip", "netns", "exec", name, sys.executable, "-m", "dragoman", *words],
                cwd=place,
                env=os.environ | where | {"OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
            )
        )
    return programs


def finish(programs):
    said = [program.communicate(timeout=400)[1].decode() for program in programs]
    return [program.returncode for program in programs], said


def digest(here, out):
    return hashlib.sha256((here / "machine-0" / out / "model.safetensors").read_bytes()).hexdigest()


def records(folder):
    path = folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def whole(machines, here):
    codes, said = finish(start(here, "whole"))
    assert codes == [0, 0], said
    return digest(here, "whole")


def test_two_machines_have_the_losses_of_one_process(whole, here, monkeypatch):
    monkeypatch.chdir(here)
    assert main(["train", "pairs.tsv", "--out", "one", "--quiet", *TRAINING]) == 0
    # Early on: what floating-point sums leave grows with the steps, as between any two machines.
    for one, two in zip(
        records(here / "one")[:3], records(here / "machine-0" / "whole"), strict=False
    ):
        for key in ("train_loss", "dev_loss"):
            np.testing.assert_allclose(two[key], one[key], rtol=0, atol=1e-5)
    assert not (here / "machine-1" / "whole").exists()


def test_a_machine_that_dies_is_noticed_in_seconds_and_both_go_on(whole, here):
    programs = start(here, "killed")
    until = time.monotonic() + 300
    while len(records(here / "machine-0" / "killed")) < 3:
        assert time.monotonic() < until
        assert programs[0].poll() is None
        time.sleep(0.02)
    programs[1].kill()
    began = time.monotonic()
    codes, said = finish(programs)
    seconds = time.monotonic() - began
    assert codes == [2, -9], said
    assert "another process of this training has died" in said[0]
    assert "Traceback" not in said[0]
    assert seconds < 30, seconds
    assert len(records(here / "machine-0" / "killed")) < 10
    codes, said = finish(start(here, "killed", "--resume"))
    assert codes == [0, 0], said
    assert digest(here, "killed") == whole
    print(f"noticed after {seconds:.1f} s")
