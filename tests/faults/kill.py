"""`kill -9` at random moments of a training: `python tests/faults/kill.py --times 20`.

A training is started, killed, and gone on with, over and over, until it has been killed so often and then left alone.
Moments are drawn over all of a run's time, its start and the preparation of its data included; every other time the
process kills itself between two writes to the disk instead: before a file is put in place, or just after. The weights
must be those of a training that nobody disturbed, and no record of a validation may be missing or double.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.cli import settings, write_pairs

TRAINING = settings(model__dropout=0.2, training__steps=240, training__validate_every=12)
# Dies at its n-th file, with the part written, or with the file in place.
INJECTED = """
import os, signal, sys
from pathlib import Path
count, after = int(sys.argv.pop(1)), sys.argv.pop(1) == "after"
plain = Path.replace
def replace(path, target):
    global count
    count -= 1
    if after:
        plain(path, target)
    if count <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return target if after else plain(path, target)
Path.replace = replace
from dragoman.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def words(out: str) -> list[str]:
    """Give the command."""
    return ["train", "pairs.tsv", "--out", out, "--quiet", *TRAINING]


def run(
    folder: Path, given: list[str], wait_s: float | None = None, inject: list[str] | None = None
) -> int:
    """Run the program; kill it after so many seconds, unless it has ended."""
    start = ["-m", "dragoman"] if inject is None else ["-c", INJECTED, *inject]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, *start, *given], cwd=folder, env=env, stderr=subprocess.PIPE
    ) as program:
        try:
            _, said = program.communicate(timeout=wait_s)
        except subprocess.TimeoutExpired:
            program.send_signal(signal.SIGKILL)
            _, said = program.communicate()
    if program.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(said.decode())
    return program.returncode


def digest(folder: Path) -> str:
    """Hash the weights."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def steps(folder: Path) -> list[int]:
    """Say after which steps there was a validation."""
    return [
        json.loads(line)["step"]
        for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()
    ]


def survive(folder: Path, times: int, seed: int) -> tuple[int, int, bool]:
    """Kill a training so often.

    Returns:
        How often it was killed at a moment, and between files; and whether the weights and records are those of a
        training that was left alone.
    """
    write_pairs(folder)
    began = time.monotonic()
    run(folder, words("whole"))
    whole_s = time.monotonic() - began
    rng = random.Random(seed)
    moments = files = 0
    while moments + files < times:
        if (folder / "killed" / "resolved.toml").exists() and "finished" in (
            folder / "killed" / "resolved.toml"
        ).read_text("utf-8"):
            same = digest(folder / "killed") == digest(folder / "whole")
            if not same:
                return moments, files, False
            subprocess.run(["rm", "-r", str(folder / "killed")], check=True)
        more = ["--resume"] if (folder / "killed").is_dir() else []
        if (moments + files) % 2:
            number, where = rng.randint(1, 12), rng.choice(("before", "after"))
            files += run(folder, [*words("killed"), *more], None, [str(number), where]) != 0
        else:
            moments += run(folder, [*words("killed"), *more], rng.uniform(0.0, 0.9 * whole_s)) != 0
    run(folder, [*words("killed"), "--resume"])
    same = digest(folder / "killed") == digest(folder / "whole")
    return moments, files, same and steps(folder / "killed") == steps(folder / "whole")


def main() -> int:
    """Kill a training, and say what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        moments, files, same = survive(Path(folder), asked.times, asked.seed)
    print(
        f"killed {moments} times at a random moment and {files} times at a file; weights and records "
        f"{'equal' if same else 'DIFFER FROM'} those of a training that was left alone"
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
