"""A network as two ONNX graphs: `encoder`, run once a batch, and `step`, run once a token.

::

    encoder: src -> state, memory, mask, keys, values, copies, and what a shortlist offers
             (where the words beside a source are read too, `src` holds more than the source)
    step:    last_ids, state, mask, keys, values, copies, and that -> log_probs, state, weights

`state` is all that a hypothesis carries, side by side in one row: the layers' h, then their c, then the context vector
and the last output, where the decoder reads these at every step, then the place that a monotonic decoder looks at. The
rest belongs to a sentence, and all its hypotheses look at the one copy. A decoder that does not look at the source has
no mask, no keys, no values and no weights; only a model that copies has `copies`: each source token as a target id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from onnx import ModelProto, TensorProto

from dragoman.config import ModelConfig
from dragoman.export.cells import recurrence, word_gates
from dragoman.export.copying import COPIES, copies, known_ids, pointed
from dragoman.export.decoders import DECODERS, SEEN, Monotonic, Recurrent, Walk
from dragoman.export.encoders import SourceReader
from dragoman.export.graph import Graph, Value, Weights
from dragoman.export.parts import GENERATORS, Network, Output, embedding
from dragoman.export.shortlist import Shortlist, offer, offered, score_offered
from dragoman.export.words import Memory, of_words
from dragoman.nn.cells import CELLS as CELL_PARTS
from dragoman.text.vocabulary import PAD


def state_widths(config: ModelConfig) -> list[int]:
    """Return the widths of the parts of `state`."""
    layers = config.decoder_layers * (2 if _has_memory(config) else 1)
    whole = layers + config.context_every_step + _feeds(config)
    return [config.hidden_size] * whole + [1] * DECODERS[config.decoder].place


def _has_memory(config: ModelConfig) -> bool:
    """Say whether the decoder's cells have a c."""
    return CELL_PARTS[config.writes_with].has_memory


def _feeds(config: ModelConfig) -> bool:
    """Say whether the decoder feeds its attended output back; monotonic ones read the source instead."""
    return config.input_feeding and DECODERS[config.decoder].feeds


# --------------------------------------------------------------------------------------------- encoder


def _copy(reader: SourceReader) -> list[str]:
    config = reader.network.config
    layers = config.decoder_layers
    found: list[str] = []
    for sequences in (reader.hs, reader.cs if reader.cs[0] else reader.hs):
        first = max(0, len(sequences) - layers)
        finals = [reader.final(sequences, number) for number in range(first, len(sequences))]
        found += finals + finals[-1:] * (layers - len(finals))
    return found if _has_memory(config) else found[:layers]


def _dense(reader: SourceReader) -> list[str]:
    return _start(reader, reader.top())


def _mean(reader: SourceReader) -> list[str]:
    g = reader.g
    real = g.op("Cast", reader.mask, to=TensorProto.FLOAT)
    real = g.op("Unsqueeze", real, g.constant([2], np.int64))
    # What stands on padding may be anything, but is finite.
    total = g.op(
        "ReduceSum", g.op("Mul", reader.memory(), real), g.constant([1], np.int64), keepdims=0
    )
    return _start(
        reader, g.op("Div", total, g.op("ReduceSum", real, g.constant([1], np.int64), keepdims=0))
    )


def _start(reader: SourceReader, h: str) -> list[str]:
    g, network = reader.g, reader.network
    name = "bridge.W.bias"
    matrix = network.matrix("bridge.W.weight")
    mapped = g.linear(h, matrix, bounded=network.bounded_encoder)
    mapped = g.op("Tanh", g.op("Add", mapped, g.weight(name, network.parameters[name])))
    config = network.config
    layers = config.decoder_layers * (2 if _has_memory(config) else 1)
    return g.split(mapped, [config.hidden_size] * layers)


BRIDGES: dict[str, Callable[[SourceReader], list[str]]] = {
    "copy": _copy,
    "dense": _dense,
    "mean": _mean,
}


class Rows(Protocol):
    """What a graph makes of rows that hold more than the source; `dragoman.export.surroundings` has it."""

    def own_part(self, g: Graph) -> str:
        """Cut the sources out of their rows."""
        ...

    def vectors(self, g: Graph, network: Network, known: str) -> str:
        """Say where each row's source stands: [sentences, 1, context_size]."""
        ...


def encoder_graph(
    network: Network,
    weights: Weights,
    shortlist: Shortlist | None = None,
    rows: Rows | None = None,
) -> ModelProto:
    """Write the encoder, the bridge, what attention makes of the memory, and which words are offered.

    Args:
        network: Settings and weights.
        weights: Where the weights go.
        shortlist: Which words a source may be answered with.
        rows: How rows are read that hold more than the source.
    """
    g, config = Graph(weights), network.config
    src = "src" if rows is None else rows.own_part(g)
    mask = g.op("Not", g.op("Equal", src, g.constant(PAD, np.int64)))
    reader = SourceReader(g, network, mask)
    known = known_ids(g, src, network, "src_embedding.weight")
    table = embedding(network, "src_embedding.weight")
    if rows is None:
        reader.read(known, table)
    else:
        own = g.look_up(table, known)
        beside = rows.vectors(g, network, known_ids(g, "src", network, "src_embedding.weight"))
        # Beside each of the source's tokens stands the same vector.
        steps = g.op(
            "Concat",
            g.constant([1], np.int64),
            g.op("Shape", known, start=1, end=2),
            g.constant([1], np.int64),
            axis=0,
        )
        reader.read(g.join([own, g.op("Expand", beside, steps)]), None)
    memory = reader.memory()
    state = BRIDGES[config.bridge](reader)
    state += [state[config.decoder_layers - 1]] if config.context_every_step else []
    decoder = DECODERS[config.decoder](network)
    if _feeds(config):
        state.append(g.op("Mul", state[0], g.constant(0)))
    if decoder.place:
        nothing = g.op("Mul", state[0], g.constant(0))
        state.append(g.op("ReduceSum", nothing, g.constant([-1], np.int64), keepdims=1))
    found = {"state": g.join(state), "memory": memory}
    if decoder.looks:
        unseen = g.op("Where", mask, g.constant(0), g.constant(-np.inf))
        found["mask"] = g.op("Unsqueeze", unseen, g.constant([1], np.int64))
        words = (known, table) if config.word_memory else None
        found |= decoder.prepare(g, Memory(memory, network.bounded_encoder, words))
    if network.copies:
        found[COPIES] = copies(g, network, src)
    inputs = [Value("src", ("sentences", "src_len"), TensorProto.INT64)]
    outputs = [_value(name, network, made) for name, made in found.items()]
    if shortlist is not None:
        inputs.append(Value("more", ("more",), TensorProto.INT64))
        outputs += offered(network, made=offer(g, network, shortlist))
    return g.model(inputs, outputs)


def _value(name: str, network: Network, made_as: str = "") -> Value:
    """Describe what goes from the encoder to the steps."""
    config = network.config
    hidden = config.hidden_size
    keys = hidden
    decoder = DECODERS[config.decoder](network)
    if decoder.place:  # All gates of the first layer.
        keys = recurrence(network, "decoder.layers.0").gates
    dims = {
        "state": ("sentences", sum(state_widths(config))),
        "memory": ("sentences", "src_len", hidden),
        "mask": ("sentences", 1, "src_len"),
        "keys": ("sentences", "src_len", keys),
        "values": ("sentences", "src_len", decoder.values_size),
        COPIES: ("sentences", "src_len"),
    }
    kind = TensorProto.INT64 if name == COPIES else TensorProto.FLOAT
    return Value(name, dims[name], kind, made_as)


# --------------------------------------------------------------------------------------------- step


def step_graph(network: Network, weights: Weights, *, shortlist: bool = False) -> ModelProto:
    """Write one step of the decoder, and the generator: of all words, or of those that are offered."""
    g, config = Graph(weights), network.config
    layers = config.decoder_layers
    decoder = DECODERS[config.decoder](network)
    parts = g.split("state_in", state_widths(config))
    hs, rest = parts[:layers], parts[layers:]
    cs, extra = (rest[:layers], rest[layers:]) if _has_memory(config) else ([], rest)
    gates, place = _first_gates(g, network, decoder, extra)
    states = [(h, cs[number] if cs else None) for number, h in enumerate(hs)]
    walk = Walk(g, network, states, gates, _last_word(g, network), place)
    output, weights_of = decoder.step(walk)
    state = [*(h for h, _ in walk.states), *(c for _, c in walk.states if c)]
    state += [extra[0]] if config.context_every_step else []
    state += [output.h] if _feeds(config) else []
    state += [extra[-1]] if decoder.place else []
    logits = (score_offered if shortlist else _score_all)(g, network, output)
    num_ids: int | str = "words"
    if network.copies:
        log_probs = pointed(g, network, (logits, output.h, weights_of))
    else:
        log_probs = g.op("LogSoftmax", logits, axis=-1)
        num_ids = num_ids if shortlist else len(network.parameters["generator.bias"])
    rows = ("sentences", "beams")
    width = sum(state_widths(config))
    outputs = [
        Value("log_probs", (*rows, num_ids), made_as=log_probs),
        Value("state", (*rows, width), made_as=g.join(state)),
    ]
    inputs = [
        Value("last_ids", rows, TensorProto.INT64),
        Value("state_in", (*rows, width)),
    ]
    if weights_of:
        outputs.append(Value("weights", (*rows, "src_len"), made_as=weights_of))
        inputs += [_value(name, network) for name in SEEN]
    inputs += [_value(COPIES, network)] if network.copies else []
    inputs += offered(network)[1:] if shortlist else []
    return g.model(inputs, outputs)


def _score_all(g: Graph, network: Network, output: Output) -> str:
    logits = GENERATORS[network.config.generator].scores(g, network, output)
    bias = network.parameters["generator.bias"]
    return g.op("Add", logits, g.weight("generator.bias", bias))


def _last_word(g: Graph, network: Network) -> str | None:
    """Give W_3 y, which a deep output adds."""
    config, name = network.config, "decoder.W_c.weight"
    if not config.deep_output:
        return None
    first = config.memory_size + config.hidden_size
    columns = slice(first, network.parameters[name].shape[1])
    table = embedding(network, "tgt_embedding.weight")
    last_ids = known_ids(g, "last_ids", network, "tgt_embedding.weight")
    return of_words(g, table, last_ids, network.matrix(name, columns), g.constant(0))


def _first_gates(
    g: Graph, network: Network, decoder: Recurrent, extra: list[str]
) -> tuple[str, str | None]:
    """Multiply the first layer's input: the last word, and what else the decoder reads; say where it looks."""
    cell, width = recurrence(network, "decoder.layers.0"), network.config.embedding_size
    last_ids = known_ids(g, "last_ids", network, "tgt_embedding.weight")
    gates = word_gates(g, cell, embedding(network, "tgt_embedding.weight"), last_ids)
    place = None
    if isinstance(decoder, Monotonic):
        extra[-1] = decoder.heed(g, extra[-1])
        place = decoder.within(g, extra[-1])
        gates = g.op("Add", gates, decoder.gates(g, place))
        width += decoder.memory_size
    read = extra[: len(extra) - decoder.place]
    if read:
        bounded = network.bounded_start or not network.config.context_every_step
        more = g.linear(g.join(read), cell.input(width, cell.input_size), bounded=bounded)
        gates = g.op("Add", gates, more)
    return gates, place
