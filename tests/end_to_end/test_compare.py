"""`dragoman compare` on the bundles that ship: tables, JSON and a page; and what it says of what it cannot use."""

import json
import re
import subprocess
import sys

import pytest

from dragoman import load
from dragoman.cli.main import main
from dragoman.data.phrasebook import pairs

PLAIN, ATTENTION = "phrasebook-en-fr-plain", "phrasebook-en-fr"
HOSTILE = "<script>alert(1)</script> {{say}} </bdi>"


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """Call the command in a folder with a test set of a hundred sentences."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{src}\t{tgt}\n" for src, tgt in pairs("en", "fr", "test")[:100]]
    (tmp_path / "test.tsv").write_text("".join(rows), encoding="utf-8")

    def call(*words, data="test.tsv", code=0):
        assert main(["compare", *words, "--data", data]) == code
        return capsys.readouterr()

    return call


def test_shipped_bundles(compare):
    found = json.loads(compare(PLAIN, ATTENTION, "--json", "--samples", "200").out)
    assert (found["a"], found["b"], found["num_sentences"]) == (PLAIN, ATTENTION, 100)
    assert list(found["scores"]) == ["bleu", "chrf", "ter", "exact_match"]
    swapped = json.loads(compare(ATTENTION, PLAIN, "--json", "--samples", "200").out)
    for name, one in found["scores"].items():
        low, high = one["interval"]
        assert low <= one["difference"] <= high
        assert one["difference"] == one["second"]["score"] - one["first"]["score"]
        assert "bs:200" in one["first"]["signature"]
        other = swapped["scores"][name]
        assert other["p_value"] == pytest.approx(one["p_value"])
        assert other["difference"] == pytest.approx(-one["difference"])
    assert swapped["gains"] == [
        {
            **change,
            "first": change["second"],
            "second": change["first"],
            "first_chrf": change["second_chrf"],
            "second_chrf": change["first_chrf"],
        }
        for change in found["losses"]
    ]


def test_the_scores_are_those_of_evaluate(compare, capsys):
    found = json.loads(compare(PLAIN, ATTENTION, "--json").out)["scores"]
    for name, side in ((PLAIN, "first"), (ATTENTION, "second")):
        assert main(["evaluate", name, "test.tsv", "--json"]) == 0
        alone = json.loads(capsys.readouterr().out)
        for metric, one in found.items():
            assert one[side]["score"] == pytest.approx(alone[metric]["score"])
            assert one[side]["interval"] == pytest.approx(alone[metric]["interval"])


def test_a_model_against_itself(compare):
    said = compare(PLAIN, PLAIN, "--metric", "bleu", "--metric", "accuracy")
    assert said.out.count("no clear difference") == 2
    assert said.out.count("1.000") == 2
    assert "both make the same of 100" in said.out
    assert said.out.count("There are none.") == 2


def test_what_a_model_wrote_is_as_good_as_the_model(compare, tmp_path):
    """The files hold a line a pair, though the test set has one source twice."""
    rows = ["I am a student.\tje suis étudiant\n", "The cat is sleeping.\tle chat dort\n"]
    rows.append("I am a student.\tje suis étudiante\n")
    (tmp_path / "twice.tsv").write_text("".join(rows), encoding="utf-8")
    for name in (PLAIN, ATTENTION):
        made = load(name).translate([row.split("\t")[0] for row in rows])
        lines = "".join(f"{one.text}\n" for one in made)
        (tmp_path / f"{name}.txt").write_text(lines, encoding="utf-8")
    options = ("--json", "--samples", "50")
    wanted, found, mixed = (
        json.loads(compare(*systems, *options, data="twice.tsv").out)
        for systems in (
            (PLAIN, ATTENTION),
            (f"{PLAIN}.txt", f"{ATTENTION}.txt"),
            (PLAIN, f"{ATTENTION}.txt"),
        )
    )
    assert found["num_sentences"] == 2
    assert mixed["scores"] == wanted["scores"]
    for name, one in found["scores"].items():
        assert one["first"]["score"] == wanted["scores"][name]["first"]["score"]
        assert "texts:" not in one["first"]["signature"]  # nobody is known to have dropped anything


def test_the_page_needs_nothing_else_and_runs_nothing(compare, tmp_path):
    (tmp_path / "test.tsv").write_text(f"{HOSTILE}\t{HOSTILE}\nyes\toui\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text(f"{HOSTILE} a\noui\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text(f"{HOSTILE}\nnon\n", encoding="utf-8")
    said = compare("a.txt", "b.txt", "--html", "page.html", "--metric", "chrf")
    assert "page.html: the page" in said.err
    assert "Only 2 sentences" in said.out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; {{say}} &lt;/bdi&gt;") >= 4
    assert re.findall(r'(?:src|href)="[^#"]', page) == []
    sections = re.findall(r'<section class="part" id="([\w-]+)"', page)
    assert sections == [
        "scores",
        "by-length",
        "by-frequency",
        "gains",
        "losses",
        "by-length-chrf",
    ]
    keys = set(re.findall(r'data-t="(compare_\w+)"', page))
    messages = re.search(r'id="messages">(.*?)</script>', page, re.DOTALL)
    assert messages is not None
    both = json.loads(messages[1])
    for key in keys:
        assert both["en"][key]
        assert both["ko"][key]


def test_words_by_their_frequency_in_training(compare, tmp_path):
    (tmp_path / "train.tsv").write_text("the cat\tle chat\n" * 12, encoding="utf-8")
    (tmp_path / "two.tsv").write_text("The cat.\tLe chat.\nThe dog.\tLe chien.\n", "utf-8")
    (tmp_path / "a.txt").write_text("Le chat.\nLe chat.\n", encoding="utf-8")
    options = ("--train", "train.tsv", "--json", "--samples", "10", "--bleu-tokenize", "none")
    found = json.loads(compare("a.txt", PLAIN, *options, data="two.tsv").out)
    rows = {row["frequency"]: row for row in found["by_frequency"]}
    # As the bundle writes: no case, no stop. `chien` was never seen; `le` and `chat` twelve times.
    assert rows["0"]["num_words"] == 1
    assert rows["0"]["first"] == 0
    assert rows["10-99"]["num_words"] == 3
    assert rows["10-99"]["first"] == pytest.approx(200 * 3 / 7)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([PLAIN, ATTENTION, "--metric", "blue"], "--metric blue: no such metric; there are bleu, "),
        ([PLAIN, ATTENTION, "--metric", "f1"], "f1: means nothing for these references"),
        ([PLAIN, ATTENTION, "--bleu-tokenize", "13b"], "no BLEU tokenizer '13b'"),
        ([PLAIN, ATTENTION, "--html", "."], "--html .: is a folder; name a file in it"),
        ([PLAIN, ATTENTION, "--html", "no/x.html"], "the folder no does not exist; make it first"),
        ([PLAIN, "nothing"], "nothing"),
        ([PLAIN, "short.txt"], "short.txt: 1 lines, but test.tsv has 100 pairs that can be used"),
        ([PLAIN, ATTENTION, "--data", "none.tsv"], "none.tsv does not exist"),
    ],
)
def test_one_sentence_on_what_is_wrong(compare, tmp_path, words, wanted):
    (tmp_path / "short.txt").write_text("un\n", encoding="utf-8")
    data = words[-1] if "--data" in words else "test.tsv"
    said = compare(*words, data=data, code=2)
    assert said.out == ""
    assert wanted in said.err
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_models_for_different_tasks(compare, monkeypatch, tmp_path):
    from dragoman import comparing

    other = load(PLAIN)
    other.config = other.config.model_copy(update={"task": "g2p"})
    models = {PLAIN: other, ATTENTION: load(ATTENTION)}
    monkeypatch.setattr(comparing, "load", lambda path: models[str(path)])
    said = compare(PLAIN, ATTENTION, code=2)
    assert f"{PLAIN} is a model for g2p and {ATTENTION} for translate; both must" in said.err


def test_without_torch(compare):
    """Bundles are compared where there is no torch."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from dragoman.cli.main import main\n"
        f"sys.exit(main(['compare', '{PLAIN}', '{ATTENTION}', '--data', 'test.tsv', '--samples', '10']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
