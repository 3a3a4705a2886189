"""Recurrences whose steps hold no matrix: all products are done at once, beforehand, and what is left is a scan.

A scan is ``c_t = f_t * c_t-1 + d_t``, element by element. Over a whole sequence each step is one operation on a
contiguous slice, forward and backward, with none of the rounding that parallel scans in log space have to mind.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dragoman.nn.cell import SHUT, Cell, Output, Pair
from dragoman.nn.linear import linear

Steps = Float[Tensor, "steps batch hidden"]


class _Scan(torch.autograd.Function):
    """c_t = f_t * c_t-1 + d_t; gradients of f, d and c_0."""

    @staticmethod
    def forward(ctx: Any, f: Tensor, d: Tensor, first: Tensor) -> Tensor:
        cs = torch.empty_like(d)
        last = first
        for keep, new, c in zip(f.unbind(), d.unbind(), cs.unbind(), strict=True):
            torch.addcmul(new, keep, last, out=c)
            last = c
        ctx.save_for_backward(f, cs, first)
        return cs

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        f, cs, first = ctx.saved_tensors
        grad = _gathered(grads[0], f)
        before = torch.cat([first[None], cs[:-1]])
        return grad * before, grad, f[0] * grad[0]


def scan(f: Steps, d: Steps, first: Float[Tensor, "batch hidden"]) -> Steps:
    """Return all c_t = f_t * c_t-1 + d_t, from c_0 on."""
    return _Scan.apply(f, d, first)  # pyright: ignore[reportReturnType]


class _SRUScan(torch.autograd.Function):
    """f_t = sigmoid(a_t + v * c_t-1), c_t = f_t * c_t-1 + (1 - f_t) * u_t; gradients of a, u, v and c_0."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, u: Tensor, v: Tensor, first: Tensor) -> Tensor:
        cs, fs = torch.empty_like(u), torch.empty_like(u)
        last = first
        for driven, new, f, c in zip(a.unbind(), u.unbind(), fs.unbind(), cs.unbind(), strict=True):
            torch.addcmul(driven, v, last, out=f)
            torch.lerp(new, last, f.sigmoid_(), out=c)
            last = c
        ctx.save_for_backward(u, v, fs, cs, first)
        return cs

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        u, v, fs, cs, first = ctx.saved_tensors
        before = torch.cat([first[None], cs[:-1]])
        # What a change of a_t moves c_t by, and what a change of c_t-1 does, by way of f too.
        by_a = (before - u) * fs * (1 - fs)
        by_last = torch.addcmul(fs, by_a, v)
        grad = _gathered(grads[0], by_last)
        grad_a = grad * by_a
        return grad_a, grad * (1 - fs), (grad_a * before).sum((0, 1)), by_last[0] * grad[0]


def _gathered(grads: Tensor, by_last: Tensor) -> Tensor:
    """Add to the gradient of each c_t what reaches it by way of c_t+1, which it moves by `by_last`."""
    grads = grads.clone(memory_format=torch.contiguous_format)
    parts, moved = grads.unbind(), by_last.unbind()
    for step in range(len(parts) - 1, 0, -1):
        parts[step - 1].addcmul_(moved[step], parts[step])
    return grads


class ScannedCell(Cell):
    """A cell whose gates read the input alone, so that they are one product for all steps."""

    has_recurrent_map = False
    hold = ()
    # Of a forget gate that starts open; it stands first.
    forget_bias: float | None = None

    def reset_parameters(self) -> None:
        """As every cell; W x has no bias in the papers, here one of 0."""
        super().reset_parameters()
        if self.forget_bias is not None:
            self.bias_ih.data[: self.hidden_size] = self.forget_bias

    def step(self, x: Float[Tensor, "batch input"], state: Pair) -> tuple[Output, Pair]:
        """Read one token: a sequence of one."""
        outputs, state = self.sequence(x[:, None], state)
        return outputs[:, 0], state

    def sequence(
        self,
        x: Float[Tensor, "batch steps input"],
        state: Pair,
        mask: Bool[Tensor, "batch steps"] | None = None,
    ) -> tuple[Float[Tensor, "batch steps hidden"], Pair]:
        """Read a whole sequence; see `Cell.sequence`."""
        driven = linear(x.transpose(0, 1), self.weight_ih, self.bias_ih)
        # Sums over many steps are kept in float32 at least.
        driven = driven if driven.dtype == torch.float64 else driven.float()
        pad = None if mask is None else ~mask.t()[:, :, None]
        outputs, cs = self.scan(driven, state[0].to(driven.dtype), pad)
        return outputs.transpose(0, 1), (cs[-1], None)

    def scan(
        self,
        driven: Float[Tensor, "steps batch rows"],
        first: Float[Tensor, "batch hidden"],
        pad: Bool[Tensor, "steps batch 1"] | None,
    ) -> tuple[Steps, Steps]:
        """Give the outputs and the states of all steps.

        Args:
            driven: What comes of the input.
            first: The state before.
            pad: Where the state must stay as it is.
        """
        raise NotImplementedError


class SSRUCell(ScannedCell):
    """The simpler simple recurrent unit (Kim et al. 2019, D19-5632, section 3.2).

    ::

        f = sigmoid(W_f x + b_f),  c' = f * c + (1 - f) * W x,  h' = relu(c')

    It carries c. As the LSTM's, the forget gate's bias starts at 1.
    """

    gates = 2
    forget_bias = 1.0

    def scan(
        self,
        driven: Float[Tensor, "steps batch rows"],
        first: Float[Tensor, "batch hidden"],
        pad: Bool[Tensor, "steps batch 1"] | None,
    ) -> tuple[Steps, Steps]:
        """See `ScannedCell.scan`."""
        f, u = driven.chunk(2, dim=2)
        cs = scan(*_held(f.sigmoid(), u, pad), first)
        return cs.relu(), cs


class SRUCell(ScannedCell):
    """The simple recurrent unit (Lei et al. 2018, arXiv:1709.02755, eq. 1-4).

    ::

        f = sigmoid(W_f x + v_f * c + b_f),  c' = f * c + (1 - f) * W x
        r = sigmoid(W_r x + v_r * c + b_r),  h' = r * c' + (1 - r) * W_h x

    It carries c. The highway's x always goes through a map, W_h, as in the paper where widths differ; the factor
    that the paper multiplies it by to begin with is left to that map.
    """

    gates = 4
    forget_bias = 1.0

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        # v_f and v_r
        self.v = nn.Parameter(torch.zeros(2 * hidden_size))

    def scan(
        self,
        driven: Float[Tensor, "steps batch rows"],
        first: Float[Tensor, "batch hidden"],
        pad: Bool[Tensor, "steps batch 1"] | None,
    ) -> tuple[Steps, Steps]:
        """See `ScannedCell.scan`."""
        a, u, r, x = driven.chunk(4, dim=2)
        v_f, v_r = self.v.to(a.dtype).chunk(2)
        a = a if pad is None else a.masked_fill(pad, SHUT)
        cs: Steps = _SRUScan.apply(a, u, v_f, first)  # pyright: ignore[reportAssignmentType]
        before = torch.cat([first[None], cs[:-1]])
        r = torch.addcmul(r, v_r, before).sigmoid()
        return torch.lerp(x, cs, r), cs


class MinGRUCell(ScannedCell):
    """The minimal GRU (Feng et al. 2024, arXiv:2410.01201, section 3.1).

    ::

        z = sigmoid(W_z x + b_z),  h' = (1 - z) * h + z * (W_h x + b_h)
    """

    gates = 2

    def scan(
        self,
        driven: Float[Tensor, "steps batch rows"],
        first: Float[Tensor, "batch hidden"],
        pad: Bool[Tensor, "steps batch 1"] | None,
    ) -> tuple[Steps, Steps]:
        """See `ScannedCell.scan`."""
        z, candidate = driven.chunk(2, dim=2)
        # 1 - sigmoid(z)
        hs = scan(*_held((-z).sigmoid(), candidate, pad), first)
        return hs, hs


def _held(f: Steps, u: Steps, pad: Bool[Tensor, "steps batch 1"] | None) -> tuple[Steps, Steps]:
    """Make f * c + (1 - f) * u a scan, which on padding keeps c as it is."""
    f = f if pad is None else f.masked_fill(pad, 1.0)
    return f, (1 - f) * u
