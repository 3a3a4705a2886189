"""What this machine can do at most: its product rates and its memory rate, measured now.

python benchmarks/machine.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import dragoman  # noqa: F401  (sets the defaults that torch reads when it is loaded)

# isort: split
import torch

from dragoman.nn.linear import matmul_nt


@dataclass(frozen=True)
class Limits:
    """Rates reached: GFLOP/s of torch.mm and of oneDNN's product (float32), of bfloat16, GB/s of a copy (both ways)."""

    sgemm_gflops: float
    onednn_gflops: float
    bfloat16_gflops: float
    copy_gb_per_s: float


def measure(size: int = 1024) -> Limits:
    """Measure the machine's limits, each as the best of three medians."""
    torch.set_flush_denormal(True)
    a, b = torch.randn(size, size), torch.randn(size, size)
    large = torch.randn(64 << 20 >> 2)
    copy = torch.empty_like(large)
    a_half, b_half = a.bfloat16(), b.bfloat16()
    flops = 2 * size**3
    return Limits(
        flops / _best(lambda: torch.mm(a, b)) / 1e9,
        flops / _best(lambda: matmul_nt(a, b)) / 1e9,
        flops / _best(lambda: torch.mm(a_half, b_half)) / 1e9,
        2 * large.nbytes / _best(lambda: copy.copy_(large)) / 1e9,
    )


def _best(work: Callable[[], object]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    once()
    return min(statistics.median(once() for _ in range(15)) for _ in range(3))


if __name__ == "__main__":
    for name, value in asdict(measure()).items():
        print(f"{name}: {value:.0f}")
