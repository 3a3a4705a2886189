"""Fetch one file over HTTP: resumed after a cut, verified, put in place whole or not at all.

What arrives goes into ``NAME.part``, and beside it, in ``NAME.part.etag``, the mark by which the
server tells one version of the file from the next (its ETag or date). A later request continues
the part only if the mark still holds (RFC 9110, 13.1.5 ``If-Range`` and 14.4 ``Content-Range``), so
that two versions are never glued. A finished part is checked and renamed.
"""

import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from dragoman.errors import DataError

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes here so far, and of how many if that is known."""

NUM_TRIES = 5
PAUSE_S = 1.0
TIMEOUT_S = 60.0
_MAX_PAUSE_S = 30.0
_CHUNK = 1 << 18
_TO_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_USER_AGENT = "dragoman (a toolkit for sequence-to-sequence models)"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a corpus, where its publisher keeps it.

    Attributes:
        url: Its address.
        digest: `sha256:...` or `md5:...`; None where nobody has published one.
        digest_from: Who published the digest.
        num_bytes: Its size, where that was published.
    """

    url: str
    digest: str | None = None
    digest_from: str = ""
    num_bytes: int | None = None

    @property
    def name(self) -> str:
        """The last part of the address, as a file name.

        Raises:
            DataError: If it is no plain name, or the address is not one of the web's.
        """
        address = urlsplit(self.url)
        name = unquote(address.path.rpartition("/")[2])
        if address.scheme not in ("http", "https") or not address.hostname:
            raise DataError(f"{self.url} cannot be fetched: only http and https addresses can")
        if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise DataError(f"{self.url} does not end in the name of a file")
        return name


class _CutShortError(Exception):
    """A try that failed in a way that the next may not."""

    def __init__(self, reason: str, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection, but never from https to a connection that others can change."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise DataError(
                f"{req.full_url} redirects to {newurl}, which is not secure: not fetched"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(remote: RemoteFile, folder: Path, progress: Progress | None = None) -> Path:
    """Bring a file into a folder, unless it is there already.

    Args:
        remote: What to fetch.
        folder: Where to; it is made.
        progress: To be told how far it is.

    Returns:
        The file. It agrees with the digest published, else with the one that `record` left.

    Raises:
        DataError: If it cannot be fetched or written, or is not what was published; or a different
            file of that name is there, which is kept.
    """
    target = folder / remote.name
    if target.exists():
        _check_kept(remote, target)
        return target
    part = folder / f"{remote.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fetch_verified(remote, part, progress)
        if target.exists():
            raise DataError(f"{target} appeared while it was being fetched; it was not overwritten")
        part.replace(target)
        _mark_file(part).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    return target


def record(path: Path) -> str:
    """Write a file's SHA-256 beside it, as `sha256sum --check` reads it, for all later times.

    Raises:
        DataError: If it cannot be written.
    """
    digest = digest_of(path)
    beside = _record_file(path)
    try:
        if not beside.exists():
            beside.write_text(f"{digest.removeprefix('sha256:')}  {path.name}\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return digest


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Give a file's digest as `sha256:...`."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _check_kept(remote: RemoteFile, target: Path) -> None:
    expected = _expected_digest(remote, target)
    if expected is None:
        return
    found = digest_of(target, expected.partition(":")[0])
    if found != expected:
        raise DataError(
            f"{target} is not the file expected ({found}, not {expected}); it was not overwritten: "
            "move it away, or choose another folder"
        )


def _expected_digest(remote: RemoteFile, target: Path) -> str | None:
    if remote.digest is not None:
        return remote.digest
    try:
        words = _record_file(target).read_text(encoding="utf-8").split()
    except OSError:
        return None
    return f"sha256:{words[0]}" if words else None


def _fetch_verified(remote: RemoteFile, part: Path, progress: Progress | None) -> None:
    """Download; if the digest is wrong, once more from the beginning."""
    expected = _expected_digest(remote, part.with_suffix(""))
    for last in (False, True):
        _download(remote, part, progress)
        if expected is None:
            return
        found = digest_of(part, expected.partition(":")[0])
        if found == expected:
            return
        _discard(part)
        if last:
            source = remote.digest_from or "the first download"
            raise DataError(
                f"{remote.url} is not the file that was published, or was damaged twice on its "
                f"way: {found}, and {source} has {expected}; nothing was kept"
            )


def _download(remote: RemoteFile, part: Path, progress: Progress | None) -> None:
    """Fetch the rest of a part, trying again while the tries bring something new."""
    furthest, num_idle = _size(part), 0
    while True:
        try:
            _continue(remote, part, progress)
            return
        except _CutShortError as cut:
            size = _size(part)
            num_idle = 0 if size > furthest else num_idle + 1
            furthest = max(furthest, size)
            if num_idle >= NUM_TRIES:
                raise DataError(
                    f"{remote.url} could not be fetched: {cut}; check the network and run the "
                    "same again: it goes on from what is already here"
                ) from cut
            time.sleep(min(max(PAUSE_S * 2 ** (num_idle - 1), cut.pause_s), _MAX_PAUSE_S))


def _continue(remote: RemoteFile, part: Path, progress: Progress | None) -> None:
    """Send one request for what is missing, and append the answer."""
    request = urllib.request.Request(
        remote.url, headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
    )
    mark, size = _read_mark(part), _size(part)
    if mark and size:
        request.add_header("Range", f"bytes={size}-")
        request.add_header("If-Range", mark)
    try:
        response = _opener().open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            _judge_refusal(remote, part, error)
        return
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _CutShortError(
            f"no answer from {urlsplit(remote.url).hostname} ({reason})"
        ) from error
    with response:
        start, total = _extent(response, size, mark)
        if start == 0:
            _discard(part)
            _write_mark(part, response.headers)
        _check_room(part.parent, None if total is None else total - start)
        _append(response, part, (remote.name, total), progress)
    if total is not None and _size(part) != total:
        raise _CutShortError(f"it ended after {_size(part)} of {total} bytes")


def _opener() -> urllib.request.OpenerDirector:
    """Build an opener of web addresses alone: no files, no FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SafeRedirects(),
    ):
        opener.add_handler(handler)
    return opener


def _judge_refusal(remote: RemoteFile, part: Path, error: urllib.error.HTTPError) -> None:
    """Return if the part is whole; else raise what fits: to try again, or to give up."""
    if error.code == 416:  # The part is as long as the file, or longer.
        whole = error.headers.get("Content-Range", "").removeprefix("bytes */")
        if whole == str(_size(part)):
            return
        _discard(part)
        raise _CutShortError("the part was longer than the file")
    if error.code in _TO_TRY_AGAIN:
        after = error.headers.get("Retry-After", "")
        raise _CutShortError(
            f"the server answered {error.code} {error.reason}",
            float(after) if after.isdecimal() else 0.0,
        )
    raise DataError(
        f"{remote.url} could not be fetched: the server answered {error.code} {error.reason}; "
        "the corpus may have moved: look at its home page (dragoman data list)"
    )


def _extent(response: http.client.HTTPResponse, size: int, mark: str) -> tuple[int, int | None]:
    """Tell from which byte the answer starts, and how long the whole file is."""
    length = response.headers.get("Content-Length", "")
    if response.status != 206:
        return 0, int(length) if length.isdecimal() else None
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    first, _, total = span.partition("-")[0], None, span.rpartition("/")[2]
    if unit != "bytes" or first != str(size) or _mark_of(response.headers) not in ("", mark):
        raise _CutShortError("the server sent another part than was asked for")
    return size, int(total) if total.isdecimal() else None


def _append(
    response: http.client.HTTPResponse,
    part: Path,
    names: tuple[str, int | None],
    progress: Progress | None,
) -> None:
    name, total = names
    with part.open("ab") as file:
        size = file.tell()
        while True:
            if progress:
                progress(name, size, total)
            try:
                chunk = response.read(_CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise _CutShortError(f"the connection broke after {size} bytes") from error
            if not chunk:
                return
            file.write(chunk)
            size += len(chunk)


def _mark_of(headers: Message) -> str:
    """Give what tells this version of the file: a strong ETag, else its date, else nothing."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")


def _mark_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _record_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _read_mark(part: Path) -> str:
    try:
        return _mark_file(part).read_text(encoding="latin-1").strip()
    except FileNotFoundError:
        return ""


def _write_mark(part: Path, headers: Message) -> None:
    mark = _mark_of(headers)
    if mark:
        _mark_file(part).write_text(mark, encoding="latin-1")


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark_file(part).unlink(missing_ok=True)


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _check_room(folder: Path, num_bytes: int | None) -> None:
    free = shutil.disk_usage(folder).free
    if num_bytes is not None and num_bytes > free:
        raise DataError(
            f"{folder} has room for {free:,} bytes and {num_bytes:,} more are needed; "
            "make room or choose another folder"
        )


def unwritable(folder: Path, error: OSError) -> DataError:
    """Say in one sentence why a folder cannot be written in."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return DataError(f"cannot write in {folder}: {reason}; make room or choose another folder")
