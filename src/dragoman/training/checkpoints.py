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
    values = json.dumps({"version": _VERSION, **checkpoint.values})
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()
    }
    metadata = {"dragoman": values, "crc32": _checksum(values, tensors)}
    write_atomically(path, save(tensors, metadata))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: It is missing, damaged, or of another version.
    """
    if not path.exists():
        raise CheckpointError(f"{path}: no checkpoint to resume from; train without --resume.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        text = metadata.get("dragoman", "{}")
        found = _checksum(text, tensors)
        if metadata.get("crc32", found) != found:
            raise ValueError("its checksum does not fit")
        values = json.loads(text)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: damaged checkpoint ({error}); remove it and train anew without --resume."
        ) from None
    if values.pop("version", None) != _VERSION:
        raise CheckpointError(
            f"{path}: a checkpoint of another version of dragoman; expected version {_VERSION}."
        )
    return Checkpoint(tensors, values)


def _checksum(values: str, tensors: Mapping[str, Tensor]) -> str:
    """Sum up everything: safetensors itself would not notice a flipped bit."""
    total = zlib.crc32(values.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), total)
        total = zlib.crc32(tensor.flatten().view(torch.uint8).numpy(), total)  # pyright: ignore[reportArgumentType]
    return f"{total:08x}"
