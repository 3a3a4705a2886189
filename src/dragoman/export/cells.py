"""The cells as ONNX nodes: the rows of CELLS in `dragoman.nn`, where their sources are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dragoman.export.graph import Graph, Matrix
from dragoman.export.parts import Floats, Network
from dragoman.export.words import of_words
from dragoman.nn.cells import CELLS as CELL_PARTS


@dataclass(frozen=True)
class Recurrence:
    """A cell's weights, its gates in the order in which the graph takes them.

    Attributes:
        kind: The row of CELLS.
        x: Of the input, where it reads one.
        h: Of the last state, where the gates read it through a matrix.
        x_bias: Added to what comes of the input.
        h_bias: Added to what comes of the state, where that is not the same.
        bounded: Whether the state always lies between -1 and 1.
        more: What else it has, by name.
        further: The cells that take its state further at each step.
        zoneout: How much of the last state stays.
    """

    name: str
    kind: str
    x: Floats | None
    h: Floats | None
    x_bias: Floats
    h_bias: Floats | None
    size: int
    bounded: bool
    more: Mapping[str, Floats] = field(default_factory=dict[str, "Floats"])
    further: tuple[Recurrence, ...] = ()
    zoneout: float = 0.0

    @property
    def gates(self) -> int:
        """How many values its gates have."""
        return len(self.x_bias)

    @property
    def input_size(self) -> int:
        """How wide its input is."""
        return 0 if self.x is None else self.x.shape[1]

    def read(self, g: Graph, h: str) -> str:
        """Multiply the last state by its map."""
        assert self.h is not None
        product = g.linear(h, Matrix(f"{self.name}.weight_hh", self.h), bounded=self.bounded)
        if self.h_bias is None:
            return product
        return g.op("Add", product, g.weight(f"{self.name}.bias_hh", self.h_bias))

    def input(self, start: int, stop: int) -> Matrix:
        """Give the map of some of the inputs."""
        assert self.x is not None
        return Matrix(f"{self.name}.weight_ih:{start}-{stop}", self.x[:, start:stop])

    def bias(self, g: Graph) -> str:
        """Give the bias of the input."""
        return g.weight(f"{self.name}.bias", self.x_bias)

    def vector(self, g: Graph, part: str) -> str:
        """Give one of its other weights."""
        return g.weight(f"{self.name}.{part}", self.more[part])

    def piece(self, g: Graph, part: str, number: int) -> str:
        """Give a gate's share of one of its other weights."""
        values = self.more[part][number * self.size : (number + 1) * self.size]
        return g.weight(f"{self.name}.{part}.{number}", values)


State = tuple[str, str | None]
Cell = Callable[[Graph, Recurrence, str, State], tuple[str, State]]


def _rnn(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    h = g.op("Tanh", g.op("Add", gates, cell.read(g, state[0])))
    return h, (h, None)


def _gru(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    h, size = state[0], cell.size
    x_rz, x_n = g.split(gates, [2 * size, size])
    h_rz, h_n = g.split(cell.read(g, h), [2 * size, size])
    r, z = g.split(g.op("Sigmoid", g.op("Add", x_rz, h_rz)), [size, size])
    n = g.op("Tanh", g.op("Add", x_n, g.op("Mul", r, h_n)))
    h = _mixed(g, z, h, n)
    return h, (h, None)


def _lstm(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    h, c = state
    assert c is not None
    size = cell.size
    ifo, candidate = g.split(g.op("Add", gates, cell.read(g, h)), [3 * size, size])
    i, f, o = g.split(g.op("Sigmoid", ifo), [size, size, size])
    c = g.op("Add", g.op("Mul", f, c), g.op("Mul", i, g.op("Tanh", candidate)))
    h = g.op("Mul", o, g.op("Tanh", c))
    return h, (h, c)


def _ssru(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    f, u = g.split(gates, [cell.size] * 2)
    c = _mixed(g, g.op("Sigmoid", f), state[0], u)
    return g.op("Relu", c), (c, None)


def _sru(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    f, u, r, x = g.split(gates, [cell.size] * 4)
    both = g.split(cell.vector(g, "v"), [cell.size] * 2)
    f, r = (
        g.op("Sigmoid", g.op("Add", gate, g.op("Mul", v, state[0])))
        for gate, v in zip((f, r), both, strict=True)
    )
    c = _mixed(g, f, state[0], u)
    return _mixed(g, r, c, x), (c, None)


def _mingru(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    z, candidate = g.split(gates, [cell.size] * 2)
    h = _mixed(g, g.op("Sigmoid", z), candidate, state[0])
    return h, (h, None)


def _mixed(g: Graph, share: str, one: str, other: str) -> str:
    """Give share * one + (1 - share) * other = other + share * (one - other)."""
    return g.op("Add", other, g.op("Mul", share, g.op("Sub", one, other)))


def _normed(g: Graph, cell: Recurrence, gates: str, side: str) -> list[str]:
    """Normalise each gate by itself."""
    num = CELL_PARTS[cell.kind].gates
    parts = g.split(gates, [cell.size] * num)
    return [
        g.op(
            "LayerNormalization",
            part,
            *(cell.piece(g, f"{kind}_{side}", n) for kind in ("gain", "bias")),
            axis=-1,
        )
        for n, part in enumerate(parts)
    ]


def _lnlstm(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    h, c = state
    assert c is not None
    both = _normed(g, cell, gates, "ih"), _normed(g, cell, cell.read(g, h), "hh")
    i, f, n, o = (g.op("Add", *pair) for pair in zip(*both, strict=True))
    i, f, o = (g.op("Sigmoid", gate) for gate in (i, f, o))
    c = g.op("Add", g.op("Mul", f, c), g.op("Mul", i, g.op("Tanh", n)))
    weights = cell.vector(g, "gain_c"), cell.vector(g, "bias_c")
    h = g.op("Mul", o, g.op("Tanh", g.op("LayerNormalization", c, *weights, axis=-1)))
    return h, (h, c)


def _lngru(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    h = state[0]
    x_r, x_z, x_n = _normed(g, cell, gates, "ih")
    h_r, h_z, h_n = _normed(g, cell, cell.read(g, h), "hh")
    r, z = g.op("Sigmoid", g.op("Add", x_r, h_r)), g.op("Sigmoid", g.op("Add", x_z, h_z))
    n = g.op("Tanh", g.op("Add", x_n, g.op("Mul", r, h_n)))
    h = _mixed(g, z, h, n)
    return h, (h, None)


CELLS: dict[str, Cell] = {
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
    "ssru": _ssru,
    "sru": _sru,
    "mingru": _mingru,
    "lnlstm": _lnlstm,
    "lngru": _lngru,
}


def advance(g: Graph, cell: Recurrence, gates: str, state: State) -> tuple[str, State]:
    """Do one step, with the cells that take the state further: give the output, and the state after it."""
    output, after = CELLS[cell.kind](g, cell, gates, state)
    for one in cell.further:
        output, after = CELLS[one.kind](g, one, one.bias(g), after)
    if not cell.zoneout:
        return output, after
    share = g.constant(cell.zoneout)
    h, c = (
        new and old and _mixed(g, share, old, new) for old, new in zip(state, after, strict=True)
    )
    assert h is not None
    return h, (h, c)


# An LSTM's gates stand as i, f, g, o in `nn`; here the sigmoids stand together.
_ORDER = {"lstm": (0, 1, 3, 2)}
_MAPS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def recurrence(network: Network, name: str) -> Recurrence:
    """Read the weights of a layer's cell, or of its cells, of which the first reads the input."""
    config = network.config
    kind = config.writes_with if name.startswith("decoder.") else config.cell
    if f"{name}.cells.0.bias_ih" not in network.parameters:
        return _cell(network, name, kind)
    first, *further = (
        _cell(network, f"{name}.cells.{number}", kind) for number in range(config.transitions)
    )
    return replace(first, further=tuple(further), zoneout=config.zoneout)


def _cell(network: Network, name: str, kind: str) -> Recurrence:
    start = f"{name}."
    found = {
        key.removeprefix(start): values
        for key, values in network.parameters.items()
        if key.startswith(start)
    }
    more = {part: values for part, values in found.items() if part not in _MAPS}
    x, h, b_x, b_h = (found.get(part) for part in _MAPS)
    assert b_x is not None
    bounded = network.bounded_state if name.startswith("decoder.") else network.bounded_encoder
    size = len(b_x) // CELL_PARTS[kind].gates
    if "gain_ih" in more:  # What a normalised cell adds, it adds after normalising.
        more |= {"bias_ih": b_x}
        more |= {} if b_h is None else {"bias_hh": b_h}
        return Recurrence(name, kind, x, h, np.zeros_like(b_x), None, size, bounded, more)
    if h is None or b_h is None:
        return Recurrence(name, kind, x, None, b_x, None, size, bounded, more)
    if kind == "gru":  # The candidate's bias of the state stands inside the product with r.
        return Recurrence(name, kind, x, h, b_x, b_h, size, bounded)
    order = _ORDER.get(kind, range(len(h) // size))
    rows = np.concatenate([np.arange(gate * size, (gate + 1) * size) for gate in order])
    x = None if x is None else x[rows]
    return Recurrence(name, kind, x, h[rows], (b_x + b_h)[rows], None, size, bounded)


def word_gates(g: Graph, cell: Recurrence, table: Matrix, ids: str) -> str:
    """Multiply the vectors of words by a cell's map, and add its bias."""
    return of_words(g, table, ids, cell.input(0, table.values.shape[1]), cell.bias(g))
