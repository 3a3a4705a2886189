"""`get`, from a name to tables; and what every row of the catalogue must say."""

import hashlib
import json
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from dragoman import data
from dragoman.data.catalogue import CATALOGUE, Source, find, get, list_sources
from dragoman.data.catalogue.readers import read_moses_zip
from dragoman.errors import DataError


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make_zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def local(site, tmp_path, monkeypatch):
    """A row whose corpus is on the local server."""
    lines = [f"sentence {number}" for number in range(300)]
    path = make_zip(
        tmp_path / "made.zip",
        {"X.en": "\n".join(lines), "X.fr": "\n".join(line.upper() for line in lines)},
    )
    site.content = path.read_bytes()
    path.unlink()
    row = Source(
        name="local-en-fr",
        description="d",
        languages=("en", "fr"),
        licence="l",
        home="h",
        files=(site.file(),),
        reader=partial(read_moses_zip, src="en", tgt="fr"),
    )
    monkeypatch.setitem(CATALOGUE, row.name, row)
    return site


class TestGet:
    def test_gives_tables_and_says_where_they_are_from(self, local, tmp_path):
        local.plan = ["cut", "cut", "503"]
        paths = get("local-en-fr", tmp_path / "out")
        assert [path.name for path in paths] == ["train.tsv", "dev.tsv", "test.tsv"]
        assert sum(len(path.read_text().splitlines()) for path in paths) == 300
        assert paths[0].read_text().startswith("sentence 0\tSENTENCE 0\n")
        ledger = json.loads((tmp_path / "out" / "corpus.json").read_text())
        assert ledger["licence"] == "l"
        assert ledger["checksum"] == "none published: recorded on first download"
        assert ledger["files"] == [
            {"url": local.file().url, "sha256": sha256(local.content).removeprefix("sha256:")}
        ]
        assert names(tmp_path / "out" / "raw") == ["corpus.zip", "corpus.zip.sha256"]
        assert names(tmp_path / "out") == ["corpus.json", "dev.tsv", "raw", "test.tsv", "train.tsv"]

    def test_a_second_time_asks_for_nothing(self, local, tmp_path):
        first = get("local-en-fr", tmp_path)
        num_asked = len(local.ranges)
        assert get("local-en-fr", tmp_path) == first
        (tmp_path / "dev.tsv").unlink()
        assert get("local-en-fr", tmp_path) == first
        assert len(local.ranges) == num_asked

    def test_a_changed_or_foreign_table_is_kept(self, local, tmp_path):
        (tmp_path / "train.tsv").write_text("mine\tmine\n")
        with pytest.raises(DataError, match=r"train\.tsv is not what local-en-fr gave"):
            get("local-en-fr", tmp_path)
        assert local.ranges == []
        assert names(tmp_path) == ["train.tsv"]

    def test_a_folder_of_another_corpus_is_kept(self, local, tmp_path, monkeypatch):
        get("local-en-fr", tmp_path)
        with pytest.raises(DataError, match="holds local-en-fr; choose another folder"):
            get("tatoeba-en-fr", tmp_path)
        (tmp_path / "corpus.json").write_text("[1]")
        with pytest.raises(DataError, match="cannot be read"):
            get("local-en-fr", tmp_path)

    def test_a_damaged_download_is_not_recorded(self, local, tmp_path):
        local.content = local.content[:-40]
        with pytest.raises(DataError, match="damaged or not the archive expected"):
            get("local-en-fr", tmp_path)
        assert names(tmp_path) == ["raw"]
        assert names(tmp_path / "raw") == ["corpus.zip"]

    def test_a_corpus_without_pairs_is_told(self, local, tmp_path):
        local.content = make_zip(tmp_path / "a.zip", {"X.en": "", "X.fr": ""}).read_bytes()
        with pytest.raises(DataError, match="without a single usable pair"):
            get("local-en-fr", tmp_path / "out")

    def test_a_file_for_a_folder(self, local, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match="cannot write in"):
            get("local-en-fr", tmp_path / "file")

    def test_unknown_names(self, tmp_path):
        with pytest.raises(DataError, match=r"did you mean .*tatoeba-en-fr"):
            get("tatoeba-en-fra", tmp_path)
        with pytest.raises(DataError, match="'tatoeba-en-fr' is the same the other way round"):
            find("tatoeba-fr-en")
        with pytest.raises(DataError, match="see dragoman data list"):
            find("zzzzzzzzz")
        assert names(tmp_path) == []

    def test_the_phrasebook_is_generated(self, tmp_path, monkeypatch):
        def write(directory: Path, src: str, tgt: str) -> None:
            (directory / "train.tsv").write_text(f"{src}\t{tgt}\n")
            (directory / "test.tsv").write_text("a\tb\n")

        monkeypatch.setattr(data, "phrasebook", SimpleNamespace(write=write), raising=False)
        paths = get("phrasebook-fr-ko", tmp_path)
        assert [path.name for path in paths] == ["train.tsv", "test.tsv"]
        assert paths[0].read_text() == "fr\tko\n"


class TestRows:
    def test_names_are_unique_and_listed(self):
        rows = list_sources()
        assert [row.name for row in rows] == list(CATALOGUE)
        assert len({row.name for row in rows}) == len(rows)

    @pytest.mark.parametrize("row", list_sources(), ids=lambda row: row.name)
    def test_every_row_says_what_it_must(self, row):
        assert row.description
        assert row.licence
        assert row.checksum
        assert urlsplit(row.home).scheme == "https"
        assert len(set(row.languages)) == 2
        assert row.task != "translate" or row.name.endswith(row.languages[1])
        assert "\t" not in row.description + row.licence
        for file in row.files:
            assert urlsplit(file.url).scheme == "https"
            assert file.name
            assert bool(file.digest) == bool(file.digest_from)
            if file.digest:
                algorithm, _, digest = file.digest.partition(":")
                assert len(bytes.fromhex(digest)) == hashlib.new(algorithm).digest_size
        assert len({file.name for file in row.files}) == len(row.files)

    def test_checksums_are_honest(self):
        assert CATALOGUE["tatoeba-en-fr"].checksum == "none published: recorded on first download"
        assert CATALOGUE["books-en-fr"].checksum.startswith("published by huggingface/datasets")
        assert CATALOGUE["books-en-fr"].num_bytes == 12_009_501
        assert CATALOGUE["multi30k-en-de"].checksum == "published by pytorch/text, Multi30k"
        assert CATALOGUE["multi30k-en-de"].num_bytes is None
        assert "apt" in CATALOGUE["debian-descriptions-ko"].checksum

    def test_addresses(self):
        urls = {name: [file.url for file in row.files] for name, row in CATALOGUE.items()}
        opus = "https://object.pouta.csc.fi/OPUS-"
        assert urls["tatoeba-en-de"] == [f"{opus}Tatoeba/v2023-04-12/moses/de-en.txt.zip"]
        assert urls["ted2020-fr-ko"] == [f"{opus}TED2020/v1/moses/fr-ko.txt.zip"]
        assert urls["anki-en-ko"] == ["https://www.manythings.org/anki/kor-eng.zip"]
        assert urls["europarl-v10-en-fr"] == [
            "https://www.statmt.org/europarl/v10/training/europarl-v10.fr-en.tsv.gz"
        ]
        assert CATALOGUE["europarl-v10-en-fr"].reader.keywords == {"columns": (1, 0)}
        assert CATALOGUE["news-commentary-v16-en-fr"].reader.keywords == {"columns": (0, 1)}
        assert [url.rpartition("/")[2] for url in urls["multi30k-en-de"]] == [
            "train.en.gz",
            "train.de.gz",
            "val.en.gz",
            "val.de.gz",
            "test_2016_flickr.en.gz",
            "test_2016_flickr.de.gz",
        ]
