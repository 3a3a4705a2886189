"""Checkpoints: the old one or the new one, never a part; what is damaged is said to be."""

import errno
import os

import pytest
import torch

from dragoman.errors import CheckpointError, DragomanError
from dragoman.training import checkpoints
from dragoman.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    write_atomically,
)


def make(fill=1.0):
    tensors = {
        "model.W": torch.full((3, 2), fill),
        "turned": torch.arange(6.0).reshape(2, 3).t(),
        "optimiser.0.step": torch.tensor(7.0),
    }
    return Checkpoint(tensors, {"progress": {"step": 3, "best": -1.25}, "readings": [[1, 0.1]]})


def test_save_and_load(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, make())
    found = load_checkpoint(path)
    assert found.values == make().values
    assert found.tensors.keys() == make().tensors.keys()
    assert all(torch.equal(found.tensors[name], one) for name, one in make().tensors.items())
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_floats_come_back_to_the_bit(tmp_path):
    values = {"x": [0.1 + 0.2, 1 / 3, 1e-300, float("-inf"), 5e-324]}
    save_checkpoint(tmp_path / "c", Checkpoint({}, values))
    assert load_checkpoint(tmp_path / "c").values == values


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="without --resume"):
        load_checkpoint(tmp_path / "none")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint(tmp_path, share):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, make())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_every_flipped_bit_is_found(tmp_path):
    """In the header, in the values, in the weights: no damage is trained on with."""
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, make())
    whole = path.read_bytes()
    silent = []
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        try:
            load_checkpoint(path)
        except CheckpointError:
            continue
        silent.append(place)
    # Blanks that pad the header hold nothing; without its name the checksum is not asked for, as in
    # checkpoints from before there was one.
    name = whole.index(b"crc32")
    silent = [one for one in silent if whole[one] != ord(" ") and not name <= one < name + 5]
    assert not silent


def test_another_version(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_VERSION", 99)
    save_checkpoint(tmp_path / "c", make())
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="another version"):
        load_checkpoint(tmp_path / "c")


def test_weights_that_are_no_checkpoint(tmp_path):
    from safetensors.torch import save_file

    save_file({"w": torch.ones(2)}, tmp_path / "c")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "c")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "folder")


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refused(*_, **__):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.parametrize(
    ("owner", "call", "failing", "reason"),
    [
        (os, "fsync", full, "No space left"),
        (checkpoints.Path, "open", refused, "Permission denied"),
        (checkpoints.Path, "replace", refused, "Permission denied"),
    ],
)
def test_a_disk_that_is_full_or_closed(tmp_path, monkeypatch, owner, call, failing, reason):
    """The error says what to do; the old file is as it was, and nothing is left lying about."""
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, make())
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(owner, call, failing)
        with pytest.raises(DragomanError, match=reason) as error:
            save_checkpoint(path, make(2.0))
    assert "--resume" in str(error.value)
    assert str(path) in str(error.value)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    save_checkpoint(path, make(2.0))
    assert load_checkpoint(path).tensors["model.W"][0, 0] == 2.0


def test_a_write_that_fails_half_way(tmp_path, monkeypatch):
    """A real full disk, as far as the file knows: writes beyond a limit fail."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    path = tmp_path / "c"
    write_atomically(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(DragomanError, match="cannot be written"):
            write_atomically(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["c"]


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(DragomanError, match="No such file"):
        write_atomically(tmp_path / "gone" / "c", b"x")
