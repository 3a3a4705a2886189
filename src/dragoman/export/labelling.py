"""A network that labels as one ONNX graph, and the rows of HEADS in `dragoman.nn.heads` that it may end in.

::

    labeller: src -> scores, mask, weights, start, between, end

`scores` and `mask` have a place for each word, or one for the text; `weights`, where it was looked, only a head that
pools has; what labels add to each other's scores, `start`, `between` and `end`, only a CRF.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import ModelProto, TensorProto

from dragoman.export.encoders import SourceReader
from dragoman.export.graph import Graph, Value, Weights
from dragoman.export.parts import Network
from dragoman.export.readers import READERS

# ----------------------------------------------------------------------------------------------- heads


def _linear(g: Graph, network: Network, x: str, name: str) -> str:
    bias = f"head.{name}.bias"
    bounded = network.bounded_encoder or name == "query"
    mapped = g.linear(x, network.matrix(f"head.{name}.weight"), bounded=bounded)
    return g.op("Add", mapped, g.weight(bias, network.parameters[bias]))


def _each(g: Graph, network: Network, reader: SourceReader) -> dict[str, str]:
    scores = _linear(g, network, reader.memory(), "project")
    return {"scores": scores, "mask": reader.mask}


def _crf(g: Graph, network: Network, reader: SourceReader) -> dict[str, str]:
    found = _each(g, network, reader)
    for name in ("start", "between", "end"):
        stored = g.weight(f"head.{name}", network.parameters[f"head.{name}"])
        found[name] = g.op("Identity", stored)
    return found


def _one(g: Graph, network: Network, h: str) -> dict[str, str]:
    scores = _linear(g, network, g.op("Unsqueeze", h, g.constant([1], np.int64)), "project")
    first = g.op("Slice", scores, *(g.constant([n], np.int64) for n in (0, 1, 2)))
    first = g.op("Squeeze", first, g.constant([2], np.int64))
    return {"scores": scores, "mask": g.op("Equal", first, first)}


def _last(g: Graph, network: Network, reader: SourceReader) -> dict[str, str]:
    return _one(g, network, reader.top())


def _pool(g: Graph, network: Network, reader: SourceReader) -> dict[str, str]:
    memory = reader.memory()
    fits = _linear(g, network, g.op("Tanh", _linear(g, network, memory, "hidden")), "query")
    fits = g.op("Squeeze", fits, g.constant([2], np.int64))
    weights = g.op("Softmax", g.op("Where", reader.mask, fits, g.constant(-np.inf)), axis=-1)
    pooled = g.op("MatMul", g.op("Unsqueeze", weights, g.constant([1], np.int64)), memory)
    pooled = g.op("Squeeze", pooled, g.constant([1], np.int64))
    return {**_one(g, network, pooled), "weights": weights}


HEADS: dict[str, Callable[[Graph, Network, SourceReader], dict[str, str]]] = {
    "softmax": _each,
    "crf": _crf,
    "last": _last,
    "pool": _pool,
}


def labeller_graph(network: Network, weights: Weights, space: int | None) -> ModelProto:
    """Write reader, encoder and head.

    Args:
        network: Settings and weights.
        weights: Where the weights go.
        space: The id that begins each word, where the tokens are characters.
    """
    g, config = Graph(weights), network.config
    read = READERS[config.reader](g, network, space)
    reader = SourceReader(g, network, read.mask)
    reader.read(read.x, read.table)
    found = HEADS[config.head](g, network, reader)
    labels = len(network.parameters["head.project.bias"])
    dims: dict[str, tuple[int | str, ...]] = {
        "scores": ("sentences", "places", labels),
        "mask": ("sentences", "places"),
        "weights": ("sentences", "units"),
        "start": (labels,),
        "between": (labels, labels),
        "end": (labels,),
    }
    outputs = [
        Value(name, dims[name], TensorProto.BOOL if name == "mask" else TensorProto.FLOAT, made)
        for name, made in found.items()
    ]
    return g.model([Value("src", ("sentences", "src_len"), TensorProto.INT64)], outputs)
