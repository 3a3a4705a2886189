"""The decoder on the kernel: what `step.onnx` says."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float

import numpy as np

from dragoman.runtime.native.library import DecoderStruct, MatrixStruct, Packed
from dragoman.runtime.native.parts import CELLS, Parts
from dragoman.runtime.state import BundleState
from dragoman.search.stepper import Floats


class Decoder:
    """The decoder's weights, as the kernel takes them; all that it points to is kept here."""

    def __init__(self, parts: Parts, vocabulary: int) -> None:
        model, size = parts.model, parts.model.hidden_size
        name = "decoder.layers.{}"
        layers = range(model.decoder_layers)
        words = "src_embedding.weight" if model.tie_embeddings else "tgt_embedding.weight"
        self.vocabulary, self.looks = vocabulary, model.attention != "none"
        seen, cell = model.memory_size, CELLS[model.writes_with]
        gates = cell.gates * size
        self.table = parts.words(words, vocabulary, name.format(0), gates)
        query = model.embedding_size if parts.tied else 0
        found = query if model.context_output else 0
        shapes = {
            "recurrent": [
                parts.map(f"{name.format(n)}.weight_hh", (size, gates))
                for n in layers
                if cell.recurrent
            ],
            "input": [
                parts.map(f"{name.format(n)}.weight_ih:0-{size}", (size, gates)) for n in layers[1:]
            ],
        }
        bias = [parts.floats(f"{name.format(n)}.bias", gates) for n in layers]
        output = (
            parts.map(f"decoder.W_c.weight:{seen}-{seen + size}", (size, size))
            if self.looks
            else None
        )
        of_h = f":0-{size}" if found else ""
        mapped = parts.map(f"generator.P.weight{of_h}", (size, query)) if parts.tied else None
        vectors, scales, words_bias = parts.scored(vocabulary)
        scored = Packed(vectors.T, scales)
        recurrent, inputs = (
            (MatrixStruct * (len(found) + 1))(*(one.struct for one in found))
            for found in shapes.values()
        )
        floats = POINTER(c_float)
        biases = (floats * len(bias))(*(one.ctypes.data_as(floats) for one in bias))
        none = MatrixStruct()
        self._kept = (shapes, bias, output, mapped, scored, words_bias, recurrent, inputs, biases)
        self.struct = DecoderStruct(
            size,
            model.decoder_layers,
            vocabulary,
            int(self.looks),
            cell.number,
            query,
            found,
            ctypes.pointer(self.table.struct),
            recurrent,
            inputs,
            biases,
            output.struct if output else none,
            mapped.struct if mapped else none,
            scored.struct,
            words_bias.ctypes.data_as(floats),
        )

    def sights(self, state: BundleState) -> list[Floats]:
        """Give what sentences are looked at by, as `memory` of decoder.c has it: keys, values, mask; or nothing."""
        names = ("keys", "values", "mask") if self.looks else ()
        return [np.ascontiguousarray(state.seen[name]) for name in names]
