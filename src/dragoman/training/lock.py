"""One training a folder: a lock that the system takes back however its holder ends, `kill -9` included."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dragoman.errors import ConfigError

LOCK = ".lock"


@contextmanager
def alone_in(folder: Path) -> Generator[None]:
    """Keep other trainings out of a folder.

    The file stays behind only where the training was killed, and then holds nobody up.

    Raises:
        ConfigError: Another process trains into it.
    """
    path = folder / LOCK
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written to ({error.strerror}); choose another --out."
        ) from None
    try:
        if not _take(held, path):
            raise ConfigError(
                f"{folder}: another training is writing to it; wait until it has ended, or choose another --out."
            )
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(held)


def _take(held: int, path: Path) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A holder that ends removes its file: what was opened before is no lock any more.
        return os.path.samestat(os.fstat(held), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:
        return True  # A file system without locks.
