"""A network as two ONNX graphs: `encoder`, run once a batch, and `step`, run once a token.

::

    encoder: src -> state, memory, mask, keys, values
    step:    last_ids, state, mask, keys, values -> log_probs, state, weights

`state` is all that a hypothesis carries, side by side in one row: the layers' h, then their c, then the context vector
and the last output, where the decoder reads these at every step. The rest belongs to a sentence, and all its hypotheses
look at the one copy. Without attention there is no mask, no keys, no values and no weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, TensorProto

from dragoman.config import ModelConfig
from dragoman.export.graph import Graph, Value, Weights
from dragoman.export.parts import (
    ATTENTIONS,
    CELLS,
    GENERATORS,
    Network,
    Recurrence,
    embedding,
    recurrence,
    word_gates,
)
from dragoman.text.vocabulary import PAD


def state_widths(config: ModelConfig) -> list[int]:
    """Return the widths of the parts of `state`."""
    layers = config.decoder_layers * (2 if config.cell == "lstm" else 1)
    return [config.hidden_size] * (layers + config.context_every_step + config.input_feeding)


# --------------------------------------------------------------------------------------------- encoder


@dataclass
class _Reader:
    """Reads the source layer by layer, and keeps what the directions of each layer said.

    Attributes:
        lengths: The sentences' tokens.
        hs: For each layer and direction, the outputs, [src_len, sentences, width].
        cs: The same of an LSTM's c, where the bridge wants it.
    """

    g: Graph
    network: Network
    lengths: str
    hs: list[list[str]] = field(default_factory=list[list[str]])
    cs: list[list[str]] = field(default_factory=list[list[str]])

    def turn(self, x: str) -> str:
        """Turn each sentence round; its padding stays where it is."""
        return self.g.op("ReverseSequence", x, self.lengths, batch_axis=1, time_axis=0)

    def layer(self, x: str, number: int) -> str:
        """Read with one layer: the first reads the tokens' ids, the others what the one below said."""
        g, config = self.g, self.network.config
        directions = range(2 if config.bidirectional else 1)
        cells = [recurrence(self.network, f"encoder.layers.{number}.{d}") for d in directions]
        gates: list[str] = []
        for direction, cell in enumerate(cells):
            seen = self.turn(x) if direction else x
            if number == 0:
                table = embedding(self.network, "src_embedding.weight")
                gates.append(word_gates(g, cell, table, seen))
                continue
            mapped = g.linear(seen, cell.input(0, cell.x.shape[1]), bounded=True)
            gates.append(g.op("Add", mapped, cell.bias(g)))
        hs, cs = self._loop(cells, gates)
        self.hs.append([self.turn(h) if direction else h for direction, h in enumerate(hs)])
        self.cs.append([self.turn(c) if direction else c for direction, c in enumerate(cs)])
        return g.join(self.hs[-1])

    def _loop(
        self, cells: Sequence[Recurrence], gates: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """Run the cells, of both directions at once, over time."""
        g, kind = self.g, self.network.config.cell
        body, step = Graph(g.weights, g), CELLS[kind]
        before: list[str] = []
        after: list[str] = []
        x = [g.name("x") for _ in cells]
        for cell, name in zip(cells, x, strict=True):
            state = (g.name("h"), g.name("c") if kind == "lstm" else None)
            before += [one for one in state if one]
            after += [one for one in step(body, cell, name, state) if one]
        parts = len(after) // len(cells)
        kept = after if self._wants_c else after[::parts]
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
        said = made[len(after) :]
        return (said[::2], said[1::2]) if self._wants_c else (said, [])

    @property
    def _wants_c(self) -> bool:
        config = self.network.config
        return config.cell == "lstm" and config.bridge == "copy"

    def final(self, directions: Sequence[str]) -> str:
        """Give a layer's state after the sentence: [sentences, hidden]."""
        g, parts = self.g, list[str]()
        for direction, said in enumerate(directions):
            if direction:  # It ends with the first token.
                parts.append(g.op("Gather", said, g.constant(0, np.int64), axis=0))
                continue
            last = g.op("Sub", self.lengths, g.constant(1, np.int64))
            last = g.op("Unsqueeze", last, g.constant([1], np.int64))
            rows = g.op("Transpose", said, perm=[1, 0, 2])
            parts.append(g.op("GatherND", rows, last, batch_dims=1))
        return g.join(parts)


def _copy(reader: _Reader, memory: str, mask: str) -> list[str]:
    del memory, mask
    layers = reader.network.config.decoder_layers
    found: list[str] = []
    for sequences in (reader.hs, reader.cs):
        if sequences[0]:
            finals = [reader.final(one) for one in sequences[-layers:]]
            found += finals + finals[-1:] * (layers - len(finals))
    return found


def _dense(reader: _Reader, memory: str, mask: str) -> list[str]:
    del memory, mask
    return _start(reader, reader.final(reader.hs[-1]))


def _mean(reader: _Reader, memory: str, mask: str) -> list[str]:
    g = reader.g
    real = g.op("Cast", mask, to=TensorProto.FLOAT)
    real = g.op("Unsqueeze", real, g.constant([2], np.int64))
    # What stands on padding may be anything, but is finite.
    total = g.op("ReduceSum", g.op("Mul", memory, real), g.constant([1], np.int64), keepdims=0)
    return _start(
        reader, g.op("Div", total, g.op("ReduceSum", real, g.constant([1], np.int64), keepdims=0))
    )


def _start(reader: _Reader, h: str) -> list[str]:
    g, network = reader.g, reader.network
    name = "bridge.W.bias"
    mapped = g.linear(h, network.matrix("bridge.W.weight"), bounded=True)
    mapped = g.op("Tanh", g.op("Add", mapped, g.weight(name, network.parameters[name])))
    config = network.config
    layers = config.decoder_layers * (2 if config.cell == "lstm" else 1)
    return g.split(mapped, [config.hidden_size] * layers)


BRIDGES: dict[str, Callable[[_Reader, str, str], list[str]]] = {
    "copy": _copy,
    "dense": _dense,
    "mean": _mean,
}


def encoder_graph(network: Network, weights: Weights) -> ModelProto:
    """Write the encoder, the bridge, and what attention makes of the memory."""
    g, config = Graph(weights), network.config
    mask = g.op("Not", g.op("Equal", "src", g.constant(PAD, np.int64)))
    counted = g.op("Cast", mask, to=TensorProto.INT64)
    reader = _Reader(g, network, g.op("ReduceSum", counted, g.constant([1], np.int64), keepdims=0))
    # The recurrence takes time first.
    x = g.op("Transpose", "src", perm=[1, 0])
    x = reader.turn(x) if config.reverse_source else x
    for number in range(config.encoder_layers):
        x = reader.layer(x, number)
    x = reader.turn(x) if config.reverse_source else x
    memory = g.op("Transpose", x, perm=[1, 0, 2])
    state = BRIDGES[config.bridge](reader, memory, mask)
    state += [state[config.decoder_layers - 1]] if config.context_every_step else []
    if config.input_feeding:
        state.append(g.op("Mul", state[0], g.constant(0)))
    found = {"state": g.join(state), "memory": memory}
    if config.attention != "none":
        unseen = g.op("Where", mask, g.constant(0), g.constant(-np.inf))
        found["mask"] = g.op("Unsqueeze", unseen, g.constant([1], np.int64))
        found |= ATTENTIONS[config.attention](network).prepare(g, memory)
    src = Value("src", ("sentences", "src_len"), TensorProto.INT64)
    return g.model([src], [_value(name, config, made) for name, made in found.items()])


def _value(name: str, config: ModelConfig, made_as: str = "") -> Value:
    """Describe what goes from the encoder to the steps."""
    hidden = config.hidden_size
    dims = {
        "state": ("sentences", sum(state_widths(config))),
        "memory": ("sentences", "src_len", hidden),
        "mask": ("sentences", 1, "src_len"),
        "keys": ("sentences", "src_len", hidden),
        "values": ("sentences", "src_len", hidden),
    }
    return Value(name, dims[name], made_as=made_as)


# --------------------------------------------------------------------------------------------- step


def step_graph(network: Network, weights: Weights) -> ModelProto:
    """Write one step of the decoder, and the generator."""
    g, config = Graph(weights), network.config
    hidden, layers = config.hidden_size, config.decoder_layers
    parts = g.split("state_in", state_widths(config))
    hs, rest = parts[:layers], parts[layers:]
    cs, extra = (rest[:layers], rest[layers:]) if config.cell == "lstm" else ([], rest)
    gates = _first_gates(g, network, extra)
    x, new_hs, new_cs = "", list[str](), list[str]()
    for number, h in enumerate(hs):
        cell = recurrence(network, f"decoder.layers.{number}")
        if number:
            mapped = g.linear(x, cell.input(0, hidden), bounded=True)
            gates = g.op("Add", mapped, cell.bias(g))
        x, c = CELLS[config.cell](g, cell, gates, (h, cs[number] if cs else None))
        new_hs.append(x)
        new_cs += [c] if c else []
    output, weights_of = _attended(g, network, x)
    state = [*new_hs, *new_cs]
    state += [extra[0]] if config.context_every_step else []
    state += [output] if config.input_feeding else []
    logits = GENERATORS[config.generator](g, network, output)
    bias = network.parameters["generator.bias"]
    logits = g.op("Add", logits, g.weight("generator.bias", bias))
    rows = ("sentences", "beams")
    width = sum(state_widths(config))
    outputs = [
        Value("log_probs", (*rows, len(bias)), made_as=g.op("LogSoftmax", logits, axis=-1)),
        Value("state", (*rows, width), made_as=g.join(state)),
    ]
    inputs = [
        Value("last_ids", rows, TensorProto.INT64),
        Value("state_in", (*rows, width)),
    ]
    if weights_of:
        outputs.append(Value("weights", (*rows, "src_len"), made_as=weights_of))
        inputs += [_value(name, config) for name in ("mask", "keys", "values")]
    return g.model(inputs, outputs)


def _first_gates(g: Graph, network: Network, extra: Sequence[str]) -> str:
    """Multiply the first layer's input: the last word, and what else the decoder reads."""
    cell, width = recurrence(network, "decoder.layers.0"), network.config.embedding_size
    gates = word_gates(g, cell, embedding(network, "tgt_embedding.weight"), "last_ids")
    if extra:
        more = g.linear(g.join(extra), cell.input(width, cell.x.shape[1]), bounded=True)
        gates = g.op("Add", gates, more)
    return gates


def _attended(g: Graph, network: Network, h: str) -> tuple[str, str]:
    """Give h~ = tanh(W_c [context; h]) and the attention's weights; without attention h, and none."""
    config = network.config
    if config.attention == "none":
        return h, ""
    attention = ATTENTIONS[config.attention](network)
    mixed, weights = attention.attend(g, h, {name: name for name in ("mask", "keys", "values")})
    size = attention.memory_size
    half = network.matrix("decoder.W_c.weight", slice(size, size + config.hidden_size))
    return g.op("Tanh", g.op("Add", mixed, g.linear(h, half, bounded=True))), weights
