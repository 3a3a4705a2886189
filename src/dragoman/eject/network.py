"""The network of a bundle as C: its sizes, its weights, and the parts that compute with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.config import ModelConfig
from dragoman.eject.literals import array, floats, text_array
from dragoman.errors import ExportError
from dragoman.runtime.weights import folds

_GATES = {"rnn": 1, "gru": 3, "lstm": 4}
# These only write. They have no map of their state, which is no part of what they say: that has no bounds.
_SCANNED_GATES = {"ssru": 2}
_BRIDGES = ("copy", "dense", "mean")
# Which files compute what, by the row of the table.
_ATTENTIONS = {
    "none": ["attention_none"],
    "dot": ["softmax", "inner_plain", "scores_dot", "keys_memory", "attention"],
    "general": ["softmax", "inner_plain", "scores_dot", "keys_map", "attention"],
    "concat": ["softmax", "inner_plain", "scores_network", "keys_map", "attention"],
    "additive": ["softmax", "inner_plain", "scores_network", "keys_bias", "attention"],
    "multihead": ["softmax", "inner_plain", "attention_multihead"],
}
_GENERATORS = ("softmax", "tied")
_ROWS_AT_ONCE = 8

Tensors = Mapping[str, NDArray[Any]]


def check_network(model: ModelConfig) -> None:
    """Say which parts no C is written for.

    Raises:
        ExportError: All of them.
    """
    known: dict[str, tuple[str | float | None, ...]] = {
        "head": ("decoder",),
        "cell": tuple(_GATES),
        "encoder": ("recurrent",),
        "decoder": ("recurrent",),
        "bridge": _BRIDGES,
        "attention": tuple(_ATTENTIONS),
        "generator": _GENERATORS,
        "coverage": (False,),
        "deep_output": (False,),
        "context_words": (0,),
        "residual": (False,),
        "transitions": (1,),
        "zoneout": (0.0,),
        "attention_norm": ("softmax",),
        "decoder_cell": (None, *_GATES, *_SCANNED_GATES),
    }
    if model.attention == "multihead":
        known["word_memory"] = (False,)
    faults = [
        f"model.{key} = {getattr(model, key)!r} cannot be ejected; known: "
        f"{', '.join(str(one) for one in rows if one is not None)}."
        for key, rows in known.items()
        if getattr(model, key) not in rows
    ]
    if faults:
        raise ExportError("\n".join(faults))


class NetworkWriter:
    """Writes a network.

    Args:
        model: Its settings.
        tensors: The bundle's weights as they are stored, by name.
        int8: Whether matrices are 8-bit.
    """

    def __init__(self, model: ModelConfig, tensors: Tensors, *, int8: bool) -> None:
        self.model, self.tensors, self.int8 = model, tensors, int8
        self._made: dict[str, str] = {}
        self._declared: list[str] = []
        self._widest = 1

    def declarations(self) -> str:
        """Declare all weights, and the structures that hold them together."""
        model = self.model
        directions = range(2 if model.bidirectional else 1)
        layers = [
            [
                self._cell(f"encoder.layers.{layer}.{one}", self._input_width(layer))
                for one in directions
            ]
            for layer in range(model.encoder_layers)
        ]
        rows = "\n".join("    {" + ", ".join(cells) + "}," for cells in layers)
        structures = [
            array("cell", "encoder", rows, "[ENCODER_LAYERS][ENCODER_DIRECTIONS]"),
            array("cell", "decoder", self._decoder(), "[DECODER_LAYERS]"),
            self._matrix("src_words", "src_embedding.weight", table=True),
            self._matrix("tgt_words", self._tgt_table, table=True),
        ]
        extra = [name for name in self.tensors if name.startswith("decoder.layers.0.weight_ih:")]
        for name in extra:
            if not name.startswith("decoder.layers.0.weight_ih:0-") and not name.endswith(
                ".scales"
            ):
                structures.append(self._matrix("decoder_extra", name))
        if model.bridge != "copy":
            structures.append(self._matrix("bridge", "bridge.W.weight"))
            self._floats("bridge.W.bias", "bridge_bias")
        structures += [*self._attention(), *self._own_words(), *self._generator()]
        return "\n".join([*self._declared, *structures])

    def settings(self) -> dict[str, Any]:
        """Give the sizes; after `declarations`."""
        model = self.model
        directions = 2 if model.bidirectional else 1
        memory_keys = model.attention == "dot" and not self._fits_keys
        return {
            "HIDDEN": model.hidden_size,
            "EMBEDDING": model.embedding_size,
            "ENCODER_GATES": _GATES[model.cell],
            "advance_encoder": f"advance_{model.cell}",
            "ENCODER_LSTM": int(model.cell == "lstm"),
            "ENCODER_LAYERS": model.encoder_layers,
            "ENCODER_DIRECTIONS": directions,
            "ENCODER_SIZE": model.hidden_size // directions,
            "REVERSE_SOURCE": int(model.reverse_source),
            "DECODER_LAYERS": model.decoder_layers,
            "CONTEXT_EVERY_STEP": int(model.context_every_step),
            "INPUT_FEEDING": int(model.input_feeding),
            **self._decoder_settings(),
            "HEADS": model.attention_heads,
            "KEYS_ARE_MEMORY": int(memory_keys),
            "VALUES": model.hidden_size
            if model.attention == "multihead"
            else self.model.value_size,
            "OUTPUT": self.model.value_size,
            "TGT_VOCAB": self.tensors["generator.bias"].size,
            "TABLES": directions + 1 + 2 * self._looks_at_words,
            **(
                {
                    "WORD_MEMORY": 1,
                    "FOLDED_KEYS": self._fits(model.hidden_size),
                    "FOLDED_VALUES": self._fits(self.model.value_size),
                }
                if self._looks_at_words
                else {}
            ),
            "FOLDED_SRC": self._fits(
                model.hidden_size // directions * _GATES[model.cell], "src_embedding.weight"
            ),
            "FOLDED_TGT": self._fits(model.hidden_size * self._decoder_gates, self._tgt_table),
            "ROWS_AT_ONCE": _ROWS_AT_ONCE if self.int8 else 1,
            "WIDEST": self._widest if self.int8 else 1,
        }

    def _decoder_settings(self) -> dict[str, Any]:
        """Give the decoder's cell, and where in a state lies what a layer says and carries."""
        model, lstm = self.model, self.model.writes_with == "lstm"
        layers = model.decoder_layers * (2 if lstm else 1) * model.hidden_size
        state = layers + (model.context_every_step + model.input_feeding) * model.hidden_size
        said, carried = "((layer) * HIDDEN)", "0"
        if lstm:
            carried = "((DECODER_LAYERS + (layer)) * HIDDEN)"
        elif self._scans:
            # What such a layer says stands behind its state, until the next layer has read it.
            said, carried = str(state), said
        return {
            "DECODER_GATES": self._decoder_gates,
            "DECODER_LSTM": int(lstm),
            "advance_decoder": f"advance_{model.writes_with}",
            "LAYERS_STATE": layers,
            "STATE": state + self._scans * model.hidden_size,
            "SAID(layer)": said,
            "CARRIED(layer)": carried,
            "SAID_BOUNDED": int(not self._scans),
            "OUTPUT_BOUNDED": int(not self._scans or model.attention != "none"),
        }

    def types(self) -> list[str]:
        """Name the files of types."""
        return [f"types_{'int8' if self.int8 else 'float'}", "types"]

    def parts(self) -> list[str]:
        """Name the files of functions."""
        model, kind = self.model, "int8" if self.int8 else "float"
        return [
            "memory",
            "functions",
            *([] if {model.cell, model.writes_with} == {"rnn"} else ["sigmoid"]),
            *(["inner"] if not self.int8 or model.attention != "none" else []),
            f"product_{kind}",
            f"words_{kind}",
            *(f"cell_{one}" for one in dict.fromkeys((model.cell, model.writes_with))),
            f"bridge_{model.bridge}",
            "bias",
            *self._attention_parts(),
            "network",
            f"generator_{model.generator}",
            "step",
        ]

    @property
    def _tgt_table(self) -> str:
        return "src_embedding.weight" if self.model.tie_embeddings else "tgt_embedding.weight"

    def _attention_parts(self) -> list[str]:
        parts = list(_ATTENTIONS[self.model.attention])
        if self.model.attention == "dot" and self._fits_keys:
            parts[parts.index("keys_memory")] = "keys_map"
        return parts

    @property
    def _scans(self) -> bool:
        return self.model.writes_with in _SCANNED_GATES

    @property
    def _decoder_gates(self) -> int:
        return (_GATES | _SCANNED_GATES)[self.model.writes_with]

    def _input_width(self, layer: int) -> int:
        return self.model.hidden_size if layer else self.model.embedding_size

    def _decoder(self) -> str:
        return "\n".join(
            f"    {self._cell(f'decoder.layers.{layer}', self._input_width(layer))},"
            for layer in range(self.model.decoder_layers)
        )

    def _cell(self, name: str, width: int) -> str:
        maps, biases = f"{name}.weight_hh", f"{name}.bias_hh"
        parts = [
            self._braces(f"{name}.weight_ih:0-{width}"),
            self._braces(maps) if maps in self.tensors else "{0}",
            self._floats(f"{name}.bias"),
            self._floats(biases) if biases in self.tensors else "NULL",
        ]
        return "{" + ", ".join(parts) + "}"

    def _attention(self) -> list[str]:
        model = self.model
        if model.attention == "none":
            return []
        hidden, memory, said = model.hidden_size, model.memory_size, self._said
        found = {
            "mix_context": f"{self._mix}{said}",
            "mix_state": f"decoder.W_c.weight:{memory}-{memory + hidden}",
        }
        own = "decoder.attention."
        if model.attention != "dot" or self._fits_keys:
            found["attention_keys"] = self._keys + said
        found |= {
            "additive": {"attention_query": "W.weight"},
            "concat": {"attention_query": f"W.weight:0-{hidden}"},
            "multihead": {
                "attention_query": "Q.weight",
                "attention_values": "V.weight",
                "attention_out": "out.weight",
            },
        }.get(model.attention, {})
        if model.attention == "additive":
            self._floats(f"{own}U.bias", "attention_keys_bias")
        if model.attention in ("additive", "concat"):
            self._floats(f"{own}v", "attention_v")
        return [
            self._matrix(name, weight if weight.startswith("decoder.") else own + weight)
            for name, weight in found.items()
        ]

    def _own_words(self) -> list[str]:
        """Declare what reads the words by themselves, as layers of which only the first map counts."""
        model = self.model
        if not self._looks_at_words:
            return []
        hidden, memory = model.hidden_size, model.memory_size
        none = self._floats("none", values=np.zeros(self.model.value_size, np.float32))
        maps = [
            self._braces(f"{name}:{hidden}-{memory}")
            for name in (f"decoder.attention.{self._keys}", self._mix)
        ]
        rows = "\n".join(f"    {{{one}, {one}, {none}, NULL}}," for one in maps)
        return [array("cell", "own", rows, "[2]")]

    @property
    def _keys(self) -> str:
        """Name what makes keys of the memory."""
        hidden = self.model.hidden_size
        return {
            "dot": "fit.weight",
            "general": "W.weight",
            "additive": "U.weight",
            "concat": f"W.weight:{hidden}-{hidden + self.model.memory_size}",
            "multihead": "K.weight",
        }[self.model.attention]

    @property
    def _mix(self) -> str:
        """Name what reads the context: W_c's half, and, below it, the generator's."""
        model = self.model
        return (
            "decoder.context"
            if model.context_output
            else f"decoder.W_c.weight:0-{model.memory_size}"
        )

    @property
    def _looks_at_words(self) -> bool:
        return self.model.word_memory and self.model.attention != "none"

    @property
    def _said(self) -> str:
        """Name the part of a map that reads the encoder's outputs, where it also reads words."""
        return f":0-{self.model.hidden_size}" if self.model.word_memory else ""

    @property
    def _fits_keys(self) -> bool:
        return f"decoder.attention.fit.weight{self._said}" in self.tensors

    def _generator(self) -> list[str]:
        self._floats("generator.bias", "generator_bias")
        name = "generator.P.weight" if self.model.generator == "tied" else "generator.W.weight"
        if self.model.context_output:
            name += f":0-{self.model.hidden_size}"
        return [self._matrix("generator", name)]

    def _matrix(self, name: str, weight: str, *, table: bool = False) -> str:
        return f"static const matrix {name} = {self._braces(weight, table=table)};\n"

    def _braces(self, weight: str, *, table: bool = False) -> str:
        """Declare a map's weights, a row an output, and give what a `matrix` is made of."""
        stored = self.tensors[weight]
        rows = stored if table else stored.T
        self._widest = max(self._widest, rows.shape[1])
        if not self.int8:
            return f"{{{self._floats(weight, values=rows)}, {rows.shape[0]}, {rows.shape[1]}}}"
        if weight not in self._made:
            self._made[weight] = f"w{len(self._made)}"
            content = np.ascontiguousarray(rows).tobytes()
            self._declared.append(
                f"/* {weight} */\n{text_array('weight', self._made[weight], content)}"
            )
        scales = self._floats(f"{weight}.scales")
        return f"{{{self._made[weight]}, {scales}, {rows.shape[0]}, {rows.shape[1]}}}"

    def _floats(self, weight: str, name: str = "", values: NDArray[Any] | None = None) -> str:
        """Declare numbers, once, and give the name of the array."""
        if weight not in self._made:
            self._made[weight] = name or f"w{len(self._made)}"
            content = np.asarray(self.tensors[weight] if values is None else values)
            if not np.isfinite(content).all():
                raise ExportError(
                    f"{weight} holds numbers that are not finite; train the model again."
                )
            self._declared.append(
                f"/* {weight} */\n{array('float', self._made[weight], floats(content.astype(np.float32)))}"
            )
        return self._made[weight]

    def _fits(self, outputs: int, table: str = "src_embedding.weight") -> int:
        """Say whether the runtime rounds the products of words to 16 bits, which it does in int8 where they fit."""
        return int(self.int8 and folds(len(self.tensors[table]), outputs, int8=True))
