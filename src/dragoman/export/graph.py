"""A small builder of ONNX graphs whose weights lie in one file beside them, each once.

Everything is plain ONNX (opset 21). A weight that is used several times, in one graph or in two, is stored once:
graphs refer to places in `weights.bin` (ONNX's external data). In int8 every matrix is kept as whole numbers and one
scale a row of it, that is one an output; see `Graph.linear` for what becomes of the other factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

WEIGHTS = "weights.bin"
_OPSET, _IR = 21, 10
_ALIGNMENT = 64
# Activations that lie between -1 and 1 become 1..255, 128 standing for 0.
_STEPS, _ZERO = np.float32(127), np.uint8(128)

Array = NDArray[Any]


@dataclass(frozen=True)
class Matrix:
    """A map ``y = W x``, or a table of vectors: a name, and W, [outputs, inputs].

    `table` keeps the rows of W together in the file, where vectors are looked up in it.
    """

    name: str
    values: NDArray[np.float32]
    table: bool = False

    def columns(self, start: int, stop: int) -> Matrix:
        """Give what reads some of the inputs."""
        return Matrix(f"{self.name}:{start}-{stop}", self.values[:, start:stop])


@dataclass(frozen=True)
class Value:
    """An input or an output of a graph.

    Attributes:
        name: What the world calls it.
        dims: Its dimensions, numbers or names.
        kind: Its elements.
        made_as: What the graph called it.
    """

    name: str
    dims: tuple[int | str, ...]
    kind: int = TensorProto.FLOAT
    made_as: str = ""


@dataclass
class Weights:
    """The file of all weights."""

    int8: bool = False
    content: bytearray = field(default_factory=bytearray)
    tensors: dict[str, TensorProto] = field(default_factory=dict[str, TensorProto])

    def add(self, name: str, values: Array) -> TensorProto:
        """Store an array under a name, unless it is there already."""
        if name not in self.tensors:
            self.content.extend(bytes(-len(self.content) % _ALIGNMENT))
            tensor = TensorProto(
                name=name,
                data_type=helper.np_dtype_to_tensor_dtype(values.dtype),
                dims=values.shape,
                data_location=TensorProto.EXTERNAL,
            )
            data = np.ascontiguousarray(values).tobytes()
            places = {"location": WEIGHTS, "offset": len(self.content), "length": len(data)}
            for key, value in places.items():
                tensor.external_data.add(key=key, value=str(value))
            self.content.extend(data)
            self.tensors[name] = tensor
        return self.tensors[name]


def quantise(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round a matrix to -127..127, with one scale a row.

    Returns:
        Whole numbers, [rows, columns], and scales, [rows], whose product is about the matrix.
    """
    largest = np.abs(values).max(axis=1)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.round(values / scales[:, None]).astype(np.int8), scales


class Graph:
    """A graph that grows node by node; every method gives the name of what it computes.

    Args:
        weights: Where weights go.
        root: The graph that this one is the body of a loop in.
    """

    def __init__(self, weights: Weights, root: Graph | None = None) -> None:
        self.weights, self.root = weights, root or self
        self.nodes: list[NodeProto] = []
        self._used: dict[str, TensorProto] = {}
        self._made: dict[tuple[Any, ...], str] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output."""
        return self.ops(kind, inputs, 1, **attributes)[0]

    def ops(self, kind: str, inputs: Sequence[str], num: int, **attributes: Any) -> list[str]:
        """Add a node of several outputs."""
        outputs = [self.name(kind) for _ in range(num)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs

    def name(self, kind: str) -> str:
        """Make up a name, which no other value has in the graph or in the bodies of its loops."""
        self.root._count += 1
        return f"{kind}_{self.root._count}"

    def constant(self, values: Any, dtype: type[np.generic] = np.float32) -> str:
        """Add a small constant, once."""
        array = np.asarray(values, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.root._made:
            name = self.name("constant")
            self.root._used[name] = numpy_helper.from_array(array, name)
            self.root._made[key] = name
        return self.root._made[key]

    def weight(self, name: str, values: Array) -> str:
        """Add a weight."""
        self.root._used[name] = self.weights.add(name, values)
        return name

    def split(self, x: str, sizes: Sequence[int]) -> list[str]:
        """Cut the last axis into parts."""
        if len(sizes) == 1:
            return [x]
        return self.ops("Split", [x, self.constant(sizes, np.int64)], len(sizes), axis=-1)

    def join(self, parts: Sequence[str]) -> str:
        """Put parts side by side on the last axis."""
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=-1)

    def look_up(self, table: Matrix, ids: str) -> str:
        """Take rows of a table: ids [...] -> [..., inputs]."""
        rows = self.op("Gather", self._stored(table), ids)
        if not self.weights.int8:
            return rows
        scales = self.op("Gather", self._scales(table), ids)
        scales = self.op("Unsqueeze", scales, self.constant([-1], np.int64))
        return self.op("Mul", self.op("Cast", rows, to=TensorProto.FLOAT), scales)

    def columns(self, matrix: Matrix, ids: str) -> str:
        """Take the columns of some outputs: ids [words] -> [inputs, words], in float32."""
        if matrix.table:
            return self.op("Transpose", self.look_up(matrix, ids), perm=[1, 0])
        taken = self.op("Gather", self._stored(matrix), ids, axis=1)
        if not self.weights.int8:
            return taken
        scales = self.op("Gather", self._scales(matrix), ids)
        return self.op("Mul", self.op("Cast", taken, to=TensorProto.FLOAT), scales)

    def linear(self, x: str, matrix: Matrix, *, bounded: bool = False) -> str:
        """Multiply: x [..., inputs] -> [..., outputs].

        In int8 x is rounded to 8 bits first. Its scale is that of its own row, never of the batch: what a
        sentence becomes does not depend on its company.

        Args:
            x: What to multiply.
            matrix: By what.
            bounded: Whether x lies between -1 and 1, as what a tanh has passed does. Its scale is then 1/127,
                and need not be found.
        """
        if not self.weights.int8:
            return self.op("MatMul", x, self._factor(matrix))
        scales, largest = self._scales(matrix), None
        if not bounded:
            largest = self.op(
                "ReduceMax", self.op("Abs", x), self.constant([-1], np.int64), keepdims=1
            )
            # A row of zeros is divided by something else than zero.
            largest = self.op("Max", largest, self.constant(1e-30))
            x = self.op("Div", x, largest)
        zero = self.constant(_ZERO, np.uint8)
        rounded = self.op("QuantizeLinear", x, self.constant(1 / _STEPS), zero)
        if self.root is self:
            product = self.op("MatMulInteger", rounded, self._factor(matrix), zero)
        else:
            product = self.op("MatMulInteger", rounded, self._unsigned(matrix), zero, zero)
        scales = self.op("Mul", scales, self.constant(1 / _STEPS))
        product = self.op("Mul", self.op("Cast", product, to=TensorProto.FLOAT), scales)
        return product if largest is None else self.op("Mul", product, largest)

    def full(self, matrix: Matrix) -> str:
        """Give a matrix in float32, as it is stored: a table as [outputs, inputs], others as [inputs, outputs]."""
        stored = self._stored(matrix)
        if not self.weights.int8:
            return stored
        scales = self._scales(matrix)
        if matrix.table:
            scales = self.op("Unsqueeze", scales, self.constant([-1], np.int64))
        return self.op("Mul", self.op("Cast", stored, to=TensorProto.FLOAT), scales)

    def _stored(self, matrix: Matrix) -> str:
        values: Array = quantise(matrix.values)[0] if self.weights.int8 else matrix.values
        return self.weight(matrix.name, values if matrix.table else values.T)

    def _factor(self, matrix: Matrix) -> str:
        """Give what stands on the right of a product: [inputs, outputs]."""
        stored = self._stored(matrix)
        return self.op("Transpose", stored, perm=[1, 0]) if matrix.table else stored

    def _unsigned(self, matrix: Matrix) -> str:
        """Give a factor for the body of a loop: bytes around `_ZERO`, made of the stored ones outside of it.

        Processors without VNNI multiply unsigned bytes by signed ones in sums of 16 bits, which overflow. ONNX Runtime
        avoids it (session.x64quantprecision) for the weights of a graph, but not for those of a loop's body.
        """
        root, key = self.root, ("unsigned", matrix.name)
        if key not in root._made:
            wide = root.op("Cast", root._factor(matrix), to=TensorProto.INT32)
            wide = root.op("Add", wide, root.constant(_ZERO, np.int32))
            root._made[key] = root.op("Cast", wide, to=TensorProto.UINT8)
        return root._made[key]

    def _scales(self, matrix: Matrix) -> str:
        return self.weight(f"{matrix.name}.scales", quantise(matrix.values)[1])

    def body(self, inputs: Sequence[str], outputs: Sequence[str]) -> GraphProto:
        """Finish the body of a loop, whose values are all float32."""
        values = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
            for names in (inputs, outputs)
        ]
        return helper.make_graph(self.nodes, "body", values[0], values[1])

    def model(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> ModelProto:
        """Finish the graph; its outputs get the names that the world knows them by."""
        named = {value.made_as: value.name for value in outputs}
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [named.get(name, name) for name in names]
        ins, outs = (
            [helper.make_tensor_value_info(one.name, one.kind, list(one.dims)) for one in values]
            for values in (inputs, outputs)
        )
        graph = helper.make_graph(self.nodes, "dragoman", ins, outs, list(self._used.values()))
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(
            graph, opset_imports=[opset], ir_version=_IR, producer_name="dragoman"
        )
