"""How a decoder looks at the source, and what it makes of that, as ONNX nodes: the rows of DECODERS in `dragoman.nn`.

A recurrent decoder looks after its recurrence, with an attention or not at all; GNMT's after its first layer, a
conditional one between two recurrences; a monotonic one and a transducer look at one token, before and after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from dragoman.export.cells import Recurrence, advance, recurrence
from dragoman.export.graph import Graph, Matrix
from dragoman.export.parts import ATTENTIONS, Network, Output
from dragoman.export.words import Memory
from dragoman.text.vocabulary import INSERT, PAD, SOS, STEP

SEEN = {name: name for name in ("mask", "keys", "values")}


@dataclass
class Walk:
    """One step of a decoder's layers.

    Attributes:
        g: Where it is written.
        network: Whose layers.
        states: Each layer's h and c before the step; each layer that has been read with leaves here those after it.
        gates: What the first layer makes of all that it reads.
        word: What a deep output makes of the last word.
        place: Where a monotonic decoder looks.
    """

    g: Graph
    network: Network
    states: list[tuple[str, str | None]]
    gates: str
    word: str | None = None
    place: str | None = None

    def read(self, number: int, x: str = "", context: str | None = None) -> str:
        """Read with a layer: `x`, and gates that come of the context."""
        g, cell = self.g, recurrence(self.network, f"decoder.layers.{number}")
        if number == 0:
            return self._advance(cell, 0, self.gates)
        matrix = cell.input(0, self.network.config.hidden_size)
        gates = g.op("Add", g.linear(x, matrix, bounded=self.network.bounded_state), cell.bias(g))
        gates = g.op("Add", gates, context) if context else gates
        above = self._advance(cell, number, gates)
        return g.op("Add", above, x) if self.network.config.residual else above

    def read_on(self, name: str, gates: str) -> str:
        """Take the first layer's state a step further with another cell."""
        cell = recurrence(self.network, name)
        return self._advance(cell, 0, self.g.op("Add", gates, cell.bias(self.g)))

    def _advance(self, cell: Recurrence, number: int, gates: str) -> str:
        x, self.states[number] = advance(self.g, cell, gates, self.states[number])
        return x


class Recurrent:
    """Looks with its attention, if it has one: h~ = tanh(W_c [context; h])."""

    # Columns of a state that say where it looks.
    place = 0
    # Whether it has an attended output to feed back.
    feeds = True

    def __init__(self, network: Network) -> None:
        config = network.config
        self.network, self.memory_size = network, network.config.memory_size
        self.attention = None
        if config.attention != "none":
            self.attention = ATTENTIONS[config.attention](network, self.reads())

    def reads(self) -> Matrix:
        """Give all that reads the context: W_1 first, what belongs to the decoder, then the generator's map."""
        first = self.network.matrix("decoder.W_c.weight", slice(0, self.memory_size))
        return _stacked(first, [*self.own_reads(), *self._generator()])

    def own_reads(self) -> list[Matrix]:
        """Give what the layers read it by."""
        return []

    def _generator(self) -> list[Matrix]:
        config = self.network.config
        if not config.context_output:
            return []
        return [
            self.network.matrix("generator.P.weight", slice(config.hidden_size, config.output_size))
        ]

    @property
    def values_size(self) -> int:
        """The width of the values."""
        hidden = self.network.config.hidden_size
        return hidden if self.attention is None else self.attention.values_size

    @property
    def looks(self) -> bool:
        """Whether it looks at the source at all."""
        return self.attention is not None

    def prepare(self, g: Graph, memory: Memory) -> dict[str, str]:
        """Make of the memory all that steps look at."""
        return {} if self.attention is None else self.attention.prepare(g, memory)

    def step(self, walk: Walk) -> tuple[Output, str]:
        """Go through the layers, and look: give h~ and where it looked; without attention h, and nothing."""
        x = self.climb(walk, walk.read(0))
        if self.attention is None:
            return Output(x), ""
        mixed, _, found, weights = self.look(walk, x)
        return Output(self.mixed(walk, mixed, x), found), weights

    def look(self, walk: Walk, query: str) -> tuple[str, list[str], str | None, str]:
        """Look, and tell apart what reads the context: W_1, the layers, the generator; and where it looked."""
        assert self.attention is not None
        found, weights = self.attention.attend(walk.g, query, SEEN)
        others = [*self.own_reads(), *self._generator()]
        sizes = [self.network.config.hidden_size, *(len(one.values) for one in others)]
        mixed, *read = walk.g.split(found, sizes) if others else [found]
        return mixed, read, read.pop() if self._generator() else None, weights

    def climb(self, walk: Walk, x: str, context: Mapping[int, str] | None = None) -> str:
        """Read with all layers above the first; some have gates that come of the context."""
        for number in range(1, len(walk.states)):
            x = walk.read(number, x, (context or {}).get(number))
        return x

    def mixed(self, walk: Walk, mixed: str, h: str) -> str:
        """Give tanh(W_1 context + W_2 h + W_3 y), of which all but the second is known."""
        g = walk.g
        start, stop = self.memory_size, self.memory_size + self.network.config.hidden_size
        half = self.network.matrix("decoder.W_c.weight", slice(start, stop))
        mixed = g.op("Add", mixed, g.linear(h, half, bounded=self.network.bounded_state))
        return g.op("Tanh", g.op("Add", mixed, walk.word) if walk.word else mixed)


class GNMT(Recurrent):
    """Looks after the first layer; those above read the context too."""

    def own_reads(self) -> list[Matrix]:
        """Give the gates of the layers above the first."""
        return [self._gates(n) for n in self._above()]

    def step(self, walk: Walk) -> tuple[Output, str]:
        """See `Recurrent.step`."""
        x = walk.read(0)
        mixed, gates, found, weights = self.look(walk, x)
        x = self.climb(walk, x, dict(zip(self._above(), gates, strict=True)))
        return Output(self.mixed(walk, mixed, x), found), weights

    def _above(self) -> range:
        return range(1, self.network.config.decoder_layers)

    def _gates(self, number: int) -> Matrix:
        size = self.network.config.hidden_size
        cell = recurrence(self.network, f"decoder.layers.{number}")
        return cell.input(size, size + self.memory_size)


class Conditional(Recurrent):
    """Looks after a first recurrence; a second one takes its state further."""

    cell = "decoder.transition"

    def own_reads(self) -> list[Matrix]:
        """Give the gates of the second."""
        return [self._gates()]

    def step(self, walk: Walk) -> tuple[Output, str]:
        """See `Recurrent.step`."""
        mixed, gates, found, weights = self.look(walk, walk.read(0))
        x = self.climb(walk, walk.read_on(self.cell, gates[0]))
        return Output(self.mixed(walk, mixed, x), found), weights

    def _gates(self) -> Matrix:
        return recurrence(self.network, self.cell).input(0, self.memory_size)


def _stacked(first: Matrix, others: list[Matrix]) -> Matrix:
    if not others:
        return first
    values = [one.values for one in (first, *others)]
    return Matrix("decoder.context", np.concatenate(values))


class Monotonic(Recurrent):
    """Looks at the token at its position, which is a column of its state; STEP moves it on.

    What it reads of a token, and what its output takes of it, are maps of the memory: `keys` and `values`.
    """

    place = 1
    feeds = False

    def __init__(self, network: Network) -> None:
        self.network, self.memory_size = network, network.config.memory_size
        self.attention = None

    @property
    def looks(self) -> bool:
        """Always."""
        return True

    def prepare(self, g: Graph, memory: Memory) -> dict[str, str]:
        """Multiply the memory by the cell's map, and by the first half of W_c."""
        start = self.network.config.embedding_size
        read = recurrence(self.network, "decoder.layers.0").input(start, start + self.memory_size)
        first = self.network.matrix("decoder.W_c.weight", slice(0, self.memory_size))
        return {"keys": memory.read(g, read), "values": memory.read(g, first)}

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

    def step(self, walk: Walk) -> tuple[Output, str]:
        """Go through the layers, and take the same token once more."""
        g, position = walk.g, walk.place
        assert position is not None
        h = self.climb(walk, walk.read(0))
        output = self.mixed(walk, g.op("GatherND", SEEN["values"], position, batch_dims=1), h)
        zero, one = g.constant(0, np.int64), g.constant(1, np.int64)
        length = g.op("Squeeze", g.op("Shape", SEEN["mask"], start=2, end=3))
        places = g.op("Range", zero, length, one)
        looked = g.op("Cast", g.op("Equal", position, places), to=TensorProto.FLOAT)
        return Output(output), looked


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
    "gnmt": GNMT,
    "conditional": Conditional,
    "monotonic": Monotonic,
    "transducer": Transducer,
}
