"""What graphs make of words without a recurrence: maps of their vectors, and what a memory holds of them."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto

from dragoman.export.graph import Graph, Matrix
from dragoman.runtime.weights import folds


def of_words(g: Graph, table: Matrix, ids: str, matrix: Matrix, bias: str) -> str:
    """Multiply the vectors of words by a map, and add a bias.

    There are only as many results as words. Where they fold, all are written as one product of constants, which a
    runtime computes while it loads, and nothing is left but to look one up.
    """
    if not folds(len(table.values), len(matrix.values), int8=g.weights.int8):
        return g.op("Add", g.linear(g.look_up(table, ids), matrix), bias)
    results = g.op("Gemm", g.full(table), g.full(matrix), bias)
    if not g.weights.int8:
        return g.op("Gather", results, ids)
    found = g.op("Gather", g.op("Cast", results, to=TensorProto.FLOAT16), ids)
    return g.op("Cast", found, to=TensorProto.FLOAT)


@dataclass(frozen=True)
class Memory:
    """What steps look at.

    Attributes:
        said: What the encoder said of each token, [sentences, src_len, hidden].
        bounded: Whether that lies between -1 and 1.
        words: The tokens, and the table of their own vectors, where these are looked at too.
    """

    said: str
    bounded: bool
    words: tuple[str, Matrix] | None = None

    def read(self, g: Graph, matrix: Matrix) -> str:
        """Multiply by a map: what it makes of the words is looked up."""
        if self.words is None:
            return g.linear(self.said, matrix, bounded=self.bounded)
        ids, table = self.words
        inputs = matrix.values.shape[1]
        hidden = inputs - table.values.shape[1]
        said = g.linear(self.said, matrix.columns(0, hidden), bounded=self.bounded)
        own = of_words(g, table, ids, matrix.columns(hidden, inputs), g.constant(0))
        return g.op("Add", said, own)
