"""A training that begins with another model's weights: the same network and vocabulary, other data or another loss."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from dragoman.config import Config
from dragoman.errors import ConfigError
from dragoman.training.folder import Tokenizers, load_config_of, load_model

# What a network of the same weights may still be told otherwise.
_FREE = (
    "dropout",
    "embedding_dropout",
    "output_dropout",
    "word_dropout",
    "tgt_word_dropout",
    "weight_dropout",
)


def as_begun(config: Config, start: Path, settings: list[str]) -> Config:
    """Give a training's settings the task, the tokens and the network of the model that it begins with.

    Args:
        config: What else is asked for; of its network only the dropouts count.
        start: The model's folder.
        settings: What was asked for one by one, ``key=value``.

    Raises:
        ConfigError: One of them asks for another network or other tokens.
        ModelError: There is no such model.
    """
    other = load_config_of(start)
    faults: list[str] = []
    for setting in settings:
        section, _, name = setting.partition("=")[0].strip().partition(".")
        if section not in ("text", "model") or name in _FREE:
            continue
        asked, there = (getattr(getattr(one, section), name) for one in (config, other))
        if asked != there:
            faults.append(
                f"{section}.{name} is {there!r} in {start}, which the training begins with, and stays so; "
                f"leave --set {setting} out."
            )
    if faults:
        raise ConfigError("\n".join(faults))
    own = {name: getattr(config.model, name) for name in _FREE}
    model = other.model.model_copy(update=own)
    return config.model_copy(update={"task": other.task, "text": other.text, "model": model})


def copy_weights(model: nn.Module, start: Path, config: Config, tokenizers: Tokenizers) -> None:
    """Begin with the weights of the model in `start`.

    Raises:
        ModelError: They are missing, damaged, or of another network.
    """
    found = dict(load_model(start, config, tokenizers).named_parameters())
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(found[name])
