"""A million inputs for everything that reads what strangers wrote: `python tests/faults/fuzz.py --inputs 1000000`.

With atheris (`pip install atheris`, Linux) inputs are guided by the coverage of dragoman's own code; without it, or
with --plain, they are the seeds with random edits. Only a `DragomanError` may come out, within two seconds of processor
time, and in 3 GB. What else does is written to --out, one file a kind of finding, and ends the command with status 1.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
_SLOW_S = 2.0
_MOST_BYTES = 4096
# How many inputs a target gets for each one of the slowest; by what an input costs.
SHARES = {"bundle": 1, "parquet": 4, "http": 6, "tokenizer training": 10, "safetensors": 15}
SHARES |= {"tokenizer file": 15, "recipe": 12, "override": 60, "tokenizer use": 40}
_SHARE = 25


def edited(seed: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat, insert: a few times."""
    content = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(content) + 1)
        to = min(len(content), at + rng.choice((1, 2, 4, 16, 64)))
        choice = rng.randrange(6)
        if choice == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif choice == 1:
            del content[at:to]
        elif choice == 2:
            content[at:at] = content[at:to] * rng.choice((1, 2, 50))
        elif choice == 3:
            content[at:to] = rng.randbytes(to - at)
        elif choice == 4:
            content[at:at] = rng.choice(
                (b"\x00", b"\xff", b"\n", b"\t", b'"', b"9" * 30, b"[", b"\\ud800")
            )
        else:
            content = content[:at]
    return bytes(content)


class Log:
    """Counts inputs, and keeps the first of each kind of finding."""

    def __init__(self, name, target, runs, out):
        self.name, self.target, self.runs, self.out = name, target, runs, out
        self.count, self.kinds, self.slowest = 0, {}, 0.0

    def __call__(self, content: bytes) -> None:
        from helpers.targets import unexpected

        began = time.process_time()
        error = unexpected(self.target, content)
        took = time.process_time() - began
        self.count, self.slowest = self.count + 1, max(self.slowest, took)
        if error is not None:
            last = traceback.extract_tb(error.__traceback__)[-1]
            self._keep(
                f"{type(error).__name__} {Path(last.filename).name}:{last.lineno}",
                str(error),
                content,
            )
        elif took > _SLOW_S:
            self._keep("slow", f"{took:.1f} s", content)
        if self.count % 500 == 0 or self.count >= self.runs:
            self.write()
        if self.count >= self.runs:
            os._exit(0)  # Without the end of threads that did not come along through the fork.

    def _keep(self, kind, said, content):
        if kind not in self.kinds:
            path = self.out / f"{self.name}-{len(self.kinds)}.bin".replace(" ", "_")
            path.write_bytes(content)
            self.kinds[kind] = {"said": said[:200], "file": path.name, "times": 0}
        self.kinds[kind]["times"] += 1
        self.write()

    def write(self):
        values = {"inputs": self.count, "slowest_s": round(self.slowest, 3), "findings": self.kinds}
        (self.out / f"{self.name}.json").write_text(json.dumps(values, indent=1), "utf-8")


def run_plain(log: Log, seed: int) -> None:
    """Try the seeds with random edits."""
    rng = random.Random(seed)
    for number in range(log.runs):
        chosen = log.target.seeds[number % len(log.target.seeds)]
        log(
            chosen
            if number < len(log.target.seeds)
            else edited(chosen, rng)[: max(_MOST_BYTES, len(chosen))]
        )


def run_guided(log: Log, seed: int, atheris) -> None:
    """Let libFuzzer look for inputs that reach new code; it never returns."""
    seeds = Path(tempfile.mkdtemp(prefix="seeds-"))
    for number, content in enumerate(log.target.seeds):
        (seeds / str(number)).write_bytes(content)
    longest = max(_MOST_BYTES, *map(len, log.target.seeds))
    options = [f"-runs={log.runs}", f"-max_len={longest}", "-rss_limit_mb=3000", "-timeout=120"]
    options += [
        f"-seed={seed}",
        "-verbosity=0",
        f"-artifact_prefix={log.out}/{log.name}-killed-".replace(" ", "_"),
    ]
    atheris.Setup(["fuzz", *options, str(seeds)], log, enable_python_coverage=True)
    atheris.Fuzz()


def main() -> int:
    """Try all targets, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", metavar="TARGET")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    atheris = None
    if not asked.plain:
        try:
            import atheris
        except ImportError:
            print("atheris is not installed: random edits instead", flush=True)
    if atheris is None:
        from helpers.targets import targets
    else:
        with atheris.instrument_imports(include=["dragoman"]):
            from helpers.targets import targets
    table = targets()
    names = asked.only or [*table]
    if unknown := [name for name in names if name not in table]:
        parser.error(f"--only: {', '.join(unknown)}: there are {', '.join(table)}")
    shares = {name: SHARES.get(name, _SHARE) for name in names}
    status = 0
    for name in names:
        runs = max(1, asked.inputs * shares[name] // sum(shares.values()))
        log = Log(name, table[name], runs, asked.out)
        began = time.monotonic()
        child = os.fork()
        if not child:
            if atheris is None:
                run_plain(log, asked.seed)
            else:
                run_guided(log, asked.seed, atheris)
            os._exit(0)
        _, ended = os.waitpid(child, 0)
        path = asked.out / f"{name}.json"
        found = (
            json.loads(path.read_text("utf-8")) if path.exists() else {"inputs": 0, "findings": {}}
        )
        died = os.waitstatus_to_exitcode(ended)
        status |= bool(found["findings"] or died)
        print(
            f"{name:20} {found['inputs']:9,} inputs  {time.monotonic() - began:6.0f} s  slowest "
            f"{found.get('slowest_s', 0)} s  exit {died}  findings: {json.dumps(found['findings'])}",
            flush=True,
        )
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
