"""The encoder and the bridge on the kernel: what `encoder.onnx` says."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float
from typing import Any

import numpy as np

from dragoman.runtime.native.library import (
    EncoderStruct,
    MatrixStruct,
    Packed,
    ReadStruct,
    WordsStruct,
    address,
)
from dragoman.runtime.native.parts import CELLS, Parts
from dragoman.runtime.state import BundleState
from dragoman.search.stepper import Floats, Ids

# As in encoder.c.
_BRIDGES = {"copy": 0, "dense": 1, "mean": 2}
_FLOATS = POINTER(c_float)


class Encoder:
    """Reads sources.

    Args:
        kernel: What does.
        parts: The weights.
        num_words: Of the source's vocabulary.
    """

    def __init__(self, kernel: ctypes.CDLL, parts: Parts, num_words: int) -> None:
        model, hidden = parts.model, parts.model.hidden_size
        self._kernel, self._hidden = kernel, hidden
        self._looks = model.attention != "none"
        carried = CELLS[model.writes_with].carried
        self._width = carried * model.decoder_layers * hidden
        directions = range(2 if model.bidirectional else 1)
        size = hidden // len(directions)
        outputs = CELLS[model.cell].gates * size
        names = [
            [f"encoder.layers.{layer}.{one}" for one in directions]
            for layer in range(model.encoder_layers)
        ]
        deep = [one for layer in names[1:] for one in layer]
        self._words = [
            parts.words("src_embedding.weight", num_words, one, outputs) for one in names[0]
        ]
        recurrent = [
            parts.map(f"{one}.weight_hh", (size, outputs)) for layer in names for one in layer
        ]
        inputs = [parts.map(f"{one}.weight_ih:0-{hidden}", (hidden, outputs)) for one in deep]
        bias = [parts.floats(f"{one}.bias", outputs) for one in deep]
        start, start_bias = (
            (None, None)
            if model.bridge == "copy"
            else (
                parts.map("bridge.W.weight", (hidden, self._width)),
                parts.floats("bridge.W.bias", self._width),
            )
        )
        key = f"decoder.attention.{'W' if model.attention == 'general' else 'fit'}.weight"
        mix = f"decoder.W_c.weight:0-{model.memory_size}"
        if model.context_output:
            mix = "decoder.context"
        self._values = model.value_size
        # What reads the encoder's outputs, and what reads the words by themselves.
        said = f":0-{hidden}" if model.word_memory else ""
        self._mapped = self._looks and (model.attention == "general" or parts.has(key + said))
        keys = parts.map(key + said, (hidden, hidden)) if self._mapped else None
        values = parts.map(mix + said, (hidden, self._values)) if self._looks else None
        own = f":{hidden}-{model.memory_size}"
        self._own = [
            parts.table("src_embedding.weight", num_words, one + own, np.zeros(width, np.float32))
            for one, width in ((key, hidden), (mix, self._values))
            if model.word_memory and self._looks
        ]
        self.struct = EncoderStruct(
            *(hidden, model.encoder_layers, len(directions), int(self._mapped)),
            *(int(self._looks), _BRIDGES[model.bridge], model.decoder_layers, carried),
            (WordsStruct * len(directions))(*(one.struct for one in self._words)),
            _matrices(recurrent),
            _matrices(inputs),
            (_FLOATS * len(bias))(*(one.ctypes.data_as(_FLOATS) for one in bias)),
            _matrices([start] if start else []),
            None if start_bias is None else start_bias.ctypes.data_as(_FLOATS),
            _matrices([keys] if keys else []),
            _matrices([values] if values else []),
            (POINTER(WordsStruct) * 2)(*(ctypes.pointer(one.struct) for one in self._own)),
        )
        self._kept: list[Any] = [recurrent, inputs, bias, start, start_bias, keys, values]

    def checked(self, src: Ids) -> Ids:
        """Give sources as the kernel reads them.

        Raises:
            IndexError: There is no such word.
        """
        self._words[0].check(src)
        return np.ascontiguousarray(src)

    def read(self, src: Ids) -> BundleState:
        """Read sources, PAD at the end.

        Raises:
            IndexError: There is no such word.
        """
        src = self.checked(src)
        sentences, steps = src.shape
        memory, keys, values = (
            np.empty((*src.shape, width), np.float32)
            for width in (self._hidden, self._hidden, self._values)
        )
        mask, state = (
            np.empty((sentences, 1, width), np.float32) for width in (steps, self._width)
        )
        made = [memory, keys if self._mapped else memory, values, mask, state]
        into = ReadStruct(*(address(one) for one in made))
        if not self._kernel.dragoman_encode(self.struct, address(src), sentences, steps, into):
            raise MemoryError
        seen: dict[str, Floats] = {"memory": memory}
        if self._looks:
            seen |= {"mask": mask, "keys": made[1], "values": values}
        return BundleState(seen, state, places=np.arange(sentences))


def _matrices(packed: list[Packed]) -> Any:
    return (MatrixStruct * (len(packed) + 1))(*(one.struct for one in packed))
