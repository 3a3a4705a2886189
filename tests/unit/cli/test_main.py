import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman import __version__
from dragoman.cli.main import main
from dragoman.cli.reference import reference
from helpers.cli import spawn

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "numpy", "pydantic", "sacrebleu", "rich", "tokenizers", "matplotlib")


def test_help_is_light_and_quick():
    program = (
        "import sys\nfrom dragoman.cli.main import main\nassert main(['--help']) == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    times = []
    for _ in range(3):
        began = _processor_time()
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        times.append(_processor_time() - began)
    assert done.stderr.decode().strip() == "[]"
    print(f"dragoman --help: {min(times):.2f} s")
    assert min(times) < 0.5


def _processor_time():
    """Seconds of this process's children, which the tests beside this one do not lengthen as they do the wall clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_command_imports_no_other():
    program = (
        "import sys\nfrom dragoman.cli.main import main\n"
        "assert main(['translate', 'phrasebook-en-fr', 'I am a student.']) == 0\n"
        "print(*sorted(name for name in sys.modules if name.startswith('dragoman.cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode() == "je suis étudiant\n"
    needed = ("guard", "lines", "main", "options", "translate")
    assert done.stderr.decode().split() == [f"dragoman.cli.{name}" for name in needed]


def test_the_reference_is_current():
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run: python -m dragoman.cli.reference > docs/cli.md"


def test_the_reference_does_not_depend_on_the_terminal(monkeypatch):
    before = reference()
    monkeypatch.setenv("COLUMNS", "40")
    assert reference() == before


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dragoman {__version__}\n"


def test_python_m_is_the_program():
    done = spawn(["--version"])
    assert done.stdout.decode() == f"dragoman {__version__}{os.linesep}"
    assert spawn(["transalte"]).returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["train", "pairs.tsv"],
        ["transalte", "m"],
        ["translate", "m", "--beam", "many"],
        ["reproduce", "r.toml", "--seeds", "0"],
        ["data", "fetch"],
    ],
)
def test_wrong_usage(words, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Usage: dragoman" in said.err
    assert "Traceback" not in said.err


def test_no_command_shows_the_help(capsys):
    main([])
    said = capsys.readouterr()
    assert "translate" in said.out + said.err


def test_the_demo_is_run(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("dragoman.demo.run_demo", lambda out, *, quick: seen.append((out, quick)))
    assert main(["demo", "--out", str(tmp_path / "d"), "--quick"]) == 0
    assert seen == [(tmp_path / "d", True)]
