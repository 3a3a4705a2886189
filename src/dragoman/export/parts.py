"""The parts of a network as ONNX nodes; each table has the rows of its namesake in `dragoman.nn`.

What a part computes is said there, with its source; here is only how it is written. Vectors are rows: a step sees
[sentences, beams, width], and what belongs to a sentence is [sentences, src_len, width].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from dragoman.config import ModelConfig
from dragoman.export.graph import Graph, Matrix

Floats = NDArray[np.float32]
Parameters = Mapping[str, Floats]


@dataclass(frozen=True)
class Network:
    """A network's settings and its weights, by their names in `dragoman.nn`.

    Attributes:
        tgt_ids: Where it copies: what each source token is as a target id.
        num_known_ids: Where it copies: target ids from here on are words of the sentence at hand.
    """

    config: ModelConfig
    parameters: Parameters
    tgt_ids: Sequence[int] = ()
    num_known_ids: int = 0

    @property
    def copies(self) -> bool:
        """Whether it copies from the source."""
        return bool(self.tgt_ids)

    def matrix(self, name: str, columns: slice | None = None) -> Matrix:
        """Give a map, or some of its inputs."""
        values = self.parameters[name]
        if columns is None:
            return Matrix(name, values)
        return Matrix(f"{name}:{columns.start}-{columns.stop}", values[:, columns])


@dataclass(frozen=True)
class Recurrence:
    """A cell's weights, its gates in the order in which the graph takes them.

    Attributes:
        x: Of the input.
        h: Of the last state.
        x_bias: Added to what comes of the input.
        h_bias: Added to what comes of the state, where that is not the same.
    """

    name: str
    x: Floats
    h: Floats
    x_bias: Floats
    h_bias: Floats | None
    size: int

    @property
    def recurrent(self) -> Matrix:
        """The map of the state."""
        return Matrix(f"{self.name}.weight_hh", self.h)

    def input(self, start: int, stop: int) -> Matrix:
        """Give the map of some of the inputs."""
        return Matrix(f"{self.name}.weight_ih:{start}-{stop}", self.x[:, start:stop])

    def bias(self, g: Graph) -> str:
        """Give the bias of the input."""
        return g.weight(f"{self.name}.bias", self.x_bias)


State = tuple[str, str | None]
Cell = Callable[[Graph, Recurrence, str, State], State]


def _rnn(g: Graph, cell: Recurrence, gates: str, state: State) -> State:
    return g.op("Tanh", g.op("Add", gates, g.linear(state[0], cell.recurrent, bounded=True))), None


def _gru(g: Graph, cell: Recurrence, gates: str, state: State) -> State:
    h, size = state[0], cell.size
    assert cell.h_bias is not None
    old = g.linear(h, cell.recurrent, bounded=True)
    old = g.op("Add", old, g.weight(f"{cell.name}.bias_hh", cell.h_bias))
    x_rz, x_n = g.split(gates, [2 * size, size])
    h_rz, h_n = g.split(old, [2 * size, size])
    r, z = g.split(g.op("Sigmoid", g.op("Add", x_rz, h_rz)), [size, size])
    n = g.op("Tanh", g.op("Add", x_n, g.op("Mul", r, h_n)))
    # (1 - z) n + z h = n + z (h - n)
    return g.op("Add", n, g.op("Mul", z, g.op("Sub", h, n))), None


def _lstm(g: Graph, cell: Recurrence, gates: str, state: State) -> State:
    h, c = state
    assert c is not None
    size = cell.size
    summed = g.op("Add", gates, g.linear(h, cell.recurrent, bounded=True))
    ifo, candidate = g.split(summed, [3 * size, size])
    i, f, o = g.split(g.op("Sigmoid", ifo), [size, size, size])
    c = g.op("Add", g.op("Mul", f, c), g.op("Mul", i, g.op("Tanh", candidate)))
    return g.op("Mul", o, g.op("Tanh", c)), c


CELLS: dict[str, Cell] = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
# An LSTM's gates stand as i, f, g, o in `nn`; here the sigmoids stand together.
_FOLD_BYTES = 32 << 20
_ORDER = {"lstm": (0, 1, 3, 2)}


def recurrence(network: Network, name: str) -> Recurrence:
    """Read a cell's weights."""
    x, h, b_x, b_h = (
        network.parameters[f"{name}.{part}"]
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    size, kind = h.shape[1], network.config.cell
    if kind == "gru":  # The candidate's bias of the state stands inside the product with r.
        return Recurrence(name, x, h, b_x, b_h, size)
    order = _ORDER.get(kind, range(len(h) // size))
    rows = np.concatenate([np.arange(gate * size, (gate + 1) * size) for gate in order])
    return Recurrence(name, x[rows], h[rows], (b_x + b_h)[rows], None, size)


class Attention:
    """Single-headed attention: what `prepare` makes of a sentence, `attend` looks at in every step.

    W_c [context; h] is W_1 context + W_2 h, and W_1 of an average is the average of W_1: so W_1 is applied to
    the memory, once a sentence, and no step need do it.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.memory_size = network.config.hidden_size

    def prepare(self, g: Graph, memory: str) -> dict[str, str]:
        """Make of the memory all that steps look at."""
        return {"keys": self.keys(g, memory), "values": self.mix(g, memory, bounded=True)}

    def attend(self, g: Graph, query: str, seen: Mapping[str, str]) -> tuple[str, str]:
        """Look: give W_1 context, and the weights."""
        scores = g.op("Add", self.scores(g, query, seen["keys"]), seen["mask"])
        weights = g.op("Softmax", scores, axis=-1)
        return g.op("MatMul", weights, seen["values"]), weights

    def mix(self, g: Graph, context: str, *, bounded: bool) -> str:
        """Multiply by W_1."""
        columns = slice(0, self.memory_size)
        return g.linear(
            context, self.network.matrix("decoder.W_c.weight", columns), bounded=bounded
        )

    def keys(self, g: Graph, memory: str) -> str:
        """Make of the memory what queries are compared with."""
        raise NotImplementedError

    def scores(self, g: Graph, query: str, keys: str) -> str:
        """Compare: [sentences, beams, src_len]."""
        return g.op("MatMul", query, g.op("Transpose", keys, perm=[0, 2, 1]))

    def map(self, g: Graph, x: str, name: str, columns: slice | None = None) -> str:
        """Multiply by one of the attention's own maps; all its inputs lie between -1 and 1."""
        return g.linear(x, self.network.matrix(f"decoder.attention.{name}", columns), bounded=True)


class Dot(Attention):
    """s . h."""

    def keys(self, g: Graph, memory: str) -> str:
        """Return h, at the query's width."""
        fits = "decoder.attention.fit.weight" not in self.network.parameters
        return g.op("Identity", memory) if fits else self.map(g, memory, "fit.weight")


class General(Attention):
    """s . W h."""

    def keys(self, g: Graph, memory: str) -> str:
        """Return W h."""
        return self.map(g, memory, "W.weight")


class Additive(Attention):
    """v . tanh(W s + U h)."""

    def keys(self, g: Graph, memory: str) -> str:
        """Return U h."""
        name = "decoder.attention.U.bias"
        mapped = self.map(g, memory, "U.weight")
        return g.op("Add", mapped, g.weight(name, self.network.parameters[name]))

    def scores(self, g: Graph, query: str, keys: str) -> str:
        """Compare by a small network."""
        return self.compare(g, self.map(g, query, "W.weight"), keys)

    def compare(self, g: Graph, mapped: str, keys: str) -> str:
        """Return v . tanh(mapped + keys)."""
        name = "decoder.attention.v"
        mapped = g.op("Unsqueeze", mapped, g.constant([2], np.int64))
        keys = g.op("Unsqueeze", keys, g.constant([1], np.int64))
        v = g.weight(name, self.network.parameters[name])
        return g.op("MatMul", g.op("Tanh", g.op("Add", mapped, keys)), v)


class Concat(Additive):
    """v . tanh(W [s; h])."""

    def keys(self, g: Graph, memory: str) -> str:
        """Return the memory's half of W [s; h]."""
        size = self.network.config.hidden_size
        return self.map(g, memory, "W.weight", slice(size, size + self.memory_size))

    def scores(self, g: Graph, query: str, keys: str) -> str:
        """Compare by a small network."""
        half = slice(0, self.network.config.hidden_size)
        return self.compare(g, self.map(g, query, "W.weight", half), keys)


class MultiHead(Attention):
    """Several scaled dot products side by side."""

    def prepare(self, g: Graph, memory: str) -> dict[str, str]:
        """Make keys and values, a slice a head."""
        return {
            "keys": self.map(g, memory, "K.weight"),
            "values": self.map(g, memory, "V.weight"),
        }

    def attend(self, g: Graph, query: str, seen: Mapping[str, str]) -> tuple[str, str]:
        """Look with every head."""
        heads = self.network.config.attention_heads
        q = self._heads(g, self.map(g, query, "Q.weight"), heads, [0, 2, 1, 3])
        k = self._heads(g, seen["keys"], heads, [0, 2, 3, 1])
        v = self._heads(g, seen["values"], heads, [0, 2, 1, 3])
        scale = g.constant(1 / math.sqrt(self.network.config.hidden_size // heads))
        mask = g.op("Unsqueeze", seen["mask"], g.constant([1], np.int64))
        scores = g.op("Add", g.op("Mul", g.op("MatMul", q, k), scale), mask)
        weights = g.op("Softmax", scores, axis=-1)
        context = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
        context = g.op("Reshape", context, g.constant([0, 0, self.memory_size], np.int64))
        context = g.linear(context, self.network.matrix("decoder.attention.out.weight"))
        mean = g.op("ReduceMean", weights, g.constant([1], np.int64), keepdims=0)
        return self.mix(g, context, bounded=False), mean

    def _heads(self, g: Graph, x: str, heads: int, order: list[int]) -> str:
        apart = g.op("Reshape", x, g.constant([0, 0, heads, -1], np.int64))
        return g.op("Transpose", apart, perm=order)


ATTENTIONS: dict[str, type[Attention]] = {
    "additive": Additive,
    "dot": Dot,
    "general": General,
    "concat": Concat,
    "multihead": MultiHead,
}


@dataclass(frozen=True)
class Generator:
    """What turns a decoder's output into a score a word: the product of a query with each word's vector.

    Attributes:
        query: Makes the query of the output.
        words: Gives the words' vectors.
        bounded: Whether queries lie between -1 and 1.
    """

    query: Callable[[Graph, Network, str], str]
    words: Callable[[Network], Matrix]
    bounded: bool

    def scores(self, g: Graph, network: Network, outputs: str) -> str:
        """Score all words."""
        query = self.query(g, network, outputs)
        return g.linear(query, self.words(network), bounded=self.bounded)


def _as_it_is(g: Graph, network: Network, outputs: str) -> str:
    del g, network
    return outputs


def _mapped(g: Graph, network: Network, outputs: str) -> str:
    return g.linear(outputs, network.matrix("generator.P.weight"), bounded=True)


_TIED = Generator(_mapped, lambda network: embedding(network, "tgt_embedding.weight"), False)
GENERATORS: dict[str, Generator] = {
    "softmax": Generator(
        _as_it_is,
        lambda network: network.matrix("generator.W.weight"),
        True,
    ),
    "tied": _TIED,
    # What a pointer copies is added to what the tied generator says.
    "pointer": _TIED,
}


def embedding(network: Network, name: str) -> Matrix:
    """Give a table of vectors; one that both sides share has one name."""
    if network.config.tie_embeddings:
        name = "src_embedding.weight"
    return Matrix(name, network.parameters[name], table=True)


def word_gates(g: Graph, cell: Recurrence, table: Matrix, ids: str) -> str:
    """Multiply the vectors of words by a cell's map, and add its bias.

    There are only as many results as words. Where they fit into `_FOLD_BYTES`, all are written as one product of
    constants, which a runtime computes while it loads, and nothing is left but to look one up.
    """
    matrix = cell.input(0, table.values.shape[1])
    size = len(table.values) * len(cell.x) * (2 if g.weights.int8 else 4)
    if size > _FOLD_BYTES:
        return g.op("Add", g.linear(g.look_up(table, ids), matrix), cell.bias(g))
    results = g.op("Gemm", g.full(table), g.full(matrix), cell.bias(g))
    if not g.weights.int8:
        return g.op("Gather", results, ids)
    found = g.op("Gather", g.op("Cast", results, to=TensorProto.FLOAT16), ids)
    return g.op("Cast", found, to=TensorProto.FLOAT)
