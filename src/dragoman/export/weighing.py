"""How attention makes weights of scores, as ONNX nodes: the rows of WEIGHINGS in `dragoman.nn`, explained there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import TensorProto

from dragoman.export.graph import Graph

_NOTHING = -2.0


def _softmax(g: Graph, scores: str) -> str:
    return g.op("Softmax", scores, axis=-1)


def _sparsemax(g: Graph, scores: str) -> str:
    z = _cut(g, scores)
    best, k = _sorted(g, z)
    sums = g.op("CumSum", best, g.constant(-1, np.int64))
    taus = g.op("Div", g.op("Sub", sums, g.constant(1)), k)
    tau = g.op("ReduceMax", taus, g.constant([-1], np.int64), keepdims=1)
    return g.op("Relu", g.op("Sub", z, tau))


def _entmax15(g: Graph, scores: str) -> str:
    z = _cut(g, g.op("Mul", scores, g.constant(0.5)))
    best, k = _sorted(g, z)
    last = g.constant(-1, np.int64)
    mean = g.op("Div", g.op("CumSum", best, last), k)
    square = g.op("Div", g.op("CumSum", g.op("Mul", best, best), last), k)
    spread = g.op("Mul", k, g.op("Sub", square, g.op("Mul", mean, mean)))
    root = g.op("Sqrt", g.op("Relu", g.op("Div", g.op("Sub", g.constant(1), spread), k)))
    taus = g.op("Sub", mean, root)
    held = g.op("Cast", g.op("LessOrEqual", taus, best), to=TensorProto.INT64)
    num = g.op("ReduceSum", held, g.constant([-1], np.int64), keepdims=1)
    tau = g.op("GatherElements", taus, g.op("Sub", num, g.constant(1, np.int64)), axis=-1)
    kept = g.op("Relu", g.op("Sub", z, tau))
    return g.op("Mul", kept, kept)


def _cut(g: Graph, z: str) -> str:
    most = g.op("ReduceMax", z, g.constant([-1], np.int64), keepdims=1)
    return g.op("Max", g.op("Sub", z, most), g.constant(_NOTHING))


def _sorted(g: Graph, z: str) -> tuple[str, str]:
    """Give the values from the greatest down, and 1, 2, 3, ... beside them."""
    size = g.op("Shape", z, start=-1)
    best = g.ops("TopK", [z, size], 2, axis=-1)[0]
    one = g.constant(1, np.int64)
    stop = g.op("Add", g.op("Squeeze", size), one)
    return best, g.op("Cast", g.op("Range", one, stop, one), to=TensorProto.FLOAT)


WEIGHINGS: dict[str, Callable[[Graph, str], str]] = {
    "softmax": _softmax,
    "entmax15": _entmax15,
    "sparsemax": _sparsemax,
}
