"""Checkpoints: everything a training needs to go on, in one safetensors file that is replaced atomically."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dragoman.errors import CheckpointError, DragomanError

_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """Named tensors, and plain values that JSON can hold."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old one or the new one, never a part.

    Raises:
        DragomanError: The disk is full, or the folder may not be written to; the old file is as it was.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise DragomanError(
            f"{path}: cannot be written ({reason}); what was saved before is intact. "
            "Free space or mend the permission, then go on with --resume."
        ) from None


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at `path`."""
    save_tensors(path, checkpoint.tensors, {"version": _VERSION, **checkpoint.values})


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: It is missing, damaged, or of another version.
    """
    if not path.exists():
        raise CheckpointError(f"{path}: no checkpoint to resume from; train without --resume.")
    try:
        tensors, values = load_tensors(path)
    except ValueError as error:
        raise CheckpointError(
            f"{path}: damaged checkpoint ({error}); remove it and train anew without --resume."
        ) from None
    if values.pop("version", None) != _VERSION:
        raise CheckpointError(
            f"{path}: a checkpoint of another version of dragoman; expected version {_VERSION}."
        )
    return Checkpoint(tensors, values)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Write tensors and plain values as safetensors; equal ones give equal files.

    The values and a checksum are one metadata entry: several would be written in random order.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = dict(values)
    content["crc32"] = _checksum(content, ready)
    write_atomically(path, save(ready, {"dragoman": json.dumps(content)}))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote.

    Raises:
        ValueError: The file is truncated or changed, be it by one bit.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ValueError(str(error)) from None
    values: Any = json.loads(metadata.get("dragoman", "{}"))
    if not isinstance(values, dict):
        raise ValueError("not written by this version of dragoman")
    if values.pop("crc32", None) != _checksum(values, tensors):
        raise ValueError("its checksum does not fit")
    return tensors, values


def _checksum(values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Sum up everything: safetensors itself would not notice a flipped bit."""
    total = zlib.crc32(json.dumps(values, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), total)
        total = zlib.crc32(tensor.flatten().view(torch.uint8).numpy().tobytes(), total)
    return f"{total:08x}"
