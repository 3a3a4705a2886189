"""Attentions and generators as ONNX nodes; each table has the rows of its namesake in `dragoman.nn`.

What a part computes is said there, with its source; here is only how it is written. Vectors are rows: a step sees
[sentences, beams, width], and what belongs to a sentence is [sentences, src_len, width].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dragoman.config import ModelConfig
from dragoman.export.graph import Graph, Matrix
from dragoman.export.weighing import WEIGHINGS
from dragoman.export.words import Memory
from dragoman.nn.cells import CELLS

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

    @property
    def bounded_encoder(self) -> bool:
        """Whether what the encoder says lies between -1 and 1."""
        return CELLS[self.config.cell].bounded and not self.config.residual

    @property
    def bounded_start(self) -> bool:
        """Whether the decoder's first state does: a bridge's map ends in a tanh."""
        return self.config.bridge != "copy" or self.bounded_encoder

    @property
    def bounded_state(self) -> bool:
        """Whether what the decoder's cells say does."""
        bounded = CELLS[self.config.writes_with].bounded and not self.config.residual
        return bounded and self.bounded_start

    @property
    def bounded_outputs(self) -> bool:
        """Whether what the generator is given does: an attended output has passed a tanh."""
        config = self.config
        attends = config.attention != "none" or config.decoder != "recurrent"
        return attends or self.bounded_state

    def matrix(self, name: str, columns: slice | None = None) -> Matrix:
        """Give a map, or some of its inputs."""
        whole = Matrix(name, self.parameters[name])
        return whole if columns is None else whole.columns(columns.start, columns.stop)


@dataclass(frozen=True)
class Output:
    """What a decoder gives the generator.

    Attributes:
        h: The attended output, or what its top layer says.
        found: What the generator's map makes of the context, where that is read too.
    """

    h: str
    found: str | None = None


class Attention:
    """Single-headed attention: what `prepare` makes of a sentence, `attend` looks at in every step.

    W_c [context; h] is W_1 context + W_2 h, and W_1 of an average is the average of W_1: so W_1 is applied to
    the memory, once a sentence, and no step need do it. The same holds for whatever else reads the context.

    Args:
        network: Settings and weights.
        reads: All that reads the context: W_1, and what a decoder has besides, one below the other.
    """

    def __init__(self, network: Network, reads: Matrix) -> None:
        self.network, self.reads = network, reads
        self.memory_size = network.config.memory_size

    @property
    def values_size(self) -> int:
        """The width of the values."""
        return len(self.reads.values)

    def prepare(self, g: Graph, memory: Memory) -> dict[str, str]:
        """Make of the memory all that steps look at."""
        return {"keys": self.keys(g, memory), "values": memory.read(g, self.reads)}

    def attend(self, g: Graph, query: str, seen: Mapping[str, str]) -> tuple[str, str]:
        """Look: give what reads the context, and the weights."""
        scores = g.op("Add", self.scores(g, query, seen["keys"]), seen["mask"])
        weights = WEIGHINGS[self.network.config.attention_norm](g, scores)
        return g.op("MatMul", weights, seen["values"]), weights

    def keys(self, g: Graph, memory: Memory) -> str:
        """Make of the memory what queries are compared with."""
        raise NotImplementedError

    def scores(self, g: Graph, query: str, keys: str) -> str:
        """Compare: [sentences, beams, src_len]."""
        return g.op("MatMul", query, g.op("Transpose", keys, perm=[0, 2, 1]))

    def map(self, g: Graph, memory: Memory, name: str, columns: slice | None = None) -> str:
        """Multiply the memory by one of the attention's own maps."""
        return memory.read(g, self.network.matrix(f"decoder.attention.{name}", columns))

    def ask(self, g: Graph, query: str, name: str, columns: slice | None = None) -> str:
        """Multiply the query by one of the attention's own maps."""
        matrix = self.network.matrix(f"decoder.attention.{name}", columns)
        return g.linear(query, matrix, bounded=self.network.bounded_state)


class Dot(Attention):
    """s . h."""

    def keys(self, g: Graph, memory: Memory) -> str:
        """Return h, at the query's width."""
        fits = "decoder.attention.fit.weight" not in self.network.parameters
        return g.op("Identity", memory.said) if fits else self.map(g, memory, "fit.weight")


class General(Attention):
    """s . W h."""

    def keys(self, g: Graph, memory: Memory) -> str:
        """Return W h."""
        return self.map(g, memory, "W.weight")


class Additive(Attention):
    """v . tanh(W s + U h)."""

    def keys(self, g: Graph, memory: Memory) -> str:
        """Return U h."""
        name = "decoder.attention.U.bias"
        mapped = self.map(g, memory, "U.weight")
        return g.op("Add", mapped, g.weight(name, self.network.parameters[name]))

    def scores(self, g: Graph, query: str, keys: str) -> str:
        """Compare by a small network."""
        return self.compare(g, self.ask(g, query, "W.weight"), keys)

    def compare(self, g: Graph, mapped: str, keys: str) -> str:
        """Return v . tanh(mapped + keys)."""
        name = "decoder.attention.v"
        mapped = g.op("Unsqueeze", mapped, g.constant([2], np.int64))
        keys = g.op("Unsqueeze", keys, g.constant([1], np.int64))
        v = g.weight(name, self.network.parameters[name])
        return g.op("MatMul", g.op("Tanh", g.op("Add", mapped, keys)), v)


class Concat(Additive):
    """v . tanh(W [s; h])."""

    def keys(self, g: Graph, memory: Memory) -> str:
        """Return the memory's half of W [s; h]."""
        size = self.network.config.hidden_size
        return self.map(g, memory, "W.weight", slice(size, size + self.memory_size))

    def scores(self, g: Graph, query: str, keys: str) -> str:
        """Compare by a small network."""
        half = slice(0, self.network.config.hidden_size)
        return self.compare(g, self.ask(g, query, "W.weight", half), keys)


class MultiHead(Attention):
    """Several scaled dot products side by side."""

    @property
    def values_size(self) -> int:
        """The heads' slices, side by side; what reads the context reads their average."""
        return self.memory_size

    def prepare(self, g: Graph, memory: Memory) -> dict[str, str]:
        """Make keys and values, a slice a head."""
        return {
            "keys": self.map(g, memory, "K.weight"),
            "values": self.map(g, memory, "V.weight"),
        }

    def attend(self, g: Graph, query: str, seen: Mapping[str, str]) -> tuple[str, str]:
        """Look with every head."""
        heads = self.network.config.attention_heads
        q = self._heads(g, self.ask(g, query, "Q.weight"), heads, [0, 2, 1, 3])
        v = self._heads(g, seen["values"], heads, [0, 2, 1, 3])
        mask = g.op("Unsqueeze", seen["mask"], g.constant([1], np.int64))
        scores = g.op("Add", self.compare(g, q, seen["keys"]), mask)
        weights = WEIGHINGS[self.network.config.attention_norm](g, scores)
        context = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
        context = g.op("Reshape", context, g.constant([0, 0, self.memory_size], np.int64))
        context = g.linear(context, self.network.matrix("decoder.attention.out.weight"))
        mean = g.op("ReduceMean", weights, g.constant([1], np.int64), keepdims=0)
        return g.linear(context, self.reads), mean

    def compare(self, g: Graph, q: str, keys: str) -> str:
        """Compare, head by head: [sentences, heads, beams, src_len]."""
        heads = self.network.config.attention_heads
        k = self._heads(g, keys, heads, [0, 2, 3, 1])
        scale = g.constant(1 / math.sqrt(self.network.config.hidden_size // heads))
        return g.op("Mul", g.op("MatMul", q, k), scale)

    def _heads(self, g: Graph, x: str, heads: int, order: list[int]) -> str:
        apart = g.op("Reshape", x, g.constant([0, 0, heads, -1], np.int64))
        return g.op("Transpose", apart, perm=order)


class AdditiveMultiHead(MultiHead):
    """Several additive attentions side by side."""

    def compare(self, g: Graph, q: str, keys: str) -> str:
        """Compare by a small network a head."""
        k = self._heads(g, keys, self.network.config.attention_heads, [0, 2, 1, 3])
        q = g.op("Unsqueeze", q, g.constant([3], np.int64))
        k = g.op("Unsqueeze", k, g.constant([2], np.int64))
        name = "decoder.attention.v"
        v = g.weight(name, self.network.parameters[name][:, None, :, None])
        scores = g.op("MatMul", g.op("Tanh", g.op("Add", q, k)), v)
        return g.op("Squeeze", scores, g.constant([4], np.int64))


ATTENTIONS: dict[str, type[Attention]] = {
    "additive": Additive,
    "dot": Dot,
    "general": General,
    "concat": Concat,
    "multihead": MultiHead,
    "multihead-additive": AdditiveMultiHead,
}


@dataclass(frozen=True)
class Generator:
    """What turns a decoder's output into a score a word: the product of a query with each word's vector.

    Attributes:
        query: Makes the query of the output.
        words: Gives the words' vectors.
        maps: Whether queries are mapped, so that they need not lie between -1 and 1 as what they are made of does.
    """

    query: Callable[[Graph, Network, Output], str]
    words: Callable[[Network], Matrix]
    maps: bool

    def scores(self, g: Graph, network: Network, output: Output) -> str:
        """Score all words."""
        query = self.query(g, network, output)
        bounded = network.bounded_outputs and not self.maps
        return g.linear(query, self.words(network), bounded=bounded)


def _as_it_is(g: Graph, network: Network, output: Output) -> str:
    del g, network
    return output.h


def _mapped(g: Graph, network: Network, output: Output) -> str:
    of_h = slice(0, network.config.hidden_size) if output.found else None
    matrix = network.matrix("generator.P.weight", of_h)
    query = g.linear(output.h, matrix, bounded=network.bounded_outputs)
    return g.op("Add", query, output.found) if output.found else query


_TIED = Generator(_mapped, lambda network: embedding(network, "tgt_embedding.weight"), True)
GENERATORS: dict[str, Generator] = {
    "softmax": Generator(
        _as_it_is,
        lambda network: network.matrix("generator.W.weight"),
        False,
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
