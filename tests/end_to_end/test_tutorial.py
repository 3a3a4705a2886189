"""The tutorial's commands, run; its claims, measured again; its two languages, held side by side."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dragoman
from dragoman.data import phrasebook
from dragoman.data.corpus import Pair
from dragoman.inspection.exposure import expose
from dragoman.lab.gradient import GradientOptions, study_gradient

pytestmark = pytest.mark.usefixtures("unchecked")

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("tutorial.md", "tutorial.ko.md")]
ENGLISH = PAGES[0].read_text(encoding="utf-8")
SHIPPED = re.compile(r"dragoman (translate|trace) ")
# A command, and what the page says that it prints.
SHOWN = re.findall(r"```sh\n(dragoman [^\n]*)\n```\n\n```text\n(.*?)```", ENGLISH, re.DOTALL)


def blocks(page: Path, kind: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def test_both_languages_show_the_same():
    english, korean = PAGES
    for kind in ("sh", "text"):
        assert blocks(english, kind) == blocks(korean, kind)
    pictures = [re.findall(r"\]\((tutorial/[^)]*)\)", page.read_text()) for page in PAGES]
    assert pictures[0] == pictures[1]
    assert all((ROOT / "docs" / name).is_file() for name in pictures[0])
    headings = [re.findall(r"^## (\d+)\.", page.read_text(), re.MULTILINE) for page in PAGES]
    assert headings[0] == headings[1] == [str(n) for n in range(1, 9)]


def test_enough_is_shown():
    assert len([command for command, _ in SHOWN if SHIPPED.match(command)]) == 4


@pytest.mark.parametrize(
    ("command", "printed"),
    [one for one in SHOWN if SHIPPED.match(one[0])],
    ids=lambda text: text.split("\n")[0][:50],
)
def test_what_is_printed_is_what_is_shown(command, printed, tmp_path):
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    numbers = re.compile(r"-?\d+\.\d+")
    assert numbers.sub("#", done.stdout) == numbers.sub("#", printed)
    found, shown = (map(float, numbers.findall(text)) for text in (done.stdout, printed))
    assert list(found) == pytest.approx(list(shown), abs=0.15)


def test_the_pages_of_section_5_are_written(tmp_path):
    for command in (
        'trace phrasebook-en-fr-plain "I am a student" --html trace.html',
        "plot phrasebook-en-fr --out pictures",
    ):
        words = [sys.executable, "-m", "dragoman", *shlex.split(command)]
        subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    assert "étudiant" in (tmp_path / "trace.html").read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "attention.png",
        "contexts.png",
    }


def test_the_gradient_reaches_the_first_word_through_gates_alone():
    """Section 6, on fewer steps and lengths."""
    rnn, gru, lstm = study_gradient(GradientOptions(lengths=(30, 60), steps=300))
    assert rnn.before[0] < 1e-4 < 1e-3 < lstm.before[0]
    assert rnn.before[1] < 1e-8 < 1e-6 < lstm.before[1]
    assert min(*gru.after, *lstm.after) > 1e-2
    assert min(*gru.right, *lstm.right) > max(rnn.right)
    assert min(*gru.right, *lstm.right) > 95


def test_the_gradient_is_measured_as_by_hand():
    """Without recurrence nothing comes from the first word; of one word the share is 1."""
    (found,) = study_gradient(GradientOptions(cells=("rnn",), lengths=(1, 2), steps=0))
    assert found.before[0] == pytest.approx(1)
    assert 0 < found.before[1] < 1.5


@pytest.mark.parametrize("bad", [("--cells", "rnn,nnr"), ("--lengths", "3,x"), ("--lengths", "0")])
def test_what_cannot_be_measured_is_said(bad, capsys):
    from dragoman.cli.main import main

    assert main(["lab", "gradient", *bad]) == 2
    assert "expected" in capsys.readouterr().err


def test_attention_is_ahead_after_the_same_steps(tmp_path):
    """Sections 7 and 8, on fewer steps and half the width.

    Alone, the plain model gets fewer words right, and far fewer than taught.
    """
    pairs = [Pair(*pair) for pair in phrasebook.pairs("en", "fr", "test")][:100]
    free, forced = {}, {}
    for name in ("plain", "attention"):
        settings = [f"training.{one}" for one in ("steps=300", "validate_every=300", "threads=1")]
        settings += ["model.hidden_size=128", "model.embedding_size=64"]
        options = dragoman.TrainOptions(settings=settings)
        model = dragoman.train(ROOT / "recipes" / f"{name}.toml", tmp_path / name, options)
        written = [(pair.src, model.as_written(pair.tgt)) for pair in pairs]
        seen = expose(model.subject.translator, written)
        total = sum(one.total for one in seen)
        free[name] = sum(one.free for one in seen) / total
        forced[name] = sum(one.forced for one in seen) / total
    assert free["attention"] > 1.5 * free["plain"]
    assert forced["plain"] > free["plain"] + 0.05
    shutil.rmtree(tmp_path)
