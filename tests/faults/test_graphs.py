"""Graphs that somebody else wrote: what export would not write is never run, and no graph takes more than there is."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from dragoman.errors import DragomanError
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.graphs import why_foreign
from helpers.bundles import write_tiny
from helpers.edits import resign


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return (write_tiny(tmp_path_factory.mktemp("graphs") / "tiny") / "encoder.onnx").read_bytes()


def loop():
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["again"])],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("again", TensorProto.BOOL, [])],
    )
    return helper.make_node("Loop", ["", "always"], [], body=body)


def a_loop(model):
    model.graph.node.insert(0, loop())


def a_loop_in_a_scan(model):
    scan = next(node for node in model.graph.node if node.op_type == "Scan")
    next(one.g for one in scan.attribute if one.name == "body").node.insert(0, loop())


def a_choice(model):
    body = loop().attribute[0].g
    model.graph.node.append(
        helper.make_node("If", ["always"], ["x"], then_branch=body, else_branch=body)
    )


def a_body_elsewhere(model):
    model.graph.node[0].attribute.append(helper.make_attribute("body", loop().attribute[0].g))


def bodies(model):
    scan = next(node for node in model.graph.node if node.op_type == "Scan")
    scan.attribute.append(helper.make_attribute("more", [loop().attribute[0].g]))


def a_large_value(model):
    model.graph.node.append(helper.make_node("Tile", ["src", "times"], ["x"]))


def another_domain(model):
    model.graph.node.append(helper.make_node("MatMul", ["x", "x"], ["y"], domain="com.microsoft"))


def another_operator_set(model):
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def a_function(model):
    opset = [helper.make_opsetid("", 21)]
    model.functions.append(helper.make_function("", "Add", [], ["x"], [loop()], opset))


def a_sparse_weight(model):
    model.graph.sparse_initializer.add()


HELD = {
    a_loop: "the operation 'Loop'",
    a_loop_in_a_scan: "the operation 'Loop'",
    a_choice: "the operation 'If'",
    a_body_elsewhere: "field 6 of an attribute",
    bodies: "field 11 of an attribute",
    a_large_value: "the operation 'Tile'",
    another_domain: "field 7 of a node",
    another_operator_set: "foreign operators",
    a_function: "field 25 of a model",
    a_sparse_weight: "field 15 of a graph",
}


@pytest.mark.fault(
    "an ONNX graph with a loop, or whatever else export would not write",
    "refused before it is run",
)
class TestForeignParts:
    @pytest.mark.parametrize("change", HELD, ids=lambda change: change.__name__)
    def test_named_and_not_run(self, encoder, tmp_path, change):
        model = onnx.load_from_string(encoder)
        change(model)
        folder = write_tiny(tmp_path / "tiny")
        resign(folder, "encoder.onnx", model.SerializeToString())
        with pytest.raises(
            DragomanError, match=rf"encoder\.onnx: holds {HELD[change]}, which no export writes"
        ):
            read_bundle(folder)

    def test_of_two_names_the_second_counts(self, encoder):
        """A reader of Protocol Buffers keeps the last of what stands twice."""
        model = onnx.load_from_string(encoder)
        name = model.graph.node[0].op_type.encode()
        once, twice = (b"\x22%c%b" % (len(one), one) for one in (name, b"Loop"))
        graph = onnx.GraphProto()
        graph.CopyFrom(model.graph)
        node = graph.node[0].SerializeToString()
        assert once in node
        node = node.replace(once, once + twice)
        assert onnx.NodeProto.FromString(node).op_type == "Loop"
        content = b"\x0a%c%b" % (len(node), node)
        assert len(node) < 128
        assert len(content) < 128
        why = why_foreign(b"\x3a%c%b" % (len(content), content))
        assert why == "holds the operation 'Loop', which no export writes"

    @pytest.mark.parametrize("content", [b"\xff" * 40, b"\x3a\x7f", b"\x3b", b"\x38\x01"])
    def test_what_is_no_graph(self, content):
        assert why_foreign(content) == "is no ONNX graph"


GREEDY = """
import sys
from dragoman.runtime import memory
memory.memory_bound = lambda: 64 << 20
from dragoman.errors import DragomanError
from dragoman.loading import load
model = load(sys.argv[1])
short = model.translate("a b").text
try:
    model.translate("a b c d " * 10)
except DragomanError as error:
    print(error)
assert model.translate("a b").text == short
"""


@pytest.mark.fault(
    "an ONNX graph that asks for more memory than there is",
    "refused while it loads, or when it is run; what it got is given back",
)
@pytest.mark.parametrize("times", [1_000_000, 1 << 40])
def test_a_graph_that_takes_all_memory(encoder, tmp_path, times):
    """As many numbers as the source has tokens, times a million: 160 MB for forty words, of 64 MiB."""
    model = onnx.load_from_string(encoder)
    for node in model.graph.node:
        node.output[:] = ["memory_itself" if name == "memory" else name for name in node.output]
        node.input[:] = ["memory_itself" if name == "memory" else name for name in node.input]
    model.graph.initializer.append(helper.make_tensor("times", TensorProto.INT64, [1], [times]))
    model.graph.node.extend(
        [
            helper.make_node("Shape", ["src"], ["length"], start=1),
            helper.make_node("Mul", ["length", "times"], ["size"]),
            helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
            helper.make_node("ReduceMax", ["zeros"], ["zero"]),
            helper.make_node("Add", ["memory_itself", "zero"], ["memory"]),
        ]
    )
    folder = write_tiny(tmp_path / "tiny")
    resign(folder, "encoder.onnx", model.SerializeToString())
    done = subprocess.run(
        [sys.executable, "-c", GREEDY, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    said = done.stdout + done.stderr
    assert "asks for more than 64 MiB, half of this machine's memory" in said
    assert Path(folder, "encoder.onnx").as_posix() in said
    assert done.returncode == (0 if times == 1_000_000 else 1), said
