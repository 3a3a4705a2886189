import json

from dragoman.cli.data import DownloadLine
from dragoman.cli.main import main


def test_list(capsys):
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("tatoeba-en-fr ") for line in lines)
    assert main(["data", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(lines)
    assert {"name", "licence", "home", "checksum", "languages"} <= set(rows[0])


def test_the_phrasebook_needs_no_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "get", "phrasebook-en-fr"]) == 0
    said = capsys.readouterr()
    names = ["train.tsv", "dev.tsv", "test.tsv"]
    assert said.out.splitlines() == [f"data/phrasebook-en-fr/{name}" for name in names]
    assert "licence: CC0" in said.err
    assert "dragoman train data/phrasebook-en-fr/train.tsv --dev" in said.err
    assert main(["data", "get", "phrasebook-en-fr", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 3
    (tmp_path / "data" / "phrasebook-en-fr" / "dev.tsv").write_text("mine\tmine\n", "utf-8")
    assert main(["data", "get", "phrasebook-en-fr"]) == 2
    assert "it was not overwritten" in capsys.readouterr().err


def test_an_unknown_name(capsys):
    assert main(["data", "get", "tatoeba-en-frr"]) == 2
    said = capsys.readouterr()
    assert "tatoeba-en-fr" in said.err
    assert said.out == ""


def test_progress(capsys):
    progress = DownloadLine()
    for done in (10, 200_000):
        progress("a.zip", done, 200_000)
    progress("b.zip", 1, None)
    progress.close()
    assert capsys.readouterr().err.splitlines() == ["a.zip: 0.2 MB ...", "b.zip ..."]
    progress.live, progress.name = True, ""
    for done in (10, 200_000):
        progress("a.zip", done, 200_000)
    progress.close()
    assert "a.zip: 0.2 MB of 0.2 MB, 100 %\n" in capsys.readouterr().err
