"""The folder of a bundle, written: the graphs, the tokenizers, the settings with checksums, and a card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from dragoman.config import Config
from dragoman.disk import seal, write_together
from dragoman.errors import ExportError
from dragoman.export.cells import CELLS
from dragoman.export.decoders import DECODERS
from dragoman.export.encoders import ENCODERS
from dragoman.export.graph import WEIGHTS, Weights
from dragoman.export.graphs import BRIDGES, encoder_graph, step_graph
from dragoman.export.labelling import HEADS, labeller_graph
from dragoman.export.parts import ATTENTIONS, GENERATORS, Network
from dragoman.export.readers import READERS
from dragoman.export.shortlist import Shortlist
from dragoman.export.surroundings import Rows
from dragoman.export.weighing import WEIGHINGS
from dragoman.nn.labeller import Labeller
from dragoman.nn.model import Seq2Seq
from dragoman.nn.readers import WordReader
from dragoman.runtime.bundle import (
    CARD,
    CONFIG,
    ENCODER,
    FORMAT,
    LABELLER,
    SRC_TOKENIZER,
    STEP,
    TGT_TOKENIZER,
    TOKENIZER,
)
from dragoman.text.tokenizers import Tokenizer

# What can be written as a graph, and by which key of a recipe it is chosen.
_Known = Mapping[str, tuple[str | bool | None, ...]]
_READS: _Known = {"cell": tuple(CELLS), "encoder": tuple(ENCODERS)}
_WRITES: _Known = {
    **_READS,
    "decoder_cell": (None, *CELLS),
    "bridge": tuple(BRIDGES),
    "attention": (*ATTENTIONS, "none"),
    "attention_norm": tuple(WEIGHINGS),
    "decoder": tuple(DECODERS),
    "generator": tuple(GENERATORS),
    "coverage": (False,),
}
_LABELS: _Known = {**_READS, "reader": tuple(READERS), "head": tuple(HEADS)}


@dataclass(frozen=True)
class ExportOptions:
    """How to export.

    Attributes:
        int8: Keep every matrix as 8-bit numbers with one scale an output; a quarter of the size.
        shortlist: Which words a source may be answered with, where not all are to be weighed.
    """

    int8: bool = False
    shortlist: Shortlist | None = None


def write_bundle(
    network: nn.Module,
    config: Config,
    tokenizers: tuple[Tokenizer, Tokenizer],
    out: Path,
    options: ExportOptions | None = None,
) -> None:
    """Write a network and its tokenizers as a bundle.

    Args:
        network: In any mode; nothing of it is changed.
        config: Its recipe.
        tokenizers: The source's and the target's.
        out: The folder to make, or a bundle to replace.
        options: How.

    Raises:
        ExportError: The network has a part that no graph is known for (all are listed), or `out` is something else.
    """
    options = options or ExportOptions()
    if not isinstance(network, Seq2Seq | Labeller):
        raise ExportError(f"a {type(network).__name__} has no ONNX graph.")
    _check(network, out)
    if options.shortlist is not None and (
        isinstance(network, Labeller) or network.generator.copies
    ):
        raise ExportError(
            "a shortlist is for models that generate every word; this one labels, or copies words as well."
        )
    files = {**_graphs(network, options), **_texts(tokenizers)}
    counted = {
        "num_weights": sum(weight.numel() for weight in network.parameters()),
        "src_vocab_size": tokenizers[0].vocab_size,
        "tgt_vocab_size": tokenizers[1].vocab_size,
    }
    files[CARD] = _card(config, counted, files, options).encode()
    hidden = network.config.hidden_size
    top = (network.config.decoder_layers - 1) * hidden
    bundle = {
        "format": FORMAT,
        "dragoman": version("dragoman"),
        "int8": options.int8,
        "shortlist": options.shortlist is not None,
        **counted,
        "hidden": [top, top + hidden],
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"{error.filename or out}: cannot be made ({error.strerror or error})."
        ) from None
    # The settings last: a bundle without them is none.
    write_together(out, {**files, CONFIG: _settings(config, bundle).encode()}, ExportError)


def _check(network: Seq2Seq | Labeller, out: Path) -> None:
    wanted = _WRITES if isinstance(network, Seq2Seq) else _LABELS
    faults = [
        f"model.{key} = {getattr(network.config, key)!r} has no ONNX graph yet; known: {', '.join(map(str, known))}."
        for key, known in wanted.items()
        if getattr(network.config, key) not in known
    ]
    if out.exists() and not out.is_dir():
        faults.append(f"{out}: is a file; --to names a folder.")
    elif out.is_dir() and any(out.iterdir()) and not (out / CONFIG).is_file():
        faults.append(f"{out}: holds something other than a bundle; --to names a new folder.")
    if faults:
        raise ExportError("\n".join(faults))


def _graphs(network: Seq2Seq | Labeller, options: ExportOptions) -> dict[str, bytes]:
    values = {
        name: np.asarray(weight.detach().float().cpu().numpy())
        for name, weight in network.named_parameters(remove_duplicate=False)
    }
    source, weights = Network(network.config, values), Weights(options.int8)
    if isinstance(network, Labeller):
        space = network.reader.space if isinstance(network.reader, WordReader) else None
        graphs = {LABELLER: labeller_graph(source, weights, space)}
    else:
        if network.generator.copies:
            ids: list[int] = network.tgt_ids.tolist()  # pyright: ignore[reportUnknownMemberType]
            source = replace(source, tgt_ids=ids, num_known_ids=network.num_known_ids)
        short, around = options.shortlist, network.surroundings
        rows = None if around is None else Rows(around.reader.space)
        graphs = {
            ENCODER: encoder_graph(source, weights, short, rows),
            STEP: step_graph(source, weights, shortlist=short is not None),
        }
    written = {name: graph.SerializeToString(deterministic=True) for name, graph in graphs.items()}
    return {**written, WEIGHTS: bytes(weights.content)}


def _texts(tokenizers: tuple[Tokenizer, Tokenizer]) -> dict[str, bytes]:
    src, tgt = (one.to_json().encode() for one in tokenizers)
    return {TOKENIZER: src} if src == tgt else {SRC_TOKENIZER: src, TGT_TOKENIZER: tgt}


def _settings(config: Config, bundle: Mapping[str, Any]) -> str:
    import tomli_w

    recipe = config.model_dump(mode="json", exclude_none=True)
    recipe.get("training", {}).pop("progress", None)
    recipe.get("made", {}).pop("sha256", None)  # Of files that a bundle has not.
    return seal(tomli_w.dumps({**recipe, "bundle": bundle}))


def _card(
    config: Config, counted: Mapping[str, int], files: Mapping[str, bytes], options: ExportOptions
) -> str:
    """Write for people what the bundle is."""
    model = config.model
    size = sum(map(len, files.values())) / 1e6
    lines = [
        f"# {config.description or 'A Dragoman bundle'}",
        "",
        f"- task: {config.task}",
        f"- network: {model.cells} {model.hidden_size}, {model.encoder_layers} + {model.decoder_layers} layers, "
        f"{'bidirectional' if model.bidirectional else 'one direction'}, attention: {model.attention}",
        f"- weights: {counted['num_weights']:,}, {'int8' if options.int8 else 'float32'}, {size:.1f} MB",
        f"- vocabulary: {counted['src_vocab_size']:,} source and {counted['tgt_vocab_size']:,} target tokens",
        f"- made with: dragoman {version('dragoman')}",
    ]
    lines += [f"- measured: {name} = {value}" for name, value in sorted(config.result.items())]
    lines += [
        "",
        'Raw text in, raw text out: `dragoman translate THIS_FOLDER "..."`. The graphs are plain ONNX; what goes in',
        "and what comes out is in docs/bundle.md of Dragoman.",
        "",
    ]
    return "\n".join(lines)
