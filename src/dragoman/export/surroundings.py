"""`dragoman.nn.surroundings` as a part of the encoder's graph: rows that hold more than the source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import TensorProto

from dragoman.export.graph import Graph
from dragoman.export.graphs import SourceReader
from dragoman.export.parts import Network
from dragoman.export.readers import Words, differs
from dragoman.nn.surroundings import reading_config
from dragoman.text.vocabulary import EOS, PAD, SOS

_PREFIX = "surroundings."


class Rows:
    """What a graph makes of ``before SOS source EOS after EOS``; see `dragoman.nn.surroundings`.

    Args:
        space: The id that begins each word.
    """

    def __init__(self, space: int) -> None:
        self.space = space

    def own_part(self, g: Graph) -> str:
        """Cut the sources out of their rows."""
        inside = _whole(g, _inside(g))
        length = g.op("Squeeze", g.op("Shape", "src", start=1, end=2))
        places = g.op("Range", _int(g, 0), length, _int(g, 1))
        there = g.op("Greater", inside, _int(g, 0))
        first = g.op("Where", there, places, length)
        first = g.op("ReduceMin", first, g.constant([1], np.int64), keepdims=1)
        lengths = g.op("ReduceSum", inside, g.constant([1], np.int64), keepdims=1)
        lengths = g.op("Add", lengths, _int(g, 1))
        longest = g.op("ReduceMax", lengths, keepdims=0)
        wanted = g.op("Range", _int(g, 0), longest, _int(g, 1))
        last = g.op("Sub", length, _int(g, 1))
        found = g.op("GatherElements", "src", g.op("Min", g.op("Add", first, wanted), last), axis=1)
        return g.op("Where", g.op("Less", wanted, lengths), found, _int(g, PAD))

    def vectors(self, g: Graph, network: Network, known: str) -> str:
        """Say where each row's source stands: [sentences, 1, context_size].

        Args:
            g: The graph.
            network: Settings and weights.
            known: The rows, what no vocabulary has read as UNK.
        """
        words = Words(g, network, self.space, _PREFIX, known)
        own = replace(network, config=reading_config(network.config))
        reader = SourceReader(g, own, words.mask, prefix=_PREFIX)
        reader.read(words.vectors(), None)
        chosen = g.op("Cast", g.op("And", words.starts, _inside(g)), to=TensorProto.FLOAT)
        nothing = g.op("ConstantOfShape", words.shape)
        chosen = g.op("ScatterElements", nothing, words.word, chosen, axis=1, reduction="add")
        count = g.op("ReduceSum", chosen, g.constant([1], np.int64), keepdims=1)
        share = g.op("Div", chosen, g.op("Max", count, g.constant(1.0)))
        share = g.op("Unsqueeze", share, g.constant([1], np.int64))
        vectors = g.op("MatMul", share, reader.memory())
        beside = _whole(g, g.op("Equal", "src", _int(g, SOS)))
        beside = g.op("ReduceMax", beside, g.constant([1], np.int64), keepdims=1)
        beside = g.op("Cast", beside, to=TensorProto.FLOAT)
        return g.op("Mul", vectors, g.op("Unsqueeze", beside, g.constant([2], np.int64)))


def _inside(g: Graph) -> str:
    """Say which tokens are the source's own, EOS not among them."""
    mark = g.op("Equal", "src", _int(g, SOS))
    begun = g.op("CumSum", _whole(g, mark), _int(g, 1))
    marked = g.op("ReduceMax", begun, g.constant([1], np.int64), keepdims=1)
    begun = g.op("Greater", g.op("Sub", g.op("Add", begun, _int(g, 1)), marked), _int(g, 0))
    end = g.op("And", g.op("Equal", "src", _int(g, EOS)), begun)
    ended = g.op("Greater", g.op("CumSum", _whole(g, end), _int(g, 1)), _int(g, 0))
    there = g.op("And", begun, g.op("Not", ended))
    return g.op("And", there, g.op("And", g.op("Not", mark), differs(g, "src", PAD)))


def _whole(g: Graph, flags: str) -> str:
    return g.op("Cast", flags, to=TensorProto.INT64)


def _int(g: Graph, value: int) -> str:
    return g.constant(value, np.int64)
