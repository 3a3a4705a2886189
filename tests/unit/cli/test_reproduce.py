import json

import pytest

from dragoman.cli.main import main
from helpers.cli import TINY, write_pairs

pytestmark = pytest.mark.usefixtures("unchecked")

RECIPE = """
data.train = "pairs.tsv"
data.dev = "pairs.tsv"
data.test = "pairs.tsv"
"""


@pytest.fixture
def reproduce(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    write_pairs(tmp_path / "data")
    small = TINY | {"training.steps": 20, "model.tie_embeddings": False, "text.shared": False}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in small.items()]

    def call(result: str, *words: str, code=0):
        (tmp_path / "r.toml").write_text(RECIPE + "".join(lines) + result, "utf-8")
        assert main(["reproduce", "r.toml", "--data", "data", *words]) == code
        return capsys.readouterr()

    return call


def test_inside_and_outside(reproduce, tmp_path):
    result = '[result]\nmetric = "chrf"\nset = "test"\nscore = 50\n'
    inside, outside = f"{result}low = 0\nhigh = 100.0\n", f"{result}low = -2\nhigh = -1\n"
    said = reproduce(inside, "--seeds", "2", "--out", "out", "--json")
    found = json.loads(said.out)
    assert found["within"] is True
    assert len(found["scores"]) == 2
    assert found["scores"][0] != found["scores"][1]
    assert found["mean"] == pytest.approx(sum(found["scores"]) / 2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["seed-1", "seed-2"]
    # What is done is kept, and only compared anew.
    said = reproduce(outside, "--seeds", "2", "--out", "out", "--resume", code=1)
    assert "lies OUTSIDE the recorded interval, -2.00 to -1.00" in said.out
    assert f"mean {found['mean']:.2f}" in said.out
    (tmp_path / "out" / "seed-1" / "reproduced.json").unlink()  # As if cut off before.
    again = reproduce(inside, "--seeds", "1", "--out", "out", "--resume", "--json")
    assert json.loads(again.out)["scores"] == found["scores"][:1]
    said = reproduce(inside, "--seeds", "1", "--out", "out", code=2)
    assert "holds a model already" in said.err
    other = f"{inside}[search]\nbeam_size = 2\n"
    said = reproduce(other, "--seeds", "1", "--out", "out", "--resume", code=2)
    assert "made by another recipe" in said.err


def test_nothing_recorded(reproduce):
    said = reproduce("", "--seeds", "1")
    assert "records no interval" in said.out
    assert "[result]\n" in said.out
    assert 'metric = "bleu"' in said.out


def test_on_the_dev_set(reproduce):
    said = reproduce('[result]\nmetric = "exact_match"\nset = "dev"\n', "--seeds", "1", "--json")
    assert json.loads(said.out)["set"] == "dev"
    assert json.loads(said.out)["within"] is None


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        ('[result]\nmetric = "blue"', "did you mean 'bleu'?"),
        ('[result]\nset = "train"', "expected 'dev' or 'test'"),
        ("[result]\nlow = 3", "must both be numbers"),
        ('[result]\nlow = "3"\nhigh = 4', "must both be numbers"),
    ],
)
def test_refused(reproduce, result, wanted):
    said = reproduce(result, code=2)
    assert wanted in said.err
    assert said.out == ""


def test_data_that_is_not_there(reproduce, tmp_path):
    (tmp_path / "data" / "pairs.tsv").unlink()
    assert "--data DIR" in reproduce("", code=2).err
