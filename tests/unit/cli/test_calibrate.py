import json
import shutil

import pytest

from dragoman import load
from dragoman.cli.main import main
from dragoman.translator import TranslateOptions
from helpers.cli import feed, write_pairs

pytestmark = pytest.mark.usefixtures("unchecked")


@pytest.fixture
def run(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)

    def call(*words, code=0, content=b""):
        feed(monkeypatch, content)
        assert main([*map(str, words)]) == code
        return capsys.readouterr()

    return call


def test_training_ends_with_a_calibration(model):
    found = load(model).config.calibration
    assert found is not None
    assert (found.measure, found.num_outputs) == ("chrf", 10)
    assert load(model).translator.calibration == found


def test_evaluate_says_how_far_confidence_can_be_believed(run, model):
    shown = run("evaluate", model, "pairs.tsv", "--no-bootstrap", "--beam", "1", "--curve", "c.png")
    assert "expected calibration error" in shown.out
    found = json.loads(run("evaluate", model, "pairs.tsv", "--no-bootstrap", "--json").out)
    assert [len(found["confidence"][name]) for name in ("ece_tokens", "ece_outputs")] == [2, 2]
    assert found["confidence"]["coverage"][0]["coverage"] == 1.0
    less = run("evaluate", model, "pairs.tsv", "--no-bootstrap", "--no-confidence", "--json")
    assert "confidence" not in json.loads(less.out)


def test_the_curve_is_a_picture(run, model, tmp_path):
    run("evaluate", model, "pairs.tsv", "--no-bootstrap", "--json", "--curve", "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    said = run("evaluate", model, "pairs.tsv", "--no-bootstrap", "--curve", "curve.gif", code=2)
    assert "curve.gif" in said.err


def test_translate_leaves_lines_empty_that_it_is_not_sure_of(run, model):
    lines = ["one two", "qqq nine one qqq two"]
    sure = load(model).translate(lines, TranslateOptions(confidence=True))
    least = sum(one.confidence for one in sure) / 2
    kept = [one.text if one.confidence >= least else "" for one in sure]
    assert kept.count("") == 1
    content = "".join(f"{line}\n" for line in lines).encode()
    said = run("translate", model, "--min-confidence", least, content=content)
    assert said.out.splitlines() == kept
    assert "1 of 2 lines left empty" in said.err
    shown = run("translate", model, "--min-confidence", least, "--json", content=content).out
    assert [json.loads(line)["abstained"] for line in shown.splitlines()] == [
        not one for one in kept
    ]
    assert "from 0 to 1" in run("translate", model, "--min-confidence", 2, "a", code=2).err


def test_calibrate_changes_what_a_model_says_of_itself_alone(run, model, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(model, own)
    found = json.loads(run("calibrate", own, "pairs.tsv", "--beam", "1", "--json").out)
    assert found["num_outputs"] == 100
    assert load(own).config.calibration.model_dump() == found
    assert load(own).translate("one two").text == load(model).translate("one two").text
    assert "stays as it is" in run("calibrate", "phrasebook-en-fr", "pairs.tsv", code=2).err


def test_a_bundle_carries_it_and_can_be_calibrated(run, model, tmp_path):
    run("export", model, "--to", tmp_path / "bundle")
    bundle, options = load(tmp_path / "bundle"), TranslateOptions(confidence=True)
    assert bundle.config.calibration == load(model).config.calibration
    sure = bundle.translate("one two", options).confidence
    assert sure == pytest.approx(load(model).translate("one two", options).confidence, abs=1e-3)
    assert "temperature" in run("calibrate", tmp_path / "bundle", "pairs.tsv").out
    assert load(tmp_path / "bundle").config.calibration.num_outputs == 100
