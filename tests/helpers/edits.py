"""Settings that a person changes by hand, as the file itself says to."""

from pathlib import Path


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text, and let the last line say so."""
    *lines, last = path.read_text("utf-8").replace(old, new).splitlines()
    assert last.startswith("# sha256: ")
    path.write_text("\n".join([*lines, "# sha256: changed by hand", ""]), "utf-8")
