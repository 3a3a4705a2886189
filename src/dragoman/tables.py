"""Every table of parts, by name, and the check that a recipe names rows that exist."""

from __future__ import annotations

from typing import Any

from dragoman.config import Config, nearest
from dragoman.errors import ConfigError
from dragoman.evaluation.metrics import METRICS
from dragoman.nn.attention import ATTENTIONS
from dragoman.nn.bridges import BRIDGES
from dragoman.nn.cells import CELLS
from dragoman.nn.decoders import DECODERS
from dragoman.nn.encoders import ENCODERS
from dragoman.nn.generators import GENERATORS
from dragoman.text.tokenizers import TOKENIZERS
from dragoman.training.optimisers import OPTIMISERS, SCHEDULES

TABLES: dict[str, dict[str, Any]] = {
    "TOKENIZERS": TOKENIZERS,
    "CELLS": CELLS,
    "ENCODERS": ENCODERS,
    "BRIDGES": BRIDGES,
    "ATTENTIONS": ATTENTIONS,
    "DECODERS": DECODERS,
    "GENERATORS": GENERATORS,
    "OPTIMISERS": OPTIMISERS,
    "SCHEDULES": SCHEDULES,
    "METRICS": METRICS,
}

# Which key of a recipe names a row of which table.
KEYS = {
    "text.tokenizer": "TOKENIZERS",
    "model.cell": "CELLS",
    "model.encoder": "ENCODERS",
    "model.bridge": "BRIDGES",
    "model.attention": "ATTENTIONS",
    "model.decoder": "DECODERS",
    "model.generator": "GENERATORS",
    "training.optimiser": "OPTIMISERS",
    "training.schedule": "SCHEDULES",
}


def check_config(config: Config) -> None:
    """Check what no single field can: names of rows, and settings that do not go together.

    Raises:
        ConfigError: Every fault at once.
    """
    faults: list[str] = []
    for key, table in KEYS.items():
        section, field = key.split(".")
        name = getattr(getattr(config, section), field)
        known = [*TABLES[table], *(["none"] if table == "ATTENTIONS" else [])]
        if name not in known:
            faults.append(
                f"{key} = {name!r}: no such row; {nearest(name, known)} (a --plugin can add rows)"
            )
    model = config.model
    if model.bidirectional and model.hidden_size % 2:
        faults.append(
            f"model.hidden_size = {model.hidden_size}: must be even for a bidirectional encoder."
        )
    if model.tie_embeddings and not config.text.shared:
        faults.append(
            "model.tie_embeddings = true needs text.shared = true: one vocabulary for both sides."
        )
    if model.attention == "multihead" and model.hidden_size % model.attention_heads:
        faults.append(
            f"model.attention_heads = {model.attention_heads}: must divide model.hidden_size = {model.hidden_size}."
        )
    if model.input_feeding and model.attention == "none":
        faults.append("model.input_feeding = true needs an attention whose output it can feed.")
    if faults:
        raise ConfigError("\n".join(faults))
