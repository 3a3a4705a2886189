"""What is written to disk: whole or not at all; and settings, sealed by a checksum of their own (decision 0014)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from dragoman.errors import DragomanError

_MARK = "# sha256: "
_BY_HAND = "changed by hand"
_HEAD = (
    f"# Written by dragoman, with a checksum in the last line. Changed by hand, "
    f'that line must read "{_MARK}{_BY_HAND}".\n'
)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old one or the new one, never a part.

    Raises:
        DragomanError: The disk is full, or the folder may not be written to; the old file is as it was.
    """
    write_together(path.parent, {path.name: content})


def write_together(
    folder: Path, files: Mapping[str, bytes], failure: type[DragomanError] = DragomanError
) -> None:
    """Write files so that a full disk leaves all the old ones; they are put in place in their order.

    Raises:
        failure: The disk is full, or the folder may not be written to; the old files are as they were.
    """
    name = ""
    try:
        for name, content in files.items():
            with _part(folder, name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name in files:
            _part(folder, name).replace(folder / name)
    except OSError as error:
        for one in files:
            _remove(_part(folder, one))
        reason = error.strerror or str(error)
        raise failure(
            f"{folder / name}: cannot be written ({reason}); what was saved before is intact. "
            "Free space or mend the permission, then try again; a training goes on with --resume."
        ) from None


def seal(text: str) -> str:
    """Put a checksum under settings, and a line above them that says so."""
    whole = _HEAD + text
    return f"{whole}{_MARK}{_sum(whole)}\n"


def fault_of(text: str) -> str:
    """Say what is wrong with settings that were sealed; "" if nothing is, or if they never were.

    A recipe that somebody wrote has no seal. A sealed one that lost its end has its first line still, and one that
    lost its first line does not fit its last.
    """
    start = text.rstrip("\n").rfind("\n") + 1
    body, last = text[:start], text[start:]
    if not last.startswith(_MARK):
        cut = text.startswith(_HEAD)
        return "is cut short or damaged: its checksum is missing; copy it anew" if cut else ""
    if last == f"{_MARK}{_sum(body)}\n" or last.rstrip("\n") == f"{_MARK}{_BY_HAND}":
        return ""
    return (
        "is not as it was written (its checksum differs); copy it anew, or, if it was changed by hand, let its last "
        f'line read "{_MARK}{_BY_HAND}"'
    )


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _part(folder: Path, name: str) -> Path:
    return folder / f"{name}.part"


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return  # A folder that may not be written to, which is told already.
