"""The encoders as ONNX nodes: the rows of ENCODERS in `dragoman.nn`, which differ in who reads what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import TensorProto

from dragoman.export.cells import Recurrence, advance, recurrence, word_gates
from dragoman.export.graph import Graph, Matrix
from dragoman.export.parts import Network
from dragoman.nn.cells import CELLS as CELL_PARTS
from dragoman.nn.encoders import AlternatingEncoder, GNMTEncoder, RecurrentEncoder

ENCODERS: dict[str, type[RecurrentEncoder]] = {
    "recurrent": RecurrentEncoder,
    "gnmt": GNMTEncoder,
    "alternating": AlternatingEncoder,
}


@dataclass
class SourceReader:
    """Reads the source layer by layer, and keeps what the directions of each layer said.

    Attributes:
        mask: Where there is something to read, [sentences, src_len].
        prefix: What its weights' names begin with.
        hs: For each layer and direction, what is carried, [src_len, sentences, width]; mostly also the outputs.
        cs: The same of an LSTM's c, where the bridge wants it.
    """

    g: Graph
    network: Network
    mask: str
    hs: list[list[str]] = field(default_factory=list[list[str]])
    cs: list[list[str]] = field(default_factory=list[list[str]])
    prefix: str = ""

    def __post_init__(self) -> None:
        counted = self.g.op("Cast", self.mask, to=TensorProto.INT64)
        self.lengths = self.g.op("ReduceSum", counted, self.g.constant([1], np.int64), keepdims=0)

    def read(self, x: str, table: Matrix | None) -> None:
        """Read with all layers.

        Args:
            x: Ids, [sentences, src_len], or vectors, [sentences, src_len, width].
            table: What the ids are looked up in, if they are ids.
        """
        config = self.network.config
        # The recurrence takes time first.
        x = self.g.op("Transpose", x, perm=[1, 0] if table else [1, 0, 2])
        x = self.turn(x) if config.reverse_source else x
        for number in range(config.encoder_layers):
            x = self.layer(x, number, table)
        self._said = self.turn(x) if config.reverse_source else x

    def memory(self) -> str:
        """Give what the last layer said, [sentences, src_len, hidden]."""
        return self.g.op("Transpose", self._said, perm=[1, 0, 2])

    def turn(self, x: str) -> str:
        """Turn each sentence round; its padding stays where it is."""
        return self.g.op("ReverseSequence", x, self.lengths, batch_axis=1, time_axis=0)

    def layer(self, x: str, number: int, table: Matrix | None) -> str:
        """Read with one layer: the first reads the tokens' ids or vectors, the others what the one below said."""
        g, config, shape = self.g, self.network.config, self._shape
        sides = shape.sides(config, number)
        cells = [
            recurrence(self.network, f"{self.prefix}encoder.layers.{number}.{d}")
            for d in range(len(sides))
        ]
        apart = g.split(x, [cell.size for cell in cells]) if number and shape.apart else []
        gates: list[str] = []
        for cell, turned, own in zip(cells, sides, apart or [x] * len(cells), strict=True):
            seen = self.turn(own) if turned else own
            if number == 0 and table:
                gates.append(word_gates(g, cell, table, seen))
                continue
            mapped = g.linear(
                seen,
                cell.input(0, cell.input_size),
                bounded=number > 0 and self.network.bounded_encoder,
            )
            gates.append(g.op("Add", mapped, cell.bias(g)))
        said = g.join(self._loop(cells, gates, sides))
        return g.op("Add", said, x) if number and config.residual else said

    @property
    def _shape(self) -> type[RecurrentEncoder]:
        return ENCODERS[self.network.config.encoder]

    def _loop(
        self, cells: Sequence[Recurrence], gates: Sequence[str], sides: Sequence[bool]
    ) -> list[str]:
        """Run the cells, of both directions at once, over time; keep the states, and give the outputs."""
        g, kind = self.g, self.network.config.cell
        body, has_memory = Graph(g.weights, g), CELL_PARTS[kind].has_memory
        before: list[str] = []
        after: list[str] = []
        # For each direction, which values of a step are wanted: the output, h, c.
        wanted: list[list[str]] = []
        x = [g.name("x") for _ in cells]
        for cell, name in zip(cells, x, strict=True):
            state = (g.name("h"), g.name("c") if has_memory else None)
            before += [one for one in state if one]
            output, (h, c) = advance(body, cell, name, state)
            after += [one for one in (h, c) if one]
            wanted.append([output, h, *([c] if c and self._wants_c else [])])
        kept = list(dict.fromkeys(name for names in wanted for name in names))
        said = [body.op("Identity", one) for one in kept]
        batch = g.op("Shape", "src", start=0, end=1)
        shape = g.op("Concat", batch, g.constant([cells[0].size], np.int64), axis=0)
        zero = g.op("ConstantOfShape", shape)
        loop = body.body([*before, *x], [*after, *said])
        made = g.ops(
            "Scan",
            [*[zero] * len(before), *gates],
            len(after) + len(said),
            body=loop,
            num_scan_inputs=len(x),
        )
        of = dict(zip(kept, made[len(after) :], strict=True))
        for names, turned in zip(wanted, sides, strict=True):
            of |= {name: self.turn(of[name]) for name in names} if turned else {}
        self.hs.append([of[names[1]] for names in wanted])
        self.cs.append([of[names[2]] for names in wanted if len(names) > 2])
        return [of[names[0]] for names in wanted]

    @property
    def _wants_c(self) -> bool:
        config = self.network.config
        writes = CELL_PARTS[config.writes_with]
        return config.bridge == "copy" and not config.labels and writes.has_memory

    def final(self, sequences: Sequence[Sequence[str]], number: int) -> str:
        """Give a layer's h or c after the sentence, [sentences, hidden], of what was kept of all layers."""
        g, parts = self.g, list[str]()
        sides = self._shape.sides(self.network.config, number)
        for said, turned in zip(sequences[number], sides, strict=True):
            if turned:  # It ends with the first token.
                parts.append(g.op("Gather", said, g.constant(0, np.int64), axis=0))
                continue
            last = g.op("Sub", self.lengths, g.constant(1, np.int64))
            last = g.op("Unsqueeze", last, g.constant([1], np.int64))
            rows = g.op("Transpose", said, perm=[1, 0, 2])
            parts.append(g.op("GatherND", rows, last, batch_dims=1))
        return g.join(parts)

    def top(self) -> str:
        """Give the last layer's h after the sentence."""
        return self.final(self.hs, len(self.hs) - 1)
