"""Models by name: those that come with the package, and those that are fetched."""

import hashlib
import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import dragoman
import dragoman.zoo
from dragoman.cli.main import main
from dragoman.data import phrasebook
from dragoman.errors import DataError, ModelError
from dragoman.zoo import open_zoo, shipped
from helpers.bundles import write_tiny

SHIPPED = [row.name for row in open_zoo().rows if row.ships]
ROOM = Path(dragoman.zoo.__file__).parent / "bundles"


def test_what_ships_is_listed_and_small():
    assert sorted(SHIPPED) == sorted(path.name for path in ROOM.iterdir())
    assert set(SHIPPED) == {"phrasebook-en-fr", "phrasebook-en-fr-plain"}
    assert sum(path.stat().st_size for path in ROOM.rglob("*") if path.is_file()) <= 4_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_its_scores_are_what_the_list_says(name):
    model = dragoman.load(name)
    found = model.evaluate(phrasebook.pairs("en", "fr", "test")).scores
    listed = open_zoo().find(name).scores
    assert {metric: round(found[metric].score, 1) for metric in listed} == listed
    assert listed["exact_match"] >= 90
    for text in ("I am a student", "i am a student.", "I AM A STUDENT"):
        assert model.translate(text).text == "je suis étudiant"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A bundle on a local server, and a list that names it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = write_tiny(tmp_path / "site" / "tiny")
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "site")
    ) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        row = {
            "name": "tiny",
            "about": "nothing of use",
            "task": "translate",
            "licence": "CC0-1.0",
            "address": f"http://127.0.0.1:{server.server_port}/tiny/",
            "files": {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in folder.iterdir()
            },
        }
        homeless = {"name": "homeless", "about": "", "task": "g2p", "licence": "MIT"} | {
            "made_by": "dragoman train words.tsv"
        }
        index = tmp_path / "index.json"
        index.write_text(json.dumps({"models": [row, homeless]}))
        yield index, folder
        server.shutdown()
        thread.join()


def test_a_model_is_fetched_whole(published, tmp_path, capsys):
    index, folder = published
    out = tmp_path / "mine"
    assert main(["models", "get", "tiny", "--index", str(index), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    for path in folder.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes()
    dragoman.load(out).translate("abc")
    # Once more: everything is there.
    assert main(["models", "get", "tiny", "--index", str(index), "--out", str(out)]) == 0


def test_another_file_than_the_list_says_is_refused(published, tmp_path):
    index, folder = published
    content = bytearray((folder / "weights.bin").read_bytes())
    content[7] ^= 1
    (folder / "weights.bin").write_bytes(content)
    with pytest.raises(DataError, match=r"weights\.bin"):
        open_zoo(index).get("tiny", tmp_path / "mine")
    assert not (tmp_path / "mine" / "weights.bin").exists()


def test_names_that_lead_nowhere(published, tmp_path):
    index, _ = published
    with pytest.raises(ModelError, match="did you mean tiny"):
        open_zoo(index).find("tinny")
    with pytest.raises(ModelError, match="no address yet; it is made by: dragoman train words"):
        open_zoo(index).get("homeless", tmp_path / "mine")
    for name in ("../bundles/phrasebook-en-fr", "nothing", "."):
        assert shipped(name) is None
    with pytest.raises(ModelError, match="no such model folder"):
        dragoman.load("phrasebook-en-xx")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no list of models"),
        ('{"models": [{"name": "../up"}]}', r"models\.0\.name"),
        ('{"models": [], "more": 1}', "more"),
    ],
)
def test_damaged_lists_are_told(content, said, tmp_path):
    path = tmp_path / "list.json"
    path.write_text(content)
    with pytest.raises(ModelError, match=said):
        open_zoo(path)
    with pytest.raises(ModelError, match="cannot be read"):
        open_zoo(tmp_path / "none.json")


def test_one_that_ships_is_copied_once(tmp_path, capsys):
    out = tmp_path / "copy"
    assert main(["models", "get", "phrasebook-en-fr", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(out)
    assert dragoman.load(out).translate("I am a student").text == "je suis étudiant"
    assert main(["models", "get", "phrasebook-en-fr", "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    shutil.rmtree(out)
    assert main(["models", "list", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(SHIPPED)
