"""Checkpoints: everything a training needs to go on, in one safetensors file that is replaced atomically."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from dragoman.disk import write_atomically
from dragoman.errors import CheckpointError

_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """Named tensors, and plain values that JSON can hold."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


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

    The file is read once, whole: one that is mapped and then overwritten would bring the process down.

    Raises:
        ValueError: The file is truncated or changed, be it by one bit.
    """
    try:
        content = path.read_bytes()
        tensors = load(content)
    except (SafetensorError, OSError, MemoryError) as error:
        raise ValueError(str(error) or "it does not fit into memory") from None
    values = _values_of(content)
    if values.pop("crc32", None) != _checksum(values, tensors):
        raise ValueError("its checksum does not fit")
    return tensors, values


def _values_of(content: bytes) -> dict[str, Any]:
    """Read the plain values: safetensors begins with the size of its header, and that (a checked one) is JSON."""
    size = int.from_bytes(content[:8], "little")
    metadata: Any = json.loads(content[8 : 8 + size]).get("__metadata__") or {}
    values: Any = json.loads(metadata.get("dragoman", "{}"))
    if not isinstance(values, dict):
        raise ValueError("not written by this version of dragoman")
    return values


def _checksum(values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Sum up everything: safetensors itself would not notice a flipped bit."""
    total = zlib.crc32(json.dumps(values, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), total)
        total = zlib.crc32(tensor.flatten().view(torch.uint8).numpy().tobytes(), total)
    return f"{total:08x}"
