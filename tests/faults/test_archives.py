"""Archives that are not what they say: bombs, links, and names that lead out of the folder."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
import zstandard

from dragoman.data import files
from dragoman.data.catalogue import readers
from dragoman.data.catalogue.download import RemoteFile
from dragoman.data.corpus import read_corpus
from dragoman.errors import DragomanError
from dragoman.zoo import open_zoo

LINE = b"a\tb\n"
BOMB = LINE * (1 << 20)  # 4 MiB, which pack to a thousandth and less.


def rows_of(found):
    return [[*rows] for rows in found.values()]


@pytest.mark.fault(
    "a bomb: a packed corpus that unpacks to a thousand times its size",
    "refused before memory or disk are full",
)
class TestBombs:
    @pytest.mark.parametrize(
        ("suffix", "pack"),
        [
            ("gz", gzip.compress),
            ("bz2", bz2.compress),
            ("xz", lambda content: lzma.compress(content, preset=0)),
            ("zst", zstandard.ZstdCompressor().compress),
        ],
    )
    def test_a_file_of_ones_own(self, tmp_path, suffix, pack, monkeypatch):
        monkeypatch.setattr(files, "_FREE", 1 << 20)  # Not 64 MiB, which take seconds to pack.
        path = tmp_path / f"a.tsv.{suffix}"
        path.write_bytes(pack(BOMB))
        with pytest.raises(DragomanError, match="no text does"):
            read_corpus(path)

    def test_a_table(self, tmp_path):
        path = tmp_path / "a.tsv.gz"
        path.write_bytes(gzip.compress(BOMB))
        with pytest.raises(DragomanError, match="no text does"):
            rows_of(readers.read_tsv_gz(tmp_path, [path]))

    def test_parallel_texts(self, tmp_path):
        path = tmp_path / "a.gz"
        path.write_bytes(gzip.compress(BOMB))
        with pytest.raises(DragomanError, match="no text does"):
            rows_of(readers.read_text_gz(tmp_path, [path, path]))

    def test_a_tar(self, tmp_path):
        path = tmp_path / "a.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name in ("a.en", "a.fr"):
                member = tarfile.TarInfo(name)
                member.size = len(BOMB)
                archive.addfile(member, io.BytesIO(BOMB))
        work = tmp_path / "work"
        work.mkdir()
        with pytest.raises(DragomanError, match="no text does"):
            rows_of(readers.read_moses_tar(work, [path], ("a.en", "a.fr")))
        assert not any(work.iterdir())

    def test_a_zip(self, tmp_path):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fra.txt", BOMB)
        with pytest.raises(DragomanError, match="which no text does"):
            rows_of(readers.read_anki_zip(tmp_path, [path]))

    def test_a_zip_that_lies_about_its_sizes(self, tmp_path):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fra.txt", BOMB)
        size = len(BOMB).to_bytes(4, "little")
        path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))
        with pytest.raises(DragomanError, match="damaged"):
            rows_of(readers.read_anki_zip(tmp_path, [path]))


@pytest.mark.fault(
    "names and links in an archive that lead out of it",
    "refused; nothing is written outside of the corpus' folder",
)
class TestPaths:
    @pytest.mark.parametrize(
        "name", ["../fra.txt", "/fra.txt", "a/../../fra.txt", "C:fra.txt", "..\\fra.txt"]
    )
    def test_names_in_a_zip(self, tmp_path, name):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), LINE)
            archive.writestr("fra.txt", LINE)
        with pytest.raises(DragomanError, match="points out of the archive"):
            rows_of(readers.read_anki_zip(tmp_path, [path]))

    def test_a_link_in_a_zip(self, tmp_path):
        path, link = tmp_path / "a.zip", zipfile.ZipInfo("fra.txt")
        link.external_attr = 0o120777 << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(link, "/etc/passwd")
        with pytest.raises(DragomanError, match="points out of the archive"):
            rows_of(readers.read_anki_zip(tmp_path, [path]))

    @pytest.mark.parametrize(
        "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    )
    def test_a_tar(self, tmp_path, kind):
        """Members are taken by name, as plain files, into a folder of our own."""
        path, work = tmp_path / "a.tar.gz", tmp_path / "work"
        work.mkdir()
        with tarfile.open(path, "w:gz") as archive:
            for name in ("../a.en", "a.fr"):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/passwd"
                archive.addfile(member)
        with pytest.raises(DragomanError, match=r"holds no a\.en"):
            readers.read_moses_tar(work, [path], ("a.en", "a.fr"))
        assert not any(work.iterdir())
        assert {one.name for one in tmp_path.iterdir()} == {"a.tar.gz", "work"}

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://x/y",
            "https://x/..",
            "https://x/%2e%2e",
            "https://x/a%2f..%2fb",
        ],
    )
    def test_addresses(self, url):
        with pytest.raises(DragomanError):
            _ = RemoteFile(url).name

    def test_a_list_of_models_that_leads_elsewhere(self, tmp_path):
        listed = tmp_path / "zoo.json"
        row = '{"name": "%s", "about": "", "task": "g2p", "licence": "", "address": "%s", "files": {"%s": "00"}}'
        for values in (
            ("../x", "https://x", "a"),
            ("x", "file:///etc", "passwd"),
            ("x", "https://x", ".."),
        ):
            listed.write_text('{"models": [' + row % values + "]}", "utf-8")
            with pytest.raises(DragomanError):
                open_zoo(listed).get("x", tmp_path / "out")
        assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())
