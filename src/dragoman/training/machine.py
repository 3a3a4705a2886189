"""The machine that a training runs on: its device, its cores, the numbers of its products, its memory."""

from __future__ import annotations

import ctypes
import os
from typing import Literal

import torch

from dragoman.config import TrainingConfig
from dragoman.errors import DragomanError
from dragoman.nn.linear import cpu_has_bfloat16

_LARGE = 4_000_000  # weights
# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def prepare_machine(config: TrainingConfig) -> torch.device:
    """Choose the device; on a CPU, use its cores and flush denormals, which make it crawl."""
    torch.set_flush_denormal(True)
    _keep_memory()
    # Of the processes that torchrun started here, each has its share of the cores.
    beside = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    torch.set_num_threads(config.threads or max(1, _num_cores() // beside))
    if config.device == "cuda" and not torch.cuda.is_available():
        raise DragomanError("training.device = 'cuda', but torch sees no GPU; use 'auto' or 'cpu'.")
    return torch.device("cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu")


def choose_precision(
    config: TrainingConfig, device: torch.device, num_weights: int
) -> Literal["float32", "bfloat16"]:
    """Resolve "auto": bfloat16 on a GPU or CPU that has instructions for it (decision 0007).

    A small model stays in float32 where several threads share its work: its products in bfloat16 are over before
    the second thread is awake, and training took three times as long.
    """
    if config.precision != "auto":
        return config.precision
    if device.type == "cpu" and torch.get_num_threads() > 1 and num_weights < _LARGE:
        return "float32"
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if cpu_has_bfloat16() and torch.backends.mkldnn.is_available() else "float32"


def _num_cores() -> int:
    """Count the cores this process may use; macOS tells only how many there are."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _keep_memory() -> None:
    """Have glibc keep the memory that one step frees for the next: asking anew costs a sixth of the time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)
        mallopt(_M_MMAP_THRESHOLD, 1 << 25)


def give_memory_back() -> None:
    """Return freed memory now and then: glibc keeps what batches of many shapes leave in pieces."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
