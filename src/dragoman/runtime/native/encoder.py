"""The encoder and the bridge on the kernel: what `encoder.onnx` says, layer by layer."""

from __future__ import annotations

import numpy as np

from dragoman.runtime.native.library import Packed, address
from dragoman.runtime.native.parts import GATES, Parts
from dragoman.runtime.state import BundleState
from dragoman.search.stepper import Floats, Ids
from dragoman.text.vocabulary import PAD


class Encoder:
    """Reads sources.

    Args:
        parts: The weights.
        num_words: Of the source's vocabulary.
    """

    def __init__(self, parts: Parts, num_words: int) -> None:
        model, hidden = parts.model, parts.model.hidden_size
        self._parts, self._model = parts, model
        self._directions = 2 if model.bidirectional else 1
        self._size = hidden // self._directions
        outputs = GATES * self._size
        names = [
            [f"encoder.layers.{layer}.{one}" for one in range(self._directions)]
            for layer in range(model.encoder_layers)
        ]
        self._words = [
            parts.words("src_embedding.weight", num_words, one, outputs) for one in names[0]
        ]
        self._recurrent = [
            [parts.map(f"{one}.weight_hh", (self._size, outputs)) for one in layer]
            for layer in names
        ]
        self._inputs = [
            [
                (
                    parts.map(f"{one}.weight_ih:0-{hidden}", (hidden, outputs)),
                    parts.floats(f"{one}.bias", outputs),
                )
                for one in layer
            ]
            for layer in names[1:]
        ]
        self._bridge: tuple[Packed, Floats] | None = None
        if model.bridge != "copy":
            width = 2 * model.decoder_layers * hidden
            self._bridge = (
                parts.map("bridge.W.weight", (hidden, width)),
                parts.floats("bridge.W.bias", width),
            )
        self._keys: Packed | None = None
        if model.attention != "none":
            key = f"decoder.attention.{'W' if model.attention == 'general' else 'fit'}.weight"
            if model.attention == "general" or parts.has(key):
                self._keys = parts.map(key, (hidden, hidden))
            self._values = parts.map(f"decoder.W_c.weight:0-{hidden}", (hidden, hidden))

    def read(self, src: Ids) -> BundleState:
        """Read sources, PAD at the end."""
        src = np.ascontiguousarray(src)
        real = src != PAD
        lengths = real.sum(axis=1)
        memory, finals = self._read(src, lengths)
        rows = self._start(memory, real, finals)
        seen = {"memory": memory}
        if self._model.attention != "none":
            mask = np.where(real, np.float32(0), np.float32(-np.inf))[:, None]
            keys = memory if self._keys is None else self._parts.multiply(memory, self._keys)
            seen |= {
                "mask": mask,
                "keys": keys,
                "values": self._parts.multiply(memory, self._values),
            }
        return BundleState(seen, rows[:, None], places=np.arange(len(src)))

    def _read(self, src: Ids, lengths: Ids) -> tuple[Floats, list[tuple[Floats, Floats]]]:
        """Give the top layer's outputs, and each layer's last h and c: [sentences, hidden]."""
        finals: list[tuple[Floats, Floats]] = []
        out = np.empty(0, np.float32)
        for layer, recurrent in enumerate(self._recurrent):
            below, out = out, np.zeros((*src.shape, self._model.hidden_size), np.float32)
            ends: list[tuple[Floats, Floats]] = []
            for direction, matrix in enumerate(recurrent):
                gates, rows = self._gates(layer, direction, src, below)
                part = out[..., direction * self._size :]
                ends.append(self._direction(matrix, (gates, rows), lengths, (part, direction)))
            finals.append((np.hstack([h for h, _ in ends]), np.hstack([c for _, c in ends])))
        return out, finals

    def _gates(self, layer: int, direction: int, src: Ids, below: Floats) -> tuple[Floats, Ids]:
        """Give what the inputs add to the gates, and which row of it each token has."""
        if layer:
            matrix, bias = self._inputs[layer - 1][direction]
            gates = self._parts.multiply(below, matrix, bias)
            return gates, np.arange(src.size).reshape(src.shape)
        table = self._words[direction]
        table.meet(src)
        return table.rows, src

    def _direction(
        self,
        matrix: Packed,
        read: tuple[Floats, Ids],
        lengths: Ids,
        where: tuple[Floats, int],
    ) -> tuple[Floats, Floats]:
        """Read in one direction; give the last h and c."""
        (gates, rows), (out, backward) = read, where
        sentences, steps = rows.shape
        h = np.zeros((sentences, self._size), np.float32)
        c = np.zeros_like(h)
        self._parts.read(
            matrix,
            (address(gates), address(rows), address(lengths)),
            (sentences, steps, backward),
            (address(h), address(c), out.ctypes.data, self._model.hidden_size),
        )
        return h, c

    def _start(self, memory: Floats, real: Ids, finals: list[tuple[Floats, Floats]]) -> Floats:
        """Give the decoder's first state: all h, then all c, side by side."""
        layers = self._model.decoder_layers
        if self._bridge is None:
            last = finals[-layers:]
            last += last[-1:] * (layers - len(last))
            return np.hstack([*(h for h, _ in last), *(c for _, c in last)])
        read = finals[-1][0]
        if self._model.bridge == "mean":
            read = (memory * real[..., None]).sum(axis=1) / real.sum(axis=1)[:, None].astype(
                np.float32
            )
        return np.tanh(self._parts.multiply(read, *self._bridge))
