"""What the documents say is so: their code runs, their commands and links exist, their figures are filled in."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PAGES = sorted(
    path
    for folder in (".", "docs", "docs/decisions", "recipes", "benchmarks")
    for path in (ROOT / folder).glob("*.md")
)
GUIDE = ROOT / "docs" / "add-an-attention.md"
MOST_LINES = 40

README = {language: ROOT / name for language, name in (("en", "README.md"), ("ko", "README.ko.md"))}


def blocks(page: Path, language: str) -> list[str]:
    """Return a page's code of one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M)
    assert found, f"{page.name} has no {language} block"
    return found


def without_comments(line: str) -> str:
    return line.partition(" #")[0].strip()


def commands(page: Path) -> set[str]:
    """Return the calls of `dragoman` in a page, without what each is there for."""
    text = page.read_text(encoding="utf-8")
    shell = [line for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.S | re.M) for line in block.splitlines()]
    inline = re.findall(r"`(dragoman [^`]*)`", text)
    lines = {without_comments(line) for line in [*shell, *inline]}
    return {line for line in lines if line.startswith("dragoman ")}


def run(*words: str | Path, folder: Path) -> str:
    """Run a command as a reader would, and return what it says."""
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=240
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The guide's file, as its reader saves it."""
    (code,) = blocks(GUIDE, "python")
    path = tmp_path / "mine.py"
    path.write_text(code, encoding="utf-8")
    return path


class TestAddAnAttention:
    """The guide's plugin is short, keeps the contracts, and can be trained with."""

    def test_it_is_short(self, plugin: Path):
        assert len(plugin.read_text(encoding="utf-8").splitlines()) <= MOST_LINES

    def test_it_keeps_the_contracts(self, plugin: Path):
        (command,) = (line for block in blocks(GUIDE, "sh") for line in block.splitlines() if "pytest" in line)
        said = run(BIN / "pytest", *command.split()[1:], "-p", "no:cacheprovider", folder=plugin.parent)
        passed = re.search(r"(\d+) passed", said)
        assert passed is not None
        assert int(passed[1]) > 50, "fewer contracts than an attention has"

    def test_it_can_be_trained_and_used(self, plugin: Path):
        pairs = [f"word{number} and word{number + 1}\tmot{number} et mot{number + 1}" for number in range(60)]
        (plugin.parent / "pairs.tsv").write_text("\n".join(pairs) + "\n", encoding="utf-8")
        (block,) = (block for block in blocks(GUIDE, "sh") if "dragoman train" in block)
        train, translate = (line.split()[1:] for line in block.splitlines())
        run(BIN / "dragoman", *train, "--set", "training.steps=3", folder=plugin.parent)
        (plugin.parent / "in.txt").write_text("word1 and word2\n", encoding="utf-8")
        said = run(
            BIN / "dragoman", *translate, "--input", "in.txt", "--set-nothing"[:0] or "--beam", "2", folder=plugin.parent
        )
        assert said.count("\n") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestPage:
    """Every page."""

    def test_its_links_lead_somewhere(self, page: Path):
        text = page.read_text(encoding="utf-8")
        targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
        missing = [target for target in targets if not (page.parent / target.partition("#")[0]).exists()]
        assert not missing

    def test_its_figures_are_filled_in(self, page: Path):
        assert "{{" not in page.read_text(encoding="utf-8"), "a figure that nobody has measured"


class TestCommands:
    """Every `dragoman ...` in a document is one that there is, with options that it has."""

    ALL = sorted(
        {(line.split()[1], option) for page in PAGES for line in commands(page) for option in re.findall(r" (--[a-z-]+)", line)}
        | {(line.split()[1], "") for page in PAGES for line in commands(page)}
    )

    @pytest.fixture(scope="class")
    def helps(self, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("help")
        names = {name for name, _ in self.ALL if not name.startswith("-")}
        return {name: run(BIN / "dragoman", name, "--help", folder=folder) for name in sorted(names)}

    @pytest.mark.parametrize(("name", "option"), ALL)
    def test_it_exists(self, helps: dict[str, str], name: str, option: str):
        if not name.startswith("-"):
            assert option in helps[name]


class TestReadme:
    """The two languages show the same."""

    def test_its_code_is_valid(self):
        for page in README.values():
            for code in blocks(page, "python"):
                compile(code, page.name, "exec")

    def test_both_show_the_same_commands_and_figures(self):
        assert commands(README["en"]) == commands(README["ko"])
        rows = {
            language: re.findall(r"^\|.*\| (`[^|]*`|[^|]*) \|$", page.read_text(encoding="utf-8"), re.M)
            for language, page in README.items()
        }
        figures = {
            language: sorted(re.findall(r"\d+(?:\.\d+)?", page.read_text(encoding="utf-8").partition("## ")[2]))
            for language, page in README.items()
        }
        assert len(rows["en"]) == len(rows["ko"])
        assert set(figures["en"]) - set(figures["ko"]) == set()


class TestMap:
    """The map names every file along the way."""

    @pytest.mark.parametrize("page", ["map.md", "map.ko.md"])
    def test_it_leaves_no_file_out(self, page: str):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        rooms = ("text", "nn", "search", "training", "data", "evaluation", "inspection")
        package = ROOT / "src" / "dragoman"
        files = [path for room in rooms for path in (package / room).glob("*.py") if path.name != "__init__.py"]
        hidden = {"data/report.py", "nn/linear.py", "nn/dropout.py", "training/callbacks.py", "evaluation/ter.py"}
        names = {str(path.relative_to(package)) for path in files} - hidden
        assert sorted(name for name in names if f"]({'../src/dragoman/' + name})" not in text) == []
