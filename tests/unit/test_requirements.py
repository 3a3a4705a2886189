"""The locked requirements fit pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WANTED = {
    "base": PROJECT["dependencies"],
    "train": [*PROJECT["dependencies"], *EXTRAS["train"], *EXTRAS["serve"]],
}


def locked(name: str) -> dict[str, list[tuple[str, int]]]:
    """Give each package's versions (other platforms may have others), and how many hashes each has."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", "\n".join(line for line in text.split("\n") if line[:1] != "#"))
    found: dict[str, list[tuple[str, int]]] = {}
    for entry in filter(str.strip, entries):
        requirement = Requirement(entry.split("\\")[0].strip())
        (pin,) = requirement.specifier
        assert pin.operator == "==", entry
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)
        found.setdefault(canonicalize_name(requirement.name), []).append((pin.version, len(hashes)))
    return found


@pytest.mark.parametrize("name", WANTED)
def test_everything_that_is_needed_is_locked_at_a_version_that_fits(name):
    have = locked(name)
    for text in WANTED[name]:
        need = Requirement(text)
        if need.name == "torch":
            continue
        versions = have.get(canonicalize_name(need.name), [])
        assert versions, f"{name}.txt lacks {need.name}: make lock"
        for version, _ in versions:
            assert need.specifier.contains(version), f"{need} against {version}: make lock"


@pytest.mark.parametrize("name", WANTED)
def test_every_locked_package_has_hashes_and_torch_is_the_users_choice(name):
    have = locked(name)
    assert all(count for versions in have.values() for _, count in versions)
    assert not {one for one in have if one in ("torch", "triton") or one.startswith("nvidia")}


def test_the_files_name_no_server():
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(encoding="utf-8"), path


def test_base_and_train_agree():
    base, train = locked("base"), locked("train")
    assert {name: train[name] for name in base} == base
