"""How a decoder looks at the source, and what it makes of that, as ONNX nodes: the rows of DECODERS in `dragoman.nn`.

A recurrent decoder looks after its recurrence, with an attention or not at all; a monotonic one and a transducer look
at one token, before and after it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto

from dragoman.export.cells import recurrence
from dragoman.export.graph import Graph
from dragoman.export.parts import ATTENTIONS, Network
from dragoman.text.vocabulary import INSERT, PAD, SOS, STEP

SEEN = ("mask", "keys", "values")


class Recurrent:
    """Looks with its attention, if it has one: h~ = tanh(W_c [context; h])."""

    # Columns of a state that say where it looks.
    place = 0

    def __init__(self, network: Network) -> None:
        config = network.config
        self.network, self.memory_size = network, config.hidden_size
        self.attention = None
        if config.attention != "none":
            self.attention = ATTENTIONS[config.attention](network)

    @property
    def looks(self) -> bool:
        """Whether it looks at the source at all."""
        return self.attention is not None

    def prepare(self, g: Graph, memory: str) -> dict[str, str]:
        """Make of the memory all that steps look at."""
        return {} if self.attention is None else self.attention.prepare(g, memory)

    def look(
        self, g: Graph, h: str, seen: Mapping[str, str], position: str | None
    ) -> tuple[str, str]:
        """Give h~ and where it looked; without attention h, and nothing."""
        del position
        if self.attention is None:
            return h, ""
        mixed, weights = self.attention.attend(g, h, seen)
        return self.mixed(g, mixed, h), weights

    def mixed(self, g: Graph, mixed: str, h: str) -> str:
        """Give tanh(W_1 context + W_2 h), the first of which is known."""
        start, stop = self.memory_size, self.memory_size + self.network.config.hidden_size
        half = self.network.matrix("decoder.W_c.weight", slice(start, stop))
        return g.op(
            "Tanh", g.op("Add", mixed, g.linear(h, half, bounded=self.network.bounded_state))
        )


class Monotonic(Recurrent):
    """Looks at the token at its position, which is a column of its state; STEP moves it on.

    What it reads of a token, and what its output takes of it, are maps of the memory: `keys` and `values`.
    """

    place = 1

    def __init__(self, network: Network) -> None:
        self.network, self.memory_size = network, network.config.hidden_size

    @property
    def looks(self) -> bool:
        """Always."""
        return True

    def prepare(self, g: Graph, memory: str) -> dict[str, str]:
        """Multiply the memory by the cell's map, and by the first half of W_c."""
        start = self.network.config.embedding_size
        read = recurrence(self.network, "decoder.layers.0").input(start, start + self.memory_size)
        first = self.network.matrix("decoder.W_c.weight", slice(0, self.memory_size))
        bounded = self.network.bounded_encoder
        return {
            "keys": g.linear(memory, read, bounded=bounded),
            "values": g.linear(memory, first, bounded=bounded),
        }

    def heed(self, g: Graph, position: str) -> str:
        """Move as the last token says: [sentences, beams, 1], perhaps past the source's end."""
        last = g.op("Unsqueeze", "last_ids", g.constant([2], np.int64))
        return g.op("Add", position, self.moves(g, last))

    def moves(self, g: Graph, last: str) -> str:
        """Say how far a token moves it."""
        return _is(g, last, STEP)

    def within(self, g: Graph, position: str) -> str:
        """Give the position on the source: past its end stands EOS."""
        real = g.op("Cast", g.op("Equal", "mask", g.constant(0)), to=TensorProto.FLOAT)
        last = g.op("ReduceSum", real, g.constant([-1], np.int64), keepdims=1)
        last = g.op("Sub", last, g.constant(1))
        place = g.op("Max", g.op("Min", position, last), g.constant(0))
        return g.op("Cast", place, to=TensorProto.INT64)

    def gates(self, g: Graph, place: str) -> str:
        """Give what the first layer reads of the token at its place."""
        return g.op("GatherND", "keys", place, batch_dims=1)

    def look(
        self, g: Graph, h: str, seen: Mapping[str, str], position: str | None
    ) -> tuple[str, str]:
        """Take the same token once more."""
        assert position is not None
        output = self.mixed(g, g.op("GatherND", seen["values"], position, batch_dims=1), h)
        zero, one = g.constant(0, np.int64), g.constant(1, np.int64)
        length = g.op("Squeeze", g.op("Shape", seen["mask"], start=2, end=3))
        places = g.op("Range", zero, length, one)
        return output, g.op("Cast", g.op("Equal", position, places), to=TensorProto.FLOAT)


class Transducer(Monotonic):
    """Moves on with every token, and after INSERT back by one."""

    def moves(self, g: Graph, last: str) -> str:
        """Give 1, -1 after INSERT, and 0 at the start."""
        back = g.op("Mul", _is(g, last, INSERT), g.constant(2))
        still = g.op("Add", _is(g, last, SOS), _is(g, last, PAD))
        return g.op("Sub", g.op("Sub", g.constant(1), back), still)


def _is(g: Graph, ids: str, token: int) -> str:
    found = g.op("Equal", ids, g.constant(token, np.int64))
    return g.op("Cast", found, to=TensorProto.FLOAT)


DECODERS: dict[str, type[Recurrent]] = {
    "recurrent": Recurrent,
    "monotonic": Monotonic,
    "transducer": Transducer,
}
