"""What the documents say is so: code runs, commands and links exist, figures are filled in."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "dragoman"
BIN = Path(sys.executable).parent
FOLDERS = (".", "docs", "docs/decisions", "recipes", "benchmarks")
PAGES = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.md"))
GUIDE = ROOT / "docs" / "add-an-attention.md"
READMES = (ROOT / "README.md", ROOT / "README.ko.md")
MOST_PLUGIN_LINES = 40


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Return a page's code of one language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", read(page), re.DOTALL | re.MULTILINE)


def calls(page: Path) -> list[str]:
    """Return the calls of `dragoman` in a page, without their comments."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += re.findall(r"`(dragoman [^`]*)`", read(page))
    bare = (" ".join(line.partition(" #")[0].split()) for line in lines)
    return [line for line in bare if line.startswith("dragoman ")]


def run(*words: str | Path, folder: Path) -> str:
    """Run a command as a reader would, and return what it says."""
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


class TestAddAnAttention:
    """The guide's plugin is short, keeps the contracts, and can be trained with."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Save the guide's file as its reader does."""
        (code,) = blocks(GUIDE, "python")
        (tmp_path / "mine.py").write_text(code, encoding="utf-8")
        return tmp_path

    def test_it_is_short(self, folder: Path):
        assert len(read(folder / "mine.py").splitlines()) <= MOST_PLUGIN_LINES

    def test_it_keeps_the_contracts(self, folder: Path):
        (command,) = (block for block in blocks(GUIDE, "sh") if block.startswith("pytest "))
        # In networks of the plainest cell; beside the others stand all attentions that ship, in tests/contract.
        quick = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "-k", "rnn or test_parts")
        said = run(BIN / "pytest", *command.split()[1:], *quick, folder=folder)
        passed = re.search(r"(\d+) passed", said)
        assert passed is not None
        assert int(passed[1]) > 50, "an attention has more contracts than that"

    def test_it_can_be_trained_and_used(self, folder: Path, program: Path):
        pairs = [f"word{n} and word{n + 1}\tmot{n} et mot{n + 1}\n" for n in range(60)]
        (folder / "pairs.tsv").write_text("".join(pairs), encoding="utf-8")
        train, translate = calls(GUIDE)
        run(program, *train.split()[1:], "--set", "training.steps=3", folder=folder)
        said = run(program, *translate.split()[1:], "word1 and word2", folder=folder)
        assert said.count("\n") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestPage:
    def test_its_links_lead_somewhere(self, page: Path):
        targets = re.findall(r"\]\(([^)\s]+)\)", read(page))
        paths = [target.partition("#")[0] for target in targets if "://" not in target]
        assert [path for path in paths if not (page.parent / path).exists()] == []

    def test_its_figures_are_filled_in(self, page: Path):
        assert re.findall(r"\{\{\w+\}\}", read(page)) == []

    def test_its_commands_exist(self, page: Path, helps: dict[str, str]):
        for call in calls(page):
            name = next(
                (name for name in helps if f"{call} ".startswith(f"dragoman {name} ")), None
            )
            if name is None:
                assert call in ("dragoman --help", "dragoman data"), call
                continue
            options = re.findall(r"(?<= )--[a-z-]+", call)
            assert [one for one in options if one not in helps[name]] == [], call


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory, program: Path) -> dict[str, str]:
    """Ask each command of the documents for its help."""
    folder = tmp_path_factory.mktemp("help")
    called = {tuple(call.split()[1:3]) for page in PAGES for call in calls(page)}
    names = {
        f"{name} {sub}" if name in ("data", "lab", "models") else name
        for name, *rest in called
        for sub in rest or [""]
    }
    found = sorted(name for name in names if name[0] != "-" and name[-1] != " ")
    return {name: run(program, *name.split(), "--help", folder=folder) for name in found}


class TestReadme:
    """The two languages show the same."""

    def test_its_python_compiles(self):
        for page in READMES:
            for code in blocks(page, "python"):
                compile(code, page.name, "exec")

    def test_both_have_the_same_commands(self):
        english, korean = map(calls, READMES)
        assert set(english) == set(korean)

    def test_both_have_the_same_parts_and_figures(self):
        english, korean = (re.split(r"^## .*$", read(page), flags=re.MULTILINE) for page in READMES)
        assert len(english) == len(korean)
        for ours, theirs in zip(english, korean, strict=True):
            tables = [
                [line for line in part.splitlines() if line[:1] == "|"] for part in (ours, theirs)
            ]
            assert len(tables[0]) == len(tables[1])
            for row, other in zip(*tables, strict=True):
                assert sorted(re.findall(r"\d+(?:\.\d+)?", row)) == sorted(
                    re.findall(r"\d+(?:\.\d+)?", other)
                )


class TestMap:
    """The map leaves no stop out."""

    LEFT_OUT = frozenset(
        {"evaluation/ter.py", "nn/dropout.py", "nn/linear.py", "training/callbacks.py"}
    )

    @pytest.mark.parametrize("page", ["map.md", "map.ko.md"])
    def test_every_file_has_its_line(self, page: str):
        rooms = ("text", "data", "nn", "search", "training", "evaluation", "inspection")
        files = [path for room in rooms for path in sorted((PACKAGE / room).glob("[!_]*.py"))]
        names = [path.relative_to(PACKAGE).as_posix() for path in files]
        linked = set(re.findall(r"\(\.\./src/dragoman/([^)]+)\)", read(ROOT / "docs" / page)))
        assert [name for name in names if name not in linked | self.LEFT_OUT] == []
