"""Words that only a source knows, as ONNX nodes: read as UNK, and copied by a pointer."""

from __future__ import annotations

import numpy as np

from dragoman.export.graph import Graph
from dragoman.export.parts import Network, embedding
from dragoman.text.vocabulary import UNK

COPIES = "copies"


def known_ids(g: Graph, ids: str, network: Network, table: str) -> str:
    """Read what is past the vocabulary, a word that only the source knows, as UNK."""
    if not network.copies:
        return ids
    size = g.constant(embedding(network, table).values.shape[0], np.int64)
    return g.op("Where", g.op("Less", ids, size), ids, g.constant(UNK, np.int64))


def copies(g: Graph, network: Network, src: str) -> str:
    """Say what each source token is as a target id; a sentence's own words stand past all known ids."""
    size = len(network.tgt_ids)
    ids = known_ids(g, src, network, "src_embedding.weight")
    if list(network.tgt_ids) != list(range(size)):
        ids = g.op("Gather", g.constant(network.tgt_ids, np.int64), ids)
    own = g.op("Add", src, g.constant(network.num_known_ids - size, np.int64))
    return g.op("Where", g.op("Less", src, g.constant(size, np.int64)), ids, own)


def pointed(g: Graph, network: Network, made: tuple[str, str, str]) -> str:
    """Mix what is generated with what is copied: log(p_gen P_vocab(w) + (1 - p_gen) sum of a_i where i is w)."""
    logits, output, weights = made
    gate, bias = (network.parameters[f"generator.gate.{part}"] for part in ("weight", "bias"))
    p_gen = g.op("MatMul", output, g.weight("generator.gate.weight", gate.T))
    p_gen = g.op("Sigmoid", g.op("Add", p_gen, g.weight("generator.gate.bias", bias)))
    generated = g.op("Mul", p_gen, g.op("Softmax", logits, axis=-1))
    one = g.constant([1], np.int64)
    # Room for the words that only can be copied.
    most = g.op("ReduceMax", COPIES, keepdims=0)
    most = g.op("Max", most, g.constant(network.num_known_ids - 1, np.int64))
    num_known = len(network.parameters["generator.bias"]) - 1
    more = g.op(
        "Unsqueeze", g.op("Sub", most, g.constant(num_known, np.int64)), g.constant([0], np.int64)
    )
    rows = g.op("Shape", "last_ids")
    room = g.op("ConstantOfShape", g.op("Concat", rows, more, axis=0))
    ids = g.op("Unsqueeze", COPIES, one)
    ids = g.op("Expand", ids, g.op("Shape", weights))
    copied = g.op("Mul", g.op("Sub", g.constant(1), p_gen), weights)
    mixed = g.op(
        "ScatterElements", g.join([generated, room]), ids, copied, axis=-1, reduction="add"
    )
    return g.op("Log", mixed)
