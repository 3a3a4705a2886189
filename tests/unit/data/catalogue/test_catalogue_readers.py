"""Archives, honest and otherwise, to pairs; pairs to tables."""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from dragoman.data.catalogue.readers import (
    read_anki_zip,
    read_moses_tar,
    read_moses_zip,
    read_text_gz,
    read_tsv_gz,
)
from dragoman.data.catalogue.splits import write_splits
from dragoman.errors import DataError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make_zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def train(splits: dict) -> list[tuple[str, str]]:
    return list(splits["train"])


class TestReaders:
    def read_zip(self, path: Path) -> list[tuple[str, str]]:
        return train(read_moses_zip(path.parent, [path], "en", "fr"))

    def test_moses_zip(self, tmp_path):
        path = make_zip(
            tmp_path / "a.zip",
            {"README": "r", "X.en-fr.en": "a\nb\n", "X.en-fr.fr": "c\nd\n", "X.en-fr.xml": "x"},
        )
        assert self.read_zip(path) == [("a", "c"), ("b", "d")]
        assert names(tmp_path) == ["a.zip"]

    @pytest.mark.parametrize("name", ["../x.en", "/x.en", "a/../../x.en", "..\\x.en", "C:\\x.en"])
    def test_a_zip_that_points_out_is_refused(self, tmp_path, name):
        path = make_zip(tmp_path / "a.zip", {name: "a\n", "X.en-fr.fr": "c\n"})
        with pytest.raises(DataError, match="points out of the archive"):
            self.read_zip(path)

    def test_a_link_in_a_zip_is_refused(self, tmp_path):
        path = tmp_path / "a.zip"
        info = zipfile.ZipInfo("X.en-fr.en")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info, "/etc/passwd")
        with pytest.raises(DataError, match="points out of the archive"):
            self.read_zip(path)

    def test_a_bomb_is_refused(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"X.en-fr.en": "\n" * 1_000_000, "X.en-fr.fr": "c"})
        with pytest.raises(DataError, match="to 1,000,000, which no text does"):
            self.read_zip(path)

    def test_a_line_without_end_is_refused(self, tmp_path):
        long = os.urandom(1 << 19).hex() * 2
        path = make_zip(tmp_path / "a.zip", {"X.en-fr.en": long, "X.en-fr.fr": "c"})
        with pytest.raises(DataError, match="a line of more than"):
            self.read_zip(path)

    def test_misaligned_and_missing_sides_are_told(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"X.en": "a\nb\n", "X.fr": "c\n"})
        with pytest.raises(DataError, match="more lines than the other"):
            self.read_zip(path)
        path = make_zip(tmp_path / "b.zip", {"X.en": "a\n", "X.de": "c\n"})
        with pytest.raises(DataError, match=r"has 0 files named like .*fr, expected 1; .*X\.de"):
            self.read_zip(path)

    @pytest.mark.parametrize("keep", [10, 60, -30])
    def test_a_damaged_zip_is_told(self, tmp_path, keep):
        path = make_zip(tmp_path / "a.zip", {"X.en": "a\n", "X.fr": "c\n"})
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(DataError, match="damaged or not the archive expected"):
            self.read_zip(path)

    def test_anki_zip(self, tmp_path):
        rows = "Go.\tVa !\tCC-BY 2.0 by X\nHi.\tSalut.\tCC-BY\nodd\n"
        path = make_zip(tmp_path / "fra-eng.zip", {"_about.txt": "about\tit", "fra.txt": rows})
        assert train(read_anki_zip(tmp_path, [path])) == [("Go.", "Va !"), ("Hi.", "Salut.")]

    def test_tables_texts_and_damage(self, tmp_path):
        path = tmp_path / "de-en.tsv.gz"
        path.write_bytes(gzip.compress(b"Ja\tYes\tdoc\r\n\t\nNein\tNo\n"))
        assert train(read_tsv_gz(tmp_path, [path], (1, 0))) == [
            ("Yes", "Ja"),
            ("", ""),
            ("No", "Nein"),
        ]
        sides = [tmp_path / f"{number}.gz" for number in range(6)]
        for side in sides:
            side.write_bytes(gzip.compress(f"{side.stem}\n".encode()))
        splits = read_text_gz(tmp_path, sides)
        assert {name: list(pairs) for name, pairs in splits.items()} == {
            "train": [("0", "1")],
            "dev": [("2", "3")],
            "test": [("4", "5")],
        }
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(DataError, match="damaged"):
            train(read_tsv_gz(tmp_path, [path]))

    def test_tar(self, tmp_path):
        path = tmp_path / "all.tgz"
        with tarfile.open(path, "w:gz") as archive:
            for name in ("x.cs-en.cs", "../x.fr-en.en", "x.fr-en.fr"):
                info = tarfile.TarInfo(name)
                info.size = 2
                archive.addfile(info, io.BytesIO(f"{name[-1]}\n".encode()))
        work = tmp_path / "work"
        work.mkdir()
        names_ = ("x.fr-en.en", "x.fr-en.fr")
        assert train(read_moses_tar(work, [path], names_)) == [("n", "r")]
        assert names(tmp_path) == ["all.tgz", "work"]
        with pytest.raises(DataError, match=r"holds no x\.de-en\.en"):
            read_moses_tar(work, [path], ("x.de-en.en", "x.de-en.de"))


class TestSplits:
    def test_holds_out_by_sentence(self, tmp_path):
        pairs = [(f"sentence {number // 2}", f"phrase {number}") for number in range(6000)]
        counts = write_splits({"train": pairs}, tmp_path, 0)
        assert sum(counts.values()) == 6000
        assert 100 < counts["dev.tsv"] < 300
        assert 100 < counts["test.tsv"] < 300
        sources = [
            {line.split("\t")[0] for line in (tmp_path / name).read_text().splitlines()}
            for name in counts
        ]
        assert len(set.union(*sources)) == sum(len(each) for each in sources)

    def test_keeps_splits_and_drops_what_is_no_pair(self, tmp_path):
        pairs = [("a  b\u2028c", "d\te"), ("", "x"), ("x", " "), ("\x00", "y"), ("bad \ufffd", "y")]
        counts = write_splits({"train": pairs, "test": [("f", "g")]}, tmp_path, 0)
        assert counts == {"train.tsv": 1, "test.tsv": 1}
        assert (tmp_path / "train.tsv").read_bytes() == b"a b c\td e\n"
        assert names(tmp_path) == ["test.tsv", "train.tsv"]
