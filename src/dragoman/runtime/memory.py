"""How much memory ONNX Runtime may take: half of what there is, so that a graph that asks for all of it gets an error.

What graphs hold is known (`graphs`), but not how large their values become: a few sums that spread a row over a column
make a million numbers of a thousand. The bound is of all bundles of a process together, and holds while they load too.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime as ort

_SHARE = 2
_UNKNOWN = 8 << 30  # bytes, where a system does not say
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_AS_REQUESTED = 1


def memory_bound() -> int:
    """Return how many bytes ONNX Runtime may take."""
    known = [_UNKNOWN]
    if hasattr(os, "sysconf"):
        known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError):  # No such file, or "max".
        known.append(int(_CGROUP.read_text("ascii")))
    return min(known) // _SHARE


@cache
def set_bound() -> None:
    """Let all sessions that ask for it share one allocator, which knows the bound; once a process."""
    settings = {
        "max_mem": memory_bound(),
        # Pieces of what is asked for, so that each can be given back when it is free.
        "arena_extend_strategy": _AS_REQUESTED,
        "initial_chunk_size_bytes": -1,
        "max_dead_bytes_per_chunk": -1,
    }
    kind, place = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, ort.OrtMemType.DEFAULT
    info = ort.OrtMemoryInfo("Cpu", kind, 0, place)
    ort.create_and_register_allocator(info, ort.OrtArenaCfg(settings))


def bounded(options: Any) -> None:
    """Have a session take its memory from the shared allocator."""
    set_bound()
    options.add_session_config_entry("session.use_env_allocators", "1")


def giving_back() -> Any:
    """Have a run give back what the runs before it took: once a batch it costs nothing, at each step a tenth."""
    running: Any = ort.RunOptions()
    running.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return running
