"""A model folder and a bundle answer alike, and a bundle without torch."""

import subprocess
import sys

import pytest

import dragoman
from dragoman.api import export_bundle
from dragoman.cli.main import main
from dragoman.errors import ModelError
from dragoman.loading import load
from dragoman.search.sampling import SamplingOptions
from dragoman.translator import TranslateOptions
from dragoman.workers import ParallelTranslator, num_cores
from helpers.cli import train_tiny

NO_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "onnx", "safetensors", "jaxtyping", "tomli_w", *HEAVY}:
            raise ImportError(f"{name} was imported")
sys.meta_path.insert(0, Refuse())
from dragoman.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
TEXTS = [f"{a} {b}" for a in ("one", "two", "ten", "six") for b in ("five", "nine", "seven")]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    trained = train_tiny(folder)
    export_bundle(trained, folder / "bundle")
    export_bundle(trained, folder / "int8", int8=True)
    return {"model": trained, "bundle": folder / "bundle", "int8": folder / "int8"}


def run(words, heavy=()):
    code = NO_TORCH.replace("*HEAVY", ", ".join(map(repr, heavy)))
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def test_a_bundle_says_what_its_model_says(models):
    wanted = load(models["model"]).translate(TEXTS, beam_size=3)
    for name in ("bundle", "int8"):
        found = load(models[name]).translate(TEXTS, beam_size=3)
        assert [one.text for one in found] == [one.text for one in wanted]
    found = dragoman.load(models["bundle"]).translate(TEXTS, beam_size=3)
    for one, other in zip(found, wanted, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert one.attention == pytest.approx(other.attention, abs=1e-4)


@pytest.mark.parametrize("order", [("model", "bundle"), ("bundle", "model")])
def test_a_model_and_its_bundle_vote_as_either(models, order):
    """Tensors of torch and arrays stand beside each other in one search."""
    members = [load(models[name]) for name in order]
    wanted = members[0].translate(TEXTS, beam_size=3)
    found = dragoman.ensemble(members).translate(TEXTS, beam_size=3)
    assert [one.text for one in found] == [one.text for one in wanted]
    assert [one.score for one in found] == pytest.approx([one.score for one in wanted], abs=1e-4)


def test_it_scores_and_traces_alike(models):
    torch_model, bundle = load(models["model"]), load(models["bundle"])
    assert bundle.score("one two", "un deux") == pytest.approx(
        torch_model.score("one two", "un deux"), abs=1e-4
    )
    found, wanted = bundle.trace("one two"), torch_model.trace("one two")
    assert [step.input for step in found.steps] == [step.input for step in wanted.steps]


def test_a_bundle_translates_where_there_is_no_torch(models):
    """Nor anything else that only training, scoring or exporting needs."""
    done = run(
        ["translate", models["bundle"], "one two"], heavy=("sacrebleu", "matplotlib", "pyarrow")
    )
    assert done.stderr.decode() == ""
    assert done.stdout.decode() == "un deux\n"


def test_info_and_evaluate_need_no_torch(models):
    pairs = models["model"].parent / "pairs.tsv"
    done = run(["info", models["bundle"], "--json"])
    assert done.returncode == 0, done.stderr.decode()
    assert b'"num_weights"' in done.stdout
    done = run(["evaluate", models["bundle"], pairs, "--no-bootstrap", "--json"])
    assert done.returncode == 0, done.stderr.decode()
    assert b'"bleu"' in done.stdout.lower()


def test_lines_of_all_kinds_are_answered(models):
    """Each line of its own, whatever stands around it."""
    strange = [
        "one two",
        "",
        "one " * 10_000,
        "😀 👩‍👩‍👧 🇫🇷",
        "\x00\x07\x1b\u202e",
        "xyzzy plugh quux",
        "two one",
    ]
    for name in ("bundle", "int8"):
        model = load(models[name])
        options = TranslateOptions(max_length=30, beam_size=2)
        found = [one.text for one in model.translate(strange, options)]
        assert len(found) == len(strange)
        assert found[1] == found[4] == ""
        assert found[0] == "un deux"
        assert found[-1] == "deux un"


def test_many_hands_make_the_same_work(models):
    one, two = load(models["bundle"], threads=1), load(models["bundle"], threads=2)
    texts = TEXTS * 3
    assert isinstance(two.translator, ParallelTranslator)
    assert two.translate(texts) == one.translate(texts)
    prefixes = ["sept"] * len(texts)
    options = TranslateOptions(prefixes=prefixes)
    assert two.translate(texts, options) == one.translate(texts, options)
    for options in (
        TranslateOptions(sampling=SamplingOptions(seed=3)),
        TranslateOptions(beam_size=3, nbest=2, confidence=True),
    ):
        assert two.translate(texts, options) == one.translate(texts, options)


def test_threads_are_as_many_as_asked_for(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert num_cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert num_cores() >= 1


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="not a model folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    "program",
    [
        "from dragoman.cli.main import main; sys.exit(main(['translate', {folder!r}, 'one']))",
        "from dragoman.cli.measure import main; sys.exit(main([json.dumps({{'model': {folder!r}, 'texts': '', "
        "'beams': [1], 'threads': 1, 'rounds': 1}})]))",
    ],
    ids=["translate", "bench"],
)
def test_a_folder_that_needs_torch_says_so(models, program):
    before = "import json, sys\nsys.modules['torch'] = None\n"
    command = [sys.executable, "-c", before + program.format(folder=str(models["model"]))]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 2
    (said,) = done.stderr.splitlines()
    assert said.endswith("needs torch, which is not installed: pip install 'dragoman[train]'")


def test_export_and_bench_are_commands(models, tmp_path, capsys):
    assert main(["export", str(models["model"]), "--to", str(tmp_path / "b"), "--int8"]) == 0
    assert "int8" in capsys.readouterr().out
    words = ["bench", str(tmp_path / "b"), "--beam", "1,2", "--rounds", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "sentences/s" in shown
    assert "first translation" in shown
    assert main(["bench", str(tmp_path / "b"), "--threads", "none"]) == 2
    assert "expected numbers from 1" in capsys.readouterr().err
    assert main(["bench", str(tmp_path / "nowhere")]) == 2
    assert "no such model folder" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "b"), "--to", str(tmp_path / "c")]) == 2
    assert "resolved.toml is missing" in capsys.readouterr().err
