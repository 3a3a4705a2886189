"""Every table of parts, by name, and the check that a recipe names rows that exist."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from dragoman.config import Config, ModelConfig, nearest
from dragoman.errors import ConfigError
from dragoman.evaluation.metrics import METRICS
from dragoman.evaluation.risk import SENTENCE_SCORES
from dragoman.nn.attention import ATTENTIONS
from dragoman.nn.bridges import BRIDGES
from dragoman.nn.cells import CELLS
from dragoman.nn.decoders import DECODERS
from dragoman.nn.encoders import ENCODERS
from dragoman.nn.generators import GENERATORS
from dragoman.nn.heads import HEADS
from dragoman.nn.readers import READERS
from dragoman.nn.weighing import WEIGHINGS
from dragoman.tasks import TASKS
from dragoman.text.tokenizers import TOKENIZERS
from dragoman.training.optimisers import OPTIMISERS, SCHEDULES

TABLES: dict[str, dict[str, Any]] = {
    "TASKS": TASKS,
    "TOKENIZERS": TOKENIZERS,
    "CELLS": CELLS,
    "ENCODERS": ENCODERS,
    "BRIDGES": BRIDGES,
    "ATTENTIONS": ATTENTIONS,
    "WEIGHINGS": WEIGHINGS,
    "DECODERS": DECODERS,
    "GENERATORS": GENERATORS,
    "HEADS": HEADS,
    "READERS": READERS,
    "OPTIMISERS": OPTIMISERS,
    "SCHEDULES": SCHEDULES,
    "METRICS": METRICS,
    "SENTENCE_SCORES": SENTENCE_SCORES,
}

# Which key of a recipe names a row of which table.
KEYS = {
    "task": "TASKS",
    "text.tokenizer": "TOKENIZERS",
    "text.src_tokenizer": "TOKENIZERS",
    "text.tgt_tokenizer": "TOKENIZERS",
    "model.cell": "CELLS",
    "model.decoder_cell": "CELLS",
    "model.encoder": "ENCODERS",
    "model.bridge": "BRIDGES",
    "model.attention": "ATTENTIONS",
    "model.attention_norm": "WEIGHINGS",
    "model.decoder": "DECODERS",
    "model.generator": "GENERATORS",
    "model.head": "HEADS",
    "model.reader": "READERS",
    "training.optimiser": "OPTIMISERS",
    "training.schedule": "SCHEDULES",
    "training.stop_metric": "METRICS",
    "training.risk_score": "SENTENCE_SCORES",
}


# What such a key may say besides.
_BESIDES = {
    "model.attention": ("none",),
    "model.head": ("decoder",),
    "training.stop_metric": ("loss",),
}


def check_config(config: Config) -> None:
    """Check what no single field can: names of rows, and settings that do not go together.

    Raises:
        ConfigError: Every fault at once.
    """
    faults = [*_check_rows(config), *_check_network(config)]
    if config.model.head in HEADS:
        faults += _check_labels(config)
    faults += _check_training(config)
    if faults:
        raise ConfigError("\n".join(faults))


def _check_rows(config: Config) -> list[str]:
    """Say which names stand in no table."""
    faults: list[str] = []
    for key, table in KEYS.items():
        name = attrgetter(key)(config)
        known = [*TABLES[table], *_BESIDES.get(key, ())]
        if name is not None and name not in known:
            faults.append(
                f"{key} = {name!r}: no such row; {nearest(name, known)} (a --plugin can add rows)"
            )
    return faults


def _check_network(config: Config) -> list[str]:
    """Say which parts of a network do not go together, or not with its vocabularies."""
    faults: list[str] = []
    model = config.model
    if model.bidirectional and model.hidden_size % 2:
        faults.append(
            f"model.hidden_size = {model.hidden_size}: must be even for a bidirectional encoder."
        )
    if model.tie_embeddings and not config.text.shared:
        faults.append(
            "model.tie_embeddings = true needs text.shared = true: one vocabulary for both sides."
        )
    if config.text.shared and config.text.src_tokenizer != config.text.tgt_tokenizer:
        faults.append("text.shared = true: one vocabulary needs one tokenizer for both sides.")
    attention = ATTENTIONS.get(model.attention)
    if attention and attention.has_heads and model.hidden_size % model.attention_heads:
        faults.append(
            f"model.attention_heads = {model.attention_heads}: must divide model.hidden_size = {model.hidden_size}."
        )
    cells = [CELLS[name] for name in (model.cell, model.writes_with) if name in CELLS]
    if (model.transitions > 1 or model.zoneout) and not any(cell.deepens for cell in cells):
        deep = ", ".join(name for name, cell in CELLS.items() if cell.deepens)
        faults.append(
            f"model.transitions and model.zoneout are for cells that read their state through a matrix: {deep}; "
            f"this has {model.cells}."
        )
    if model.input_feeding and model.attention == "none":
        faults.append("model.input_feeding = true needs an attention whose output it can feed.")
    uneven = attention and attention.has_heads and model.embedding_size % model.attention_heads
    if model.word_memory and uneven:
        faults.append(
            f"model.attention_heads = {model.attention_heads}: must divide model.embedding_size = "
            f"{model.embedding_size}, where model.word_memory is true."
        )
    if model.word_memory and model.context_words:
        faults.append("model.word_memory and context_words both widen what is looked at; set one.")
    faults += _check_decoder(model)
    if model.context_words and (config.text.src_tokenizer or config.text.tokenizer) != "char":
        faults.append(
            "model.context_words reads the words beside a source by their letters, and so "
            "needs text.src_tokenizer = 'char'."
        )
    if model.context_words and model.context_size % 2:
        faults.append(f"model.context_size = {model.context_size}: must be even.")
    copies = _copies(config)
    if copies and model.attention == "none" and not _steps_along(config):
        faults.append(
            f"model.generator = {model.generator!r} needs an attention, by which it points at what it copies."
        )
    if copies and model.attention_norm != "softmax":
        faults.append(
            f"model.generator = {model.generator!r} needs model.attention_norm = 'softmax': it could not learn "
            "to copy what it gives no weight to."
        )
    return faults


def _copies(config: Config) -> bool:
    return config.model.generator in GENERATORS and GENERATORS[config.model.generator].copies


def _steps_along(config: Config) -> bool:
    return config.model.decoder in DECODERS and bool(DECODERS[config.model.decoder].actions)


def _check_training(config: Config) -> list[str]:
    """Say which ways of training do not go together, or not with the network."""
    faults: list[str] = []
    model, training = config.model, config.training
    steps_along = _steps_along(config)
    varied = training.bpe_dropout or training.unigram_alpha is not None
    if varied and (model.head in HEADS or steps_along):
        faults.append(
            "training.bpe_dropout and unigram_alpha cut words anew, which labels and decoders that step along "
            "the source are aligned with; set neither."
        )
    if training.risk_samples and steps_along:
        faults.append("training.risk_samples needs a decoder that does not step along the source.")
    if training.risk_samples and (training.r_drop or training.scheduled_sampling):
        faults.append(
            "training.risk_samples takes the place of the loss that r_drop and scheduled_sampling change; set one."
        )
    decoder = DECODERS.get(model.decoder)
    looks = model.attention != "none" and (decoder is None or decoder.attends)
    if training.guided_attention and (not looks or training.risk_samples or model.context_words):
        faults.append(
            "training.guided_attention tells an attention where to look while it learns from cross-entropy: it needs "
            "one, and goes with neither model.context_words nor training.risk_samples."
        )
    if training.lexical_start and not (model.word_memory and model.context_output):
        faults.append(
            "training.lexical_start needs model.word_memory and model.context_output, by which words are named from "
            "where attention looks."
        )
    if training.scheduled_sampling and steps_along:
        faults.append(
            "training.scheduled_sampling replaces words, but the decoder's are tied to places of the source."
        )
    return faults


def _check_decoder(model: ModelConfig) -> list[str]:
    """Say what a decoder lacks."""
    decoder = DECODERS.get(model.decoder)
    if decoder is None or model.head in HEADS:
        return []
    faults: list[str] = []
    for key in ("coverage", "deep_output", "context_output"):
        if getattr(model, key) and (model.attention == "none" or not decoder.attends):
            faults.append(
                f"model.{key} = true needs a decoder with an attention; decoder = {model.decoder!r}, "
                f"attention = {model.attention!r}."
            )
    generator = GENERATORS.get(model.generator)
    if model.context_output and generator and not generator.reads_context:
        able = ", ".join(name for name, one in GENERATORS.items() if one.reads_context)
        faults.append(
            f"model.context_output = true needs a generator that reads it: {able}; generator = {model.generator!r}."
        )
    if decoder.needs_attention and model.attention == "none":
        faults.append(f"model.decoder = {model.decoder!r} needs an attention.")
    if model.decoder_layers < decoder.least_layers:
        faults.append(
            f"model.decoder = {model.decoder!r} needs model.decoder_layers >= {decoder.least_layers}."
        )
    return faults


def _check_labels(config: Config) -> list[str]:
    """Say what keeps a network that labels from doing so."""
    text, model = config.text, config.model
    src, tgt = text.src_tokenizer or text.tokenizer, text.tgt_tokenizer or text.tokenizer
    per_word, words = HEADS[model.head].per_word, model.reader == "words"
    wanted = {
        "text.tgt_tokenizer": (tgt, "spaced" if per_word else "whole"),
        "text.src_tokenizer": (src, "char" if words else "spaced" if per_word else src),
    }
    faults = [
        f"{key} = {name!r}: model.head = {model.head!r} with model.reader = {model.reader!r} needs {right!r}."
        for key, (name, right) in wanted.items()
        if name != right
    ]
    for key in ("word_memory", "context_output"):
        if getattr(model, key):
            faults.append(f"model.{key} is for models that write, not for one that labels.")
    if model.context_words:
        faults.append(
            f"model.context_words is for models that write; model.head = {model.head!r} reads all of a sentence."
        )
    if config.task not in TASKS or not TASKS[config.task].labels:
        faults.append(
            f"model.head = {model.head!r} gives labels, which task = {config.task!r} has none of."
        )
    for key in (
        "r_drop",
        "scheduled_sampling",
        "risk_samples",
        "guided_attention",
        "lexical_start",
    ):
        if getattr(config.training, key):
            faults.append(f"training.{key} needs a model that writes, not one that labels.")
    if per_word and text.final_stop == "drop":
        faults.append("text.final_stop = 'drop' would leave the last label without its word.")
    return faults
