"""What the gates of an LSTM or a GRU did, computed anew from the weights.

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
_NAMES = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
_BUNDLE_NAMES = {"lstm": ("i", "f", "o", "g"), "gru": ("r", "z", "n")}


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
class _Cell:
    """A layer in one direction.

    Attributes:
        names: Its gates, in the order in which they stand in the weights.
        x: The map of the input, [inputs, gates * size].
        h: The map of the state, [size, gates * size].
        bias: Added to what comes of the input.
        h_bias: Added to what comes of the state.
    """

    names: tuple[str, ...]
    x: Floats
    h: Floats
    bias: Floats
    h_bias: Floats

    def step(self, x: Floats, h: Floats, c: Floats | None) -> tuple[Floats, Floats | None, Gates]:
        """Read one input; give the new state, and the gates with an LSTM's c among them."""
        parts = self._split(x @ self.x + self.bias), self._split(h @ self.h + self.h_bias)
        if "f" in self.names:
            return self._lstm({name: parts[0][name] + parts[1][name] for name in self.names}, c)
        if "z" in self.names:
            return self._gru(parts[0], parts[1], h)
        return np.tanh(parts[0]["h"] + parts[1]["h"]), None, {}

    def _split(self, a: Floats) -> Gates:
        return dict(zip(self.names, np.split(a, len(self.names)), strict=True))

    def _lstm(self, a: Gates, c: Floats | None) -> tuple[Floats, Floats | None, Gates]:
        """Step as c' = f c + i g, h' = o tanh(c') (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
        i, f, o = (_sigmoid(a[name]) for name in "ifo")
        g = np.tanh(a["g"])
        c = f * (np.zeros_like(f) if c is None else c) + i * g
        return o * np.tanh(c), c, {"i": i, "f": f, "g": g, "o": o, "c": c}

    def _gru(self, x: Gates, u: Gates, h: Floats) -> tuple[Floats, Floats | None, Gates]:
        """Step as h' = (1 - z) n + z h (Cho et al. 2014; the reset gate after the product, as in `nn.cells`)."""
        r, z = (_sigmoid(x[name] + u[name]) for name in "rz")
        n: Floats = np.tanh(x["n"] + r * u["n"])
        return (n + z * (h - n)).astype(np.float32), None, {"r": r, "z": z, "n": n}


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
        return config.cell in _NAMES and (config.encoder, config.decoder) == ("recurrent",) * 2

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
        for layer in self._encoder:
            read = [_read(cell, x, backwards=bool(side)) for side, cell in enumerate(layer)]
            x = np.concatenate([states for states, _ in read], axis=1)
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
        if config.cell == "lstm":
            cs, extra = parts[layers : 2 * layers], parts[2 * layers :]
        x = np.concatenate([self._table("tgt_embedding.weight")[last], *extra])
        gates: Gates = {}
        for cell, h, c in zip(self._decoder, parts[:layers], cs, strict=True):
            x, _, gates = cell.step(x, h, c)
        return x, gates

    def _table(self, name: str) -> Floats:
        return self._parameters.get(name, self._parameters["src_embedding.weight"])

    def _cell(self, name: str) -> _Cell:
        found, kind = self._parameters, self._config.cell
        if f"{name}.weight_ih" in found:
            bias, h_bias = found[f"{name}.bias_ih"], found[f"{name}.bias_hh"]
            x, h = found[f"{name}.weight_ih"].T, found[f"{name}.weight_hh"].T
            return _Cell(_NAMES[kind], x, h, bias, h_bias)
        start = f"{name}.weight_ih:"
        keys = sorted(
            (key for key in found if key.startswith(start)),
            key=lambda key: int(key.removeprefix(start).partition("-")[0]),
        )
        x, bias = np.concatenate([found[key] for key in keys]), found[f"{name}.bias"]
        h_bias = found.get(f"{name}.bias_hh", np.zeros_like(bias))
        return _Cell(_BUNDLE_NAMES[kind], x, found[f"{name}.weight_hh"], bias, h_bias)


def _read(cell: _Cell, x: NDArray[np.float32], *, backwards: bool) -> tuple[Floats, list[Gates]]:
    """Read a whole sequence, from its end if told so."""
    size = len(cell.h)
    h, c = np.zeros(size, np.float32), None
    states, gates = list[Floats](), list[Gates]()
    for vector in x[::-1] if backwards else x:
        h, c, found = cell.step(vector, h, c)
        states.append(h)
        gates.append(found)
    if backwards:
        states.reverse()
        gates.reverse()
    return np.stack(states), gates


def _sigmoid(a: Floats) -> Floats:
    # Through tanh, which never overflows.
    return (0.5 * (1 + np.tanh(0.5 * a))).astype(np.float32)
