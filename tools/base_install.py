"""Builds wheel and sdist, installs each in a fresh environment without extras, lists what came, and translates.

    python tools/base_install.py [--python python3.12] [--limit-mb 240] [--locked]

Prints a table of packages with their sizes on disk, and fails if they are larger than the limit, if torch came along,
or if a translation is not what it should be. `--locked` installs exactly requirements/base.txt, checked by its hashes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Asked of the new environment's own Python: sizes by the files that each package says it installed.
_SIZES = """
import json
import os
from importlib.metadata import distributions
sizes = {}
for one in distributions():
    places = {one.locate_file(file) for file in one.files or []}
    sizes[one.name] = [one.version, sum(p.stat().st_size for p in places if p.is_file())]
print(json.dumps(sizes))
"""
_TOOLS = {"pip", "setuptools"}


def main() -> int:
    """Do it, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--limit-mb", type=float, default=240)
    parser.add_argument("--locked", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        python = _environment(asked.python, work / "wheel")
        built = _build(python, work / "dist")
        if asked.locked:
            _pip(python, "install", "--require-hashes", "-r", ROOT / "requirements" / "base.txt")
        _pip(python, "install", *(["--no-deps"] if asked.locked else []), built[".whl"])
        sizes: dict[str, tuple[str, int]] = json.loads(_run([python, "-c", _SIZES]))
        total = _show({name: one for name, one in sizes.items() if name not in _TOOLS})
        _smoke(python)
        _pip(python, "install", "--no-deps", "--force-reinstall", built[".gz"])
        _smoke(python)
    print("wheel and sdist install and translate")
    if "torch" in sizes or total > asked.limit_mb * 1e6:
        print(f"too large: {total / 1e6:.0f} MB, or torch is there; expected {asked.limit_mb} MB")
        return 1
    return 0


def _environment(python: str, folder: Path) -> Path:
    subprocess.run([python, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def _build(python: Path, out: Path) -> dict[str, Path]:
    """Build in an environment of its own, so that nothing of it stays."""
    builder = _environment(str(python), out.parent / "builder")
    _pip(builder, "install", "build")
    _run([builder, "-m", "build", "--outdir", out, ROOT])
    return {path.suffix: path for path in out.iterdir()}


def _show(sizes: dict[str, tuple[str, int]]) -> int:
    print("| package | version | MB |\n|---|---|---|")
    for name, (version, size) in sorted(sizes.items(), key=lambda one: -one[1][1]):
        print(f"| {name} | {version} | {size / 1e6:.1f} |")
    total = sum(size for _, size in sizes.values())
    print(f"| all {len(sizes)} | | {total / 1e6:.1f} |")
    return total


def _smoke(python: Path) -> None:
    said = _run([python, "-m", "dragoman", "translate", "phrasebook-en-fr", "I am a student"])
    if said.strip() != "je suis étudiant":
        raise SystemExit(f"translated to {said!r}; expected je suis étudiant")


def _pip(python: Path, *words: str | Path) -> None:
    _run([python, "-m", "pip", "--quiet", *words])


def _run(command: list[str | Path]) -> str:
    # Not here: the clone's own sources must play no part.
    done = subprocess.run(
        command, cwd=tempfile.gettempdir(), env=_clean(), capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr.decode()[-3000:]}")
    return done.stdout.decode()


def _clean() -> dict[str, str]:

    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


if __name__ == "__main__":
    sys.exit(main())
