"""The rows of READERS in `dragoman.nn.readers` as parts of a graph: ids of a text -> what an encoder reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from dragoman.export.graph import Graph, Matrix
from dragoman.export.parts import Network
from dragoman.text.vocabulary import EOS, PAD, SOS

# As in `dragoman.nn.readers`, where they are explained.
_MIX = (0x1E3779B97F4A7C15, 0x3F58476D1CE4E5B9, 0x14D049BB133111EB)
_LONGEST = 4


@dataclass(frozen=True)
class Read:
    """What the encoder reads.

    Attributes:
        x: Ids of a table, [sentences, units], or vectors, [sentences, units, width].
        table: The table, if they are ids.
        mask: Where they are real, [sentences, units].
    """

    x: str
    table: Matrix | None
    mask: str


def _whole(*values: int) -> list[int]:
    """Give 64-bit numbers as ONNX's signed ones."""
    return [(value + (1 << 63)) % (1 << 64) - (1 << 63) for value in values]


def _tokens(g: Graph, network: Network, space: int | None) -> Read:
    del space
    ids = g.op("Slice", "src", *(g.constant([n], np.int64) for n in (0, -1, 1)))
    real = g.op("And", differs(g, ids, PAD), differs(g, ids, EOS))
    name = "reader.table.weight"
    return Read(ids, Matrix(name, network.parameters[name], table=True), real)


def _words(g: Graph, network: Network, space: int | None) -> Read:
    assert space is not None
    words = Words(g, network, space)
    return Read(words.vectors(), None, words.mask)


READERS: dict[str, Callable[[Graph, Network, int | None], Read]] = {
    "tokens": _tokens,
    "words": _words,
}


class Words:
    """Cuts texts at their spaces, and looks words up by themselves, their n-grams and their letters.

    Attributes:
        starts: Where a word begins, [sentences, src_len].
        word: The number of each token's word, [sentences, src_len].
        mask: Where there is a word, [sentences, words].
        shape: [sentences, words].
    """

    def __init__(
        self, g: Graph, network: Network, space: int, prefix: str = "", src: str = "src"
    ) -> None:
        self.g, self.network, self.prefix, self.src = g, network, f"{prefix}reader.", src
        starts = g.op("Equal", src, self._int(space))
        counted = g.op("Cast", starts, to=TensorProto.INT64)
        word = g.op("Sub", g.op("CumSum", counted, self._int(1)), self._int(1))
        marks = g.op("Or", *(g.op("Equal", src, self._int(mark)) for mark in (SOS, EOS)))
        real = g.op("And", differs(g, src, PAD), g.op("Not", marks))
        real = g.op("And", real, g.op("GreaterOrEqual", word, self._int(0)))
        self.inside, self.starts = real, starts
        self.word = g.op("Max", word, self._int(0))
        counts = g.op("ReduceSum", counted, self._ints(1), keepdims=1)
        most = g.op("ReduceMax", counts, keepdims=0)
        self.places = g.op("Range", self._int(0), most, self._int(1))
        self.mask = g.op("Less", self.places, counts)
        self.spelled = g.op("Where", marks, self._int(space), src)
        batch = g.op("Shape", "src", start=0, end=1)
        self.shape = g.op("Concat", batch, g.op("Unsqueeze", most, self._ints(0)), axis=0)

    def vectors(self) -> str:
        """Give a vector for each word."""
        return self.g.join([self.pieces(), self.spelling()])

    def pieces(self) -> str:
        """Average each word's own vector and those of its n-grams."""
        g = self.g
        total = self._rows(self._codes())
        one = g.constant([1.0])
        count = g.op("Expand", one, g.op("Concat", self.shape, self._ints(1), axis=0))
        codes = self.spelled
        for size in range(2, _LONGEST + 1):
            before = g.op("Mul", self._part(codes, 0, -1), self._int(_MIX[1]))
            codes = g.op("Add", before, self._part(self.spelled, size - 1, None))
            first, last = (0, 1 - size), (size - 2, -1)
            both = g.op("And", self._part(self.inside, *first), self._part(self.inside, *last))
            where = self._part(self.word, *first)
            same = g.op("Equal", where, self._part(self.word, *last))
            real = g.op("Cast", g.op("And", both, same), to=TensorProto.FLOAT)
            real = g.op("Unsqueeze", real, self._ints(2))
            rows = g.op("Mul", self._rows(self._mixed(codes)), real)
            total = self._scatter(total, where, rows, "add")
            count = self._scatter(count, where, real, "add")
        return g.op("Div", total, count)

    def spelling(self) -> str:
        """Give the most that each feature of a window over the letters reaches in each word."""
        g, parameters = self.g, self.network.parameters
        name, window = f"{self.prefix}characters.weight", f"{self.prefix}window"
        table = Matrix(name, parameters[name], table=True)
        vectors = g.look_up(table, self.spelled)
        real = g.op("Cast", differs(g, self.spelled, PAD), to=TensorProto.FLOAT)
        vectors = g.op("Mul", vectors, g.op("Unsqueeze", real, self._ints(2)))
        weight, bias = (parameters[f"{window}.{part}"] for part in ("weight", "bias"))
        half = weight.shape[2] // 2
        seen = g.op(
            "Conv",
            g.op("Transpose", vectors, perm=[0, 2, 1]),
            g.weight(f"{window}.weight", weight),
            g.weight(f"{window}.bias", bias),
            pads=[half, half],
        )
        seen = g.op("Relu", g.op("Transpose", seen, perm=[0, 2, 1]))
        inside = g.op("Cast", self.inside, to=TensorProto.FLOAT)
        seen = g.op("Mul", seen, g.op("Unsqueeze", inside, self._ints(2)))
        shape = g.op("Concat", self.shape, self._ints(len(bias)), axis=0)
        return self._scatter(g.op("ConstantOfShape", shape), self.word, seen, "max")

    def _codes(self) -> str:
        """Number each word: the sum of its characters' hashes, each mixed with its place in it."""
        g = self.g
        length = g.op("Squeeze", g.op("Shape", self.src, start=1, end=2))
        places = g.op("Range", self._int(0), length, self._int(1))
        spread = g.op("Expand", places, g.op("Shape", self.src))
        begun = g.op("Where", self.starts, spread, self._int(0))
        zero = g.op("ConstantOfShape", self.shape)
        zero = g.op("Cast", zero, to=TensorProto.INT64)
        begun = g.op("ScatterElements", zero, self.word, begun, axis=1, reduction="max")
        begun = g.op("GatherElements", begun, self.word, axis=1)
        nth = g.op("Add", g.op("Sub", spread, begun), self._int(1))
        codes = g.op(
            "BitwiseXor",
            g.op("Mul", self.src, self._int(_MIX[0])),
            g.op("Mul", nth, self._int(_MIX[1])),
        )
        codes = g.op("Mul", self._mixed(codes), g.op("Cast", self.inside, to=TensorProto.INT64))
        return g.op("ScatterElements", zero, self.word, codes, axis=1, reduction="add")

    def _rows(self, codes: str) -> str:
        """Look hashes up."""
        g, name = self.g, f"{self.prefix}pieces.weight"
        table = Matrix(name, self.network.parameters[name], table=True)
        codes = g.op("BitwiseXor", codes, self._shifted(codes, 31))
        return g.look_up(table, g.op("Mod", codes, self._int(len(table.values))))

    def _mixed(self, codes: str) -> str:
        mixed = self.g.op("BitwiseXor", codes, self._shifted(codes, 29))
        return self.g.op("Mul", mixed, self._int(_MIX[2]))

    def _shifted(self, codes: str, bits: int) -> str:
        """Shift to the right, the sign following, which ONNX knows for unsigned numbers only."""
        g = self.g
        unsigned = g.op("Cast", codes, to=TensorProto.UINT64)
        moved = g.op("BitShift", unsigned, g.constant(bits, np.uint64), direction="RIGHT")
        moved = g.op("Cast", moved, to=TensorProto.INT64)
        sign = self._int(-(1 << (64 - bits)))
        negative = g.op("Less", codes, self._int(0))
        return g.op("Add", moved, g.op("Where", negative, sign, self._int(0)))

    def _scatter(self, into: str, where: str, values: str, how: str) -> str:
        """Combine the values of each word's characters."""
        g = self.g
        where = g.op("Expand", g.op("Unsqueeze", where, self._ints(2)), g.op("Shape", values))
        return g.op("ScatterElements", into, where, values, axis=1, reduction=how)

    def _part(self, x: str, start: int, stop: int | None) -> str:
        """Take some columns."""
        end = np.iinfo(np.int64).max if stop is None else stop
        return self.g.op("Slice", x, *map(self._ints, (start, end, 1)))

    def _int(self, value: int) -> str:
        return self.g.constant(_whole(value)[0], np.int64)

    def _ints(self, value: int) -> str:
        return self.g.constant([value], np.int64)


def differs(g: Graph, ids: str, token: int) -> str:
    """Say where a token does not stand."""
    return g.op("Not", g.op("Equal", ids, g.constant(token, np.int64)))
