"""What a bundle's graphs may hold: what export writes, and nothing else.

A graph is a program. One that someone else wrote may run for ever (`Loop`), or ask for what no machine has; so that a
graph is refused before ONNX Runtime sees it if it holds any operation, or any part of an ONNX file, that no export
writes. What the allowed operations take is bounded when they are run (`memory`).
"""

from __future__ import annotations

from typing import Any

from dragoman.runtime.messages import fields

# A test holds them to be those of `dragoman.export`. One that is written no more stays, for the bundles that have it.
_WRITTEN = (
    "Abs Add And BitShift BitwiseXor Cast Concat ConstantOfShape Conv CumSum Div Equal Expand Gather GatherElements "
    "GatherND Gemm Greater GreaterOrEqual Identity LayerNormalization Less LessOrEqual Log LogSoftmax MatMul "
    "MatMulInteger Max Min Mod Mul Not Or QuantizeLinear Range ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape "
    "ReverseSequence Scan ScatterElements Shape Sigmoid Slice Softmax Split Sqrt Squeeze Sub Tanh TopK Transpose "
    "Unique Unsqueeze Where"
)
OPERATIONS = frozenset(_WRITTEN.split())
# Which has a graph of its own, as its attribute.
_SCAN = "Scan"
# The fields of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that are written: of ModelProto its version,
# maker, graph and operator sets; of those a name and a version.
_VERSION, _MAKER, _GRAPH, _OPERATOR_SET = 1, 2, 7, 8
_SET_NAME, _SET_VERSION = 1, 2
# Of GraphProto nodes, name, weights, inputs and outputs.
_NODE, _GRAPH_PARTS = 1, frozenset({1, 2, 5, 11, 12})
# Of NodeProto inputs, outputs, the operation and attributes; so that its domain too is ONNX's.
_OPERATION, _ATTRIBUTE, _NODE_PARTS = 4, 5, frozenset({1, 2, 4, 5})
# Of AttributeProto name, kind, and values that are numbers, texts or tensors; and one graph.
_BODY, _VALUES = 6, frozenset({1, 2, 3, 4, 5, 7, 8, 9, 20})


def why_foreign(model: bytes) -> str:
    """Say what is in an ONNX file that no export writes; "" where there is nothing."""
    try:
        found = _of_model(model)
    except (IndexError, ValueError, TypeError, RecursionError):
        return "is no ONNX graph"
    return found and f"holds {found}, which no export writes"


def _of_model(model: bytes) -> str:
    for number, value in fields(model):
        if number == _GRAPH:
            found = _of_graph(value)
        elif number == _OPERATOR_SET:
            found = "" if all(map(_is_own, fields(value))) else "foreign operators"
        else:
            found = "" if number in (_VERSION, _MAKER) else f"field {number} of a model"
        if found:
            return found
    return ""


def _is_own(part: tuple[int, Any]) -> bool:
    """Whether a part of an operator set says that it is ONNX's own: its name is empty."""
    number, value = part
    return number == _SET_VERSION or (number == _SET_NAME and not value)


def _of_graph(graph: bytes) -> str:
    for number, value in fields(graph):
        found = "" if number in _GRAPH_PARTS else f"field {number} of a graph"
        if number == _NODE:
            found = _of_node(value)
        if found:
            return found
    return ""


def _of_node(node: bytes) -> str:
    parts = [*fields(node)]
    operations = [bytes(value).decode() for number, value in parts if number == _OPERATION]
    for operation in operations:
        if operation not in OPERATIONS:
            return f"the operation {operation[:40]!r}"
    if len(operations) != 1:
        return "a node that is not one operation"
    for number, value in parts:
        if number not in _NODE_PARTS:
            return f"field {number} of a node"
        found = _of_attribute(value, operations[0]) if number == _ATTRIBUTE else ""
        if found:
            return found
    return ""


def _of_attribute(attribute: bytes, operation: str) -> str:
    for number, value in fields(attribute):
        if number == _BODY and operation == _SCAN:
            if found := _of_graph(value):
                return found
        elif number not in _VALUES:
            return f"field {number} of an attribute"
    return ""
