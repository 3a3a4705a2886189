"""Downloads, over a server that cuts, corrupts and lies."""

import hashlib
import io
import os
import shutil
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dragoman.data.catalogue import download
from dragoman.data.catalogue.download import RemoteFile, fetch, record
from dragoman.errors import DataError


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestFetch:
    def test_brings_the_file_and_nothing_else(self, site, tmp_path):
        told = []
        path = fetch(site.file(sha256(site.content)), tmp_path, lambda *news: told.append(news))
        assert path.read_bytes() == site.content
        assert names(tmp_path) == ["corpus.zip"]
        assert told[0] == ("corpus.zip", 0, 100_000)
        assert told[-1] == ("corpus.zip", 100_000, 100_000)

    @pytest.mark.parametrize("published", [True, False])
    def test_goes_on_after_cuts(self, site, tmp_path, published):
        site.plan = ["cut"] * 9
        digest = sha256(site.content) if published else None
        assert fetch(site.file(digest), tmp_path).read_bytes() == site.content
        assert site.ranges[:3] == [None, "bytes=50000-", "bytes=75000-"]
        assert names(tmp_path) == ["corpus.zip"]

    def test_md5_is_understood(self, site, tmp_path):
        digest = f"md5:{hashlib.md5(site.content).hexdigest()}"
        assert fetch(site.file(digest), tmp_path).read_bytes() == site.content

    def test_starts_anew_where_ranges_are_ignored(self, site, tmp_path):
        site.plan = ["cut", "ignore range"]
        assert fetch(site.file(), tmp_path).read_bytes() == site.content
        assert site.ranges == [None, "bytes=50000-"]

    def test_gives_up_where_ranges_are_ignored_and_every_answer_is_cut(self, site, tmp_path):
        site.plan = ["cut anew"] * 20
        with pytest.raises(DataError, match=r"it ended after 50000 of 100000 bytes"):
            fetch(site.file(), tmp_path)
        assert len(site.ranges) <= download.NUM_TRIES + 2

    def test_does_not_go_on_without_a_mark_of_the_version(self, site, tmp_path):
        site.plan = ["unmarked"]
        assert fetch(site.file(), tmp_path).read_bytes() == site.content
        assert site.ranges == [None, None]

    def test_never_glues_two_versions(self, site, tmp_path):
        site.plan = ["cut", "renew"]
        first = site.content
        assert fetch(site.file(), tmp_path).read_bytes() == first[::-1] == site.content

    def test_never_glues_two_versions_even_if_the_server_does(self, site, tmp_path):
        site.plan = ["cut", "glue"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(download.time, "sleep", lambda _: setattr(site, "etag", '"two"'))
            site.plan += ["glue"] * 20
            with pytest.raises(DataError, match="another part than was asked for"):
                fetch(site.file(), tmp_path)
        assert names(tmp_path) == ["corpus.zip.part", "corpus.zip.part.etag"]

    def test_one_corruption_is_mended(self, site, tmp_path):
        site.plan = ["corrupt"]
        assert fetch(site.file(sha256(site.content)), tmp_path).read_bytes() == site.content

    def test_two_corruptions_are_refused_and_leave_nothing(self, site, tmp_path):
        site.plan = ["corrupt", "corrupt"]
        with pytest.raises(DataError, match="not the file that was published"):
            fetch(site.file(sha256(site.content)), tmp_path)
        assert names(tmp_path) == []

    @pytest.mark.parametrize("status", ["500", "503", "429"])
    def test_tries_again_when_the_server_is_busy(self, site, tmp_path, status):
        site.plan = [status] * 3
        assert fetch(site.file(), tmp_path).read_bytes() == site.content

    def test_not_found_is_told_at_once(self, site, tmp_path):
        site.plan = ["404"]
        with pytest.raises(DataError, match=r"corpus.zip could not be fetched: .* 404 Not Found"):
            fetch(site.file(), tmp_path)
        assert len(site.ranges) == 1
        assert fetch(site.file(), tmp_path).read_bytes() == site.content

    def test_a_promise_not_kept_is_told(self, site, tmp_path):
        site.plan = ["promise more"] + ["503"] * 20
        with pytest.raises(DataError, match="goes on from what is already here"):
            fetch(site.file(), tmp_path)
        assert "corpus.zip" not in names(tmp_path)

    def test_a_whole_part_needs_no_more_bytes(self, site, tmp_path):
        (tmp_path / "corpus.zip.part").write_bytes(site.content)
        (tmp_path / "corpus.zip.part.etag").write_text(site.etag)
        assert fetch(site.file(sha256(site.content)), tmp_path).read_bytes() == site.content
        assert site.ranges == ["bytes=100000-"]

    def test_a_part_longer_than_the_file_is_thrown_away(self, site, tmp_path):
        (tmp_path / "corpus.zip.part").write_bytes(site.content + b"!")
        (tmp_path / "corpus.zip.part.etag").write_text(site.etag)
        assert fetch(site.file(), tmp_path).read_bytes() == site.content

    def test_an_interruption_leaves_the_part(self, site, tmp_path):
        def interrupt(name: str, size: int, total: int | None) -> None:
            if size >= 30_000:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fetch(site.file(), tmp_path, interrupt)
        assert (tmp_path / "corpus.zip.part").read_bytes() == site.content[:30_000]
        assert fetch(site.file(), tmp_path).read_bytes() == site.content
        assert site.ranges == [None, "bytes=30000-"]

    def test_what_is_there_is_not_fetched_again(self, site, tmp_path):
        fetch(site.file(sha256(site.content)), tmp_path)
        fetch(site.file(sha256(site.content)), tmp_path)
        assert len(site.ranges) == 1

    def test_a_different_file_is_not_overwritten(self, site, tmp_path):
        (tmp_path / "corpus.zip").write_text("mine")
        with pytest.raises(DataError, match="was not overwritten: move it away"):
            fetch(site.file(sha256(site.content)), tmp_path)
        assert (tmp_path / "corpus.zip").read_text() == "mine"
        assert site.ranges == []

    def test_the_first_download_is_held_to(self, site, tmp_path):
        path = fetch(site.file(), tmp_path)
        assert record(path) == sha256(site.content)
        beside = tmp_path / "corpus.zip.sha256"
        assert beside.read_text() == f"{hashlib.sha256(site.content).hexdigest()}  corpus.zip\n"
        path.unlink()
        site.content, site.etag = site.content[::-1], '"two"'
        with pytest.raises(DataError, match="the first download has sha256"):
            fetch(site.file(), tmp_path)
        path.write_text("mine")
        with pytest.raises(DataError, match="not overwritten"):
            fetch(site.file(), tmp_path)

    def test_no_network(self, tmp_path):
        with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
            port = server.server_port
        with pytest.raises(DataError, match=r"no answer from 127\.0\.0\.1 .*check the network"):
            fetch(RemoteFile(f"http://127.0.0.1:{port}/a.zip"), tmp_path)

    def test_a_full_disk_is_told_before_and_during(self, site, tmp_path, monkeypatch):
        (tmp_path / "corpus.zip.part").symlink_to("/dev/full")
        if os.path.exists("/dev/full"):  # noqa: PTH110
            monkeypatch.setattr(download, "_discard", lambda part: None)
            with pytest.raises(DataError, match=r"cannot write in .*: No space left on device"):
                fetch(site.file(), tmp_path)
        usage = shutil.disk_usage(tmp_path)._replace(free=99)
        monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(DataError, match="room for 99 bytes and 100,000 more are needed"):
            fetch(site.file(), tmp_path)

    def test_a_folder_that_cannot_be(self, site, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match=r"cannot write in .*file"):
            fetch(site.file(), tmp_path / "file")

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://example.org/a.zip",
            "http:///a.zip",
            "http://example.org/",
            "http://example.org/..",
            "http://example.org/a%2f..%2fb",
            "http://example.org/..%5cb",
        ],
    )
    def test_only_files_of_the_web(self, url, tmp_path):
        with pytest.raises(DataError, match=r"cannot be fetched|does not end in the name"):
            fetch(RemoteFile(url), tmp_path)

    def test_a_redirection_does_not_leave_the_web(self, site, tmp_path):
        site.plan = ["to file:///etc/passwd"] * 20
        with pytest.raises(DataError, match="could not be fetched"):
            fetch(site.file(), tmp_path)
        site.plan = [f"to {site.url}/elsewhere"]
        assert fetch(site.file(), tmp_path).read_bytes() == site.content

    def test_a_redirection_does_not_leave_https(self):
        request = urllib.request.Request("https://example.org/a.zip")
        with pytest.raises(DataError, match="not secure"):
            download._SafeRedirects().redirect_request(
                request, io.BytesIO(), 302, "", None, "http://example.org/a.zip"
            )
