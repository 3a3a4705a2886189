"""Settings that a person changes by hand, as the file itself says to."""

import hashlib
import tomllib
from pathlib import Path


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text, and let the last line say so."""
    *lines, last = path.read_text("utf-8").replace(old, new).splitlines()
    assert last.startswith("# sha256: ")
    path.write_text("\n".join([*lines, "# sha256: changed by hand", ""]), "utf-8")


def resign(bundle: Path, name: str, content: bytes) -> None:
    """Replace a bundle's file as somebody would who makes the checksums fit."""
    sums = tomllib.loads((bundle / "config.toml").read_text("utf-8"))["bundle"]["sha256"]
    (bundle / name).write_bytes(content)
    edit(bundle / "config.toml", sums[name], hashlib.sha256(content).hexdigest())
