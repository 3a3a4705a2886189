"""Matrix products at the machine's full rate.

On x86 CPUs, `torch.nn.functional.linear` goes to MKL, which on some makes of processor reaches less than
half of what oneDNN reaches on the same cores (`benchmarks/machine.py` shows both). oneDNN's product is in
every CPU build of PyTorch, but has no gradient of its own, so this file gives it one. Everywhere else
(GPUs, other data types, export, older builds) it is the ordinary product.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

_HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(
    torch.ops.mkldnn, "_linear_pointwise"
)


def cpu_has_bfloat16() -> bool:
    """Say whether this processor has instructions for bfloat16; without them oneDNN lacks some recurrences."""
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def matmul_nt(
    x: Float[Tensor, "rows inner"], weight: Float[Tensor, "cols inner"]
) -> Float[Tensor, "rows cols"]:
    """Return ``x @ weight.T``, without a gradient."""
    if (
        _HAS_ONEDNN
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and torch.backends.mkldnn.enabled
    ):
        return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return x @ weight.t()


class _Product(torch.autograd.Function):
    """``x @ weight.T`` and its two gradients, all three by `matmul_nt`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return matmul_nt(x, weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        grad = grads[0].contiguous()
        grad_x = matmul_nt(grad, weight.t()) if ctx.needs_input_grad[0] else None
        grad_weight = matmul_nt(grad.t(), x.t()) if ctx.needs_input_grad[1] else None
        return grad_x, grad_weight


def linear(
    x: Float[Tensor, "*batch inner"],
    weight: Float[Tensor, "cols inner"],
    bias: Float[Tensor, " cols"] | None = None,
) -> Float[Tensor, "*batch cols"]:
    """Return ``x @ weight.T + bias``, as `torch.nn.functional.linear` does."""
    plain = not _HAS_ONEDNN or x.device.type != "cpu" or x.dtype != torch.float32
    if plain or torch.compiler.is_exporting() or torch.is_autocast_enabled("cpu"):
        return functional.linear(x, weight, bias)
    # Rows that do not lie side by side, such as one step of a batch, are a hundred times slower in the backward pass.
    flat = x.reshape(-1, x.shape[-1]).contiguous()
    product: Tensor = _Product.apply(flat, weight)  # pyright: ignore[reportAssignmentType]
    if bias is not None:
        product = product + bias
    return product.view(*x.shape[:-1], weight.shape[0])


class Linear(nn.Linear):
    """`torch.nn.Linear` through `linear`."""

    def forward(self, input: Float[Tensor, "*batch inner"]) -> Float[Tensor, "*batch cols"]:
        """Apply the map to the last dimension."""
        return linear(input, self.weight, self.bias)
