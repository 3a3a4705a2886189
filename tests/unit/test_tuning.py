import json
import sqlite3
from dataclasses import replace

import pytest

from dragoman import tuning
from dragoman.api import TrainOptions
from dragoman.cli.main import main
from dragoman.config import load_config
from dragoman.errors import InputError
from dragoman.training.callbacks import Callback
from dragoman.tuning import Choice, Range, TuneOptions, parse_space, tune
from helpers.cli import both, settings

pytestmark = pytest.mark.usefixtures("unchecked")

PAIRS = [(f"{a} {b}", f"{c} {d}") for a, c in both() for b, d in both()]
TINY = [one for one in settings(training__steps=20, training__validate_every=5) if one != "--set"]
# So small a rate learns nothing: the better one is known.
SPACE = {"training.learning_rate": Choice((0.03, 1e-7)), "model.dropout": Range(0.0, 0.1)}


def test_a_space_is_read():
    found = parse_space(["a.b=1e-4:0.1:log", "c=0:0.5", "d=1,2.5,gru,true"])
    assert found == {
        "a.b": Range(1e-4, 0.1, log=True),
        "c": Range(0.0, 0.5),
        "d": Choice((1, 2.5, "gru", True)),
    }


@pytest.mark.parametrize("word", ["a", "a=", "=1:2", "a=2:1", "a=x:y", "a=1:2:lin", "a=1:2:3:log"])
def test_what_is_no_space_is_refused(word):
    with pytest.raises(InputError, match="LOW:HIGH"):
        parse_space([word])


class Stop(Callback):
    """Stops the second trial, as Ctrl-C does."""

    trials = 0

    def on_step(self, record):
        Stop.trials += record.step == 1
        if Stop.trials == 2 and record.step == 7:
            raise KeyboardInterrupt


def test_a_study_stops_goes_on_and_leaves_the_best_as_a_recipe(tmp_path):
    how = TrainOptions(settings=TINY, callbacks=[Stop()])
    options = TuneOptions(tmp_path / "s", trials=4, space=SPACE, train=how)
    with pytest.raises(KeyboardInterrupt):
        tune(PAIRS, options)
    assert [one.name for one in (tmp_path / "s").glob("trial-*")] == ["trial-0"]
    found = tune(PAIRS, replace(options, train=replace(how, callbacks=())))
    assert len(found) == 4
    with sqlite3.connect(tmp_path / "s" / "study.db") as study:
        states = [state for (state,) in study.execute("SELECT state FROM trials ORDER BY number")]
        drawn = study.execute("SELECT trial_id, param_value FROM trial_params ORDER BY 1, 2")
        rows = drawn.fetchall()
    assert states[:2] == ["COMPLETE", "FAIL"]
    # The trial that was cut off is made again, with what it had drawn.
    values = {number: [value for one, value in rows if one == number] for number, _ in rows}
    assert values[2] == values[3]
    assert found[0].settings["training.learning_rate"] == 0.03
    best = load_config(tmp_path / "s" / "best.toml")
    assert best.training.learning_rate == 0.03
    assert best.model.dropout == pytest.approx(found[0].settings["model.dropout"], abs=1e-6)
    assert (best.training.steps, best.made, best.calibration) == (20, {}, None)


def test_a_hopeless_trial_ends_early_and_its_folder_goes(tmp_path, monkeypatch):
    from optuna import Trial

    monkeypatch.setattr(Trial, "should_prune", lambda trial: trial.number == 1)
    options = TuneOptions(tmp_path / "s", trials=2, space=SPACE, train=TrainOptions(settings=TINY))
    said = []
    found = tune(PAIRS, replace(options, say=said.append))
    assert [one.state for one in found] == ["complete", "pruned"]
    assert not (tmp_path / "s" / "trial-1").exists()
    assert "pruned" in said[1]


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in PAIRS))
    words = ["tune", "pairs.tsv", "--out", "s", "--trials", "1", "--space", "model.dropout=0,0.1"]
    assert main([*words, *settings(training__steps=10), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["number"], found["state"]) == (0, "complete")
    assert (tmp_path / "s" / tuning.PLOT).read_bytes().startswith(b"\x89PNG")
    assert load_config(tmp_path / "s" / "best.toml").training.steps == 10
