"""`dragoman compare` with a model folder that needs torch, and with lines that cannot be used."""

import json

from dragoman import load
from dragoman.cli.main import main
from helpers.cli import write_pairs


def test_a_model_folder_and_what_it_wrote(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pairs = write_pairs(tmp_path).read_text(encoding="utf-8").splitlines()[:20]
    rows = [*pairs[:10], "\tno source", *pairs[10:]]
    (tmp_path / "test.tsv").write_text("\n".join(rows), encoding="utf-8")
    made = load(model).translate([row.split("\t")[0] for row in pairs])
    worse = ["un", *(one.text for one in made[1:])]
    (tmp_path / "worse.txt").write_text("\n".join(worse), encoding="utf-8")
    words = ["compare", str(model), "worse.txt", "--data", "test.tsv", "--samples", "20", "--json"]
    assert main([*words, "--beam", "1"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert "1 lines of test.tsv cannot be used and are skipped" in said.err
    assert (found["num_sentences"], found["num_same"]) == (20, 19)
    (loss,) = found["losses"]
    assert (loss["source"], loss["first"], loss["second"]) == ("one one", made[0].text, "un")
