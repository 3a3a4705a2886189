"""The examples of docs/tasks.md run as they are written, and the Korean page has the same ones."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from dragoman.data.catalogue import CATALOGUE
from dragoman.tasks import TASKS

ROOT = Path(__file__).parents[2]
PAGE, KOREAN = ROOT / "docs" / "tasks.md", ROOT / "docs" / "tasks.ko.md"
FETCHES = "dragoman data get "


def sections(page: Path) -> dict[str, str]:
    """Give a page's sections by their headings."""
    _, *parts = re.split(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(text: str) -> list[str]:
    """Give the shell code of a text."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def table(page: Path) -> dict[str, list[str]]:
    """Give the words between backquotes of each row of the page's table, by task."""
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:4] == "| [`"]
    return {
        (cells := [re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:-1]])[0][0]: cells[3]
        for row in rows
    }


SECTIONS = sections(PAGE)
EXAMPLES = {
    name: [block for block in blocks(text) if not block.startswith(FETCHES)]
    for name, text in SECTIONS.items()
}
SCORES = table(PAGE)


@dataclass(frozen=True)
class Run:
    """What came of an example."""

    status: int
    out: str
    err: str

    @property
    def scores(self) -> dict:
        """What `evaluate --json` printed, which comes last."""
        return json.loads(self.out[re.search(r"^\{$", self.out, re.MULTILINE).start() :])


def run(block: str, folder: Path, program: Path) -> Run:
    """Run an example as its reader would."""
    environment = os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", block],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, program: Path) -> dict[str, Run]:
    """Run each section's example from the top of the page down, in one folder, as a reader would."""
    folder = tmp_path_factory.mktemp("tasks")
    return {name: run(*found, folder, program) for name, found in EXAMPLES.items()}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name: str, ran: dict[str, Run]):
    done = ran[name]
    assert done.status == 0, f"{done.out}\n{done.err}"
    assert "Traceback" not in done.err
    assert done.scores["num_sentences"] > 0


@pytest.mark.parametrize("task", TASKS)
def test_a_task_prints_the_scores_that_the_table_names(task: str, ran: dict[str, Run]):
    found = ran[task].scores
    for name in SCORES[task]:
        if TASKS[task].flat:
            assert 0 <= found[name] <= 200, name
            assert (
                "version:1" in found["signatures"][name] or "version" in found["signatures"][name]
            )
        else:
            assert "signature" in found[name]


def test_constraints_hold(ran: dict[str, Run]):
    said = ran["Hard constraints"].out.splitlines()
    assert said[0] == "D R AE G AH M AH N"
    assert said[1] == "" or re.fullmatch("B(?: (?:B|R|AE|T))* T", said[1])
    assert set(ran["g2p"].out.splitlines()[2].split()) <= {"AE", "B", "K", "M", "R", "T"}
    for line in ran["transliterate"].out.splitlines()[:3]:
        assert re.fullmatch(r"1\t-\d+\.\d+\t[가-힣]+", line), line
    assert re.fullmatch(r"(?:\d{4}-\d{2}-\d{2})?", ran["normalise"].out.splitlines()[0])


def test_labels_are_of_the_data(ran: dict[str, Run]):
    labels = ran["tag"].out.splitlines()[0].split()
    assert len(labels) == 4
    assert set(labels) <= {"O", "B-PER", "B-LOC", "I-LOC"}
    assert ran["classify"].out.splitlines()[0] in ("good", "bad")


class TestPages:
    """What the page says, and that the two languages say the same."""

    def test_every_task_has_its_section_and_row(self):
        assert [name for name in TASKS if name not in SECTIONS] == []
        assert list(SCORES) == [name for name in SECTIONS if name in SCORES]
        assert {name: set(SCORES[name]) for name in TASKS} == {
            name: {"accuracy" if one == "token_accuracy" else one for one in task.metrics}
            | ({f"accuracy_{task.nbest}best"} if task.nbest > 1 else set())
            for name, task in TASKS.items()
        }

    def test_examples_are_short(self):
        for name, found in EXAMPLES.items():
            assert len(found) == 1, name
            assert len(found[0].splitlines()) <= 13, name

    @pytest.mark.parametrize("task", TASKS)
    def test_its_data_is_in_the_catalogue_and_for_it(self, task: str):
        (block,) = (block for block in blocks(SECTIONS[task]) if block.startswith(FETCHES))
        get, train = block.splitlines()
        name, folder = re.fullmatch(r"dragoman data get (\S+) --out (\S+)", get).groups()
        assert CATALOGUE[name].task == task
        assert f"{folder}/train.tsv" in train
        assert task == "translate" or f" --task {task} " in train

    def test_corpora_that_are_named_exist(self):
        named = set()
        for line in PAGE.read_text(encoding="utf-8").splitlines():
            if line.startswith("| [`"):
                named |= set(re.findall(r"`([^`]+)`", line.split("|")[5]))
        assert named
        assert {name for name in named if name not in CATALOGUE} <= (
            set() if "summarise" in TASKS else {"debian-synopses"}
        )

    def test_numbers_of_languages(self):
        text = PAGE.read_text(encoding="utf-8")
        for family, count in re.findall(r"`([a-z0-9-]+)-LANGUAGE`[^`.]*?(?<!\d)(\d+)(?!\d)", text):
            assert sum(name.startswith(f"{family}-") for name in CATALOGUE) == int(count), family

    def test_both_languages_have_the_same_code(self):
        ours, theirs = (page.read_text(encoding="utf-8") for page in (PAGE, KOREAN))
        assert blocks(ours) == blocks(theirs)
        assert table(PAGE) == table(KOREAN)
        calls = [set(re.findall(r"`(--[^`]+|dragoman [^`]+)`", text)) for text in (ours, theirs)]
        assert calls[0] == calls[1]
        assert len(sections(PAGE)) == len(sections(KOREAN))
