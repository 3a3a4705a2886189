"""What a bundle's graphs may hold is what export writes: no operation more, and none less."""

import ast
from pathlib import Path

import onnx

import dragoman.export
from dragoman.runtime.graphs import OPERATIONS

# Operations that earlier versions wrote, and this one does not: their bundles are still read.
FORMER: set[str] = set()


def test_the_operations_are_those_that_export_names():
    """Whatever text in its source is the name of an operation of ONNX is one that it writes."""
    texts = {
        node.value
        for path in Path(dragoman.export.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {text for text in texts if onnx.defs.has(text)} == OPERATIONS - FORMER
