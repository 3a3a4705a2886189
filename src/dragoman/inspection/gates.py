"""What the gates of a cell did, computed anew from the weights.

Engines run whole recurrences at once and do not tell. So each step is done again here, from the state before it, as the
papers say; what comes out must be what the engine made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dragoman.config import ModelConfig
from dragoman.search.stepper import Floats

# How far a state may be from the engine's: float32 in another order, and 8-bit products.
TOLERANCE, TOLERANCE_INT8 = 1e-4, 0.05

Gates = dict[str, Floats]
_NAMES = {
    "rnn": ("h",),
    "lstm": ("i", "f", "g", "o"),
    "gru": ("r", "z", "n"),
    "ssru": ("f", "u"),
    "mingru": ("z", "u"),
}
_BUNDLE_NAMES = _NAMES | {"lstm": ("i", "f", "o", "g")}
_TELLS = ("lstm", "gru", "ssru", "mingru")


@runtime_checkable
class OpenStepper(Protocol):
    """A stepper whose weights can be read."""

    def parameters(self) -> Mapping[str, Floats]:
        """Give the weights by name, as `dragoman.nn` or a bundle's graphs name them."""
        ...

    def carried(self, state: Any) -> Floats:
        """Return all that the first row carries: h of each layer, an LSTM's c, what else it reads: [width]."""
        ...


@dataclass(frozen=True)
class _Step:
    """What a step said, the state after it, and the gates, with what an LSTM or an SSRU keeps, c, among them."""

    output: Floats
    h: Floats
    c: Floats | None
    gates: Gates


@dataclass(frozen=True)
class _Cell:
    """A layer in one direction.

    Attributes:
        kind: The row of CELLS.
        x: The map of the input, [inputs, gates * size].
        h: The map of the state, [size, gates * size], if the gates read it.
        bias: Added to what comes of the input.
        h_bias: Added to what comes of the state.
        names: Its gates, in the order in which they stand in the weights.
    """

    kind: str
    x: Floats
    h: Floats | None
    bias: Floats
    h_bias: Floats

    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Width of its state."""
        return len(self.bias) // len(self.names)

    def step(self, x: Floats, h: Floats, c: Floats | None) -> _Step:
        """Read one input."""
        driven = self._split(x @ self.x + self.bias)
        if self.h is None:
            return self._scanned(driven, h)
        read = self._split(h @ self.h + self.h_bias)
        if self.kind == "lstm":
            return self._lstm({name: driven[name] + read[name] for name in self.names}, c)
        if self.kind == "gru":
            return self._gru(driven, read, h)
        h = np.tanh(driven["h"] + read["h"])
        return _Step(h, h, None, {})

    def _split(self, a: Floats) -> Gates:
        return dict(zip(self.names, np.split(a, len(self.names)), strict=True))

    def _scanned(self, a: Gates, h: Floats) -> _Step:
        """Step as c' = f c + (1 - f) u, of which an SSRU says relu(c') (Kim et al. 2019); or with z = 1 - f, minGRU."""
        if self.kind == "mingru":
            z = _sigmoid(a["z"])
            h = (h + z * (a["u"] - h)).astype(np.float32)
            return _Step(h, h, None, {"z": z, "n": a["u"]})
        f = _sigmoid(a["f"])
        c = (a["u"] + f * (h - a["u"])).astype(np.float32)
        return _Step(np.maximum(c, 0), c, None, {"f": f, "g": a["u"], "c": c})

    def _lstm(self, a: Gates, c: Floats | None) -> _Step:
        """Step as c' = f c + i g, h' = o tanh(c') (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
        i, f, o = (_sigmoid(a[name]) for name in "ifo")
        g = np.tanh(a["g"])
        c = f * (np.zeros_like(f) if c is None else c) + i * g
        h = o * np.tanh(c)
        return _Step(h, h, c, {"i": i, "f": f, "g": g, "o": o, "c": c})

    def _gru(self, x: Gates, u: Gates, h: Floats) -> _Step:
        """Step as h' = (1 - z) n + z h (Cho et al. 2014; the reset gate after the product, as in `nn.cells`)."""
        r, z = (_sigmoid(x[name] + u[name]) for name in "rz")
        n: Floats = np.tanh(x["n"] + r * u["n"])
        h = (n + z * (h - n)).astype(np.float32)
        return _Step(h, h, None, {"r": r, "z": z, "n": n})


class GateReader:
    """Does an encoder's and a decoder's steps again.

    Args:
        stepper: The model.
        config: Its shape.
    """

    def __init__(self, stepper: OpenStepper, config: ModelConfig) -> None:
        self._stepper, self._config = stepper, config
        self._parameters = stepper.parameters()
        layers = range(config.encoder_layers)
        sides = range(2 if config.bidirectional else 1)
        self._encoder = [[self._cell(f"encoder.layers.{n}.{d}") for d in sides] for n in layers]
        self._decoder = [self._cell(f"decoder.layers.{n}") for n in range(config.decoder_layers)]

    @staticmethod
    def fits(config: ModelConfig) -> bool:
        """Say whether a network has gates, and is built of the parts that are known here."""
        told = config.cell in _TELLS and config.writes_with in _TELLS
        told = told and config.transitions == 1 and not config.zoneout
        return told and (config.encoder, config.decoder) == ("recurrent",) * 2

    def encoder(self, ids: Sequence[int]) -> tuple[NDArray[np.float32], list[Gates]]:
        """Read a source again.

        Args:
            ids: Its tokens, EOS last.

        Returns:
            The top layer's states, [src_len, hidden], and for each token its gates, both directions side by side.
        """
        x = self._table("src_embedding.weight")[list(ids)]
        x = x[::-1] if self._config.reverse_source else x
        gates: list[Gates] = []
        for number, layer in enumerate(self._encoder):
            read = [_read(cell, x, backwards=bool(side)) for side, cell in enumerate(layer)]
            said = np.concatenate([states for states, _ in read], axis=1)
            x = said + x if number and self._config.residual else said
            gates = [
                {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
                for parts in zip(*(found for _, found in read), strict=True)
            ]
        if self._config.reverse_source:
            return x[::-1], gates[::-1]
        return x, gates

    def decoder(self, last: int, state: Any) -> tuple[Floats, Gates]:
        """Do one step of the decoder again: from the state before it, give the top layer's state and gates."""
        config, size = self._config, self._config.hidden_size
        carried = self._stepper.carried(state)
        parts = [carried[start : start + size] for start in range(0, len(carried), size)]
        layers = config.decoder_layers
        cs: Sequence[Floats | None] = [None] * layers
        extra = parts[layers:]
        if config.writes_with == "lstm":
            cs, extra = parts[layers : 2 * layers], parts[2 * layers :]
        x = np.concatenate([self._table("tgt_embedding.weight")[last], *extra])
        top, gates = x, Gates()
        for number, (cell, h, c) in enumerate(zip(self._decoder, parts[:layers], cs, strict=True)):
            step = cell.step(x, h, c)
            x = step.output + x if number and config.residual else step.output
            top, gates = step.h, step.gates
        return top, gates

    def _table(self, name: str) -> Floats:
        return self._parameters.get(name, self._parameters["src_embedding.weight"])

    def _cell(self, name: str) -> _Cell:
        found, config = self._parameters, self._config
        kind = config.cell if name.startswith("encoder.") else config.writes_with
        if f"{name}.weight_ih" in found:
            bias = found[f"{name}.bias_ih"]
            h_bias = found.get(f"{name}.bias_hh", np.zeros_like(bias))
            h = found.get(f"{name}.weight_hh")
            h = None if h is None else h.T
            return _Cell(kind, found[f"{name}.weight_ih"].T, h, bias, h_bias, _NAMES[kind])
        start = f"{name}.weight_ih:"
        keys = sorted(
            (key for key in found if key.startswith(start)),
            key=lambda key: int(key.removeprefix(start).partition("-")[0]),
        )
        x, bias = np.concatenate([found[key] for key in keys]), found[f"{name}.bias"]
        h_bias = found.get(f"{name}.bias_hh", np.zeros_like(bias))
        h = found.get(f"{name}.weight_hh")
        return _Cell(kind, x, h, bias, h_bias, _BUNDLE_NAMES[kind])


def _read(cell: _Cell, x: NDArray[np.float32], *, backwards: bool) -> tuple[Floats, list[Gates]]:
    """Read a whole sequence, from its end if told so."""
    h, c = np.zeros(cell.size, np.float32), None
    said, gates = list[Floats](), list[Gates]()
    for vector in x[::-1] if backwards else x:
        step = cell.step(vector, h, c)
        h, c = step.h, step.c
        said.append(step.output)
        gates.append(step.gates)
    if backwards:
        said.reverse()
        gates.reverse()
    return np.stack(said), gates


def _sigmoid(a: Floats) -> Floats:
    # Through tanh, which never overflows.
    return (0.5 * (1 + np.tanh(0.5 * a))).astype(np.float32)
