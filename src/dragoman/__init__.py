"""Dragoman: recurrent sequence-to-sequence models to run, to look into and to learn from.

The public names are loaded when they are first used, so that ``import dragoman`` costs nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dragoman.api import TrainOptions, train
    from dragoman.config import Config, load_config
    from dragoman.constraints import Constraints
    from dragoman.errors import DragomanError
    from dragoman.loading import evaluate, load
    from dragoman.model import Model, ensemble
    from dragoman.plugins import load_plugin
    from dragoman.search.sampling import SamplingOptions
    from dragoman.translator import TranslateOptions, Translation

__version__ = "0.1.0"

# Both are read once, when torch is first loaded, and are defaults: what the user has set stays.
# Threads that wait for work spin; on a machine that does anything else besides, that costs more than it saves,
# up to a hundredfold (decision 0006).
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# oneDNN keeps what it compiled for each shape, recurrences with their scratch memory. Batches come in hundreds
# of shapes: its default of 1,024 grows past 2 GiB, and 64 costs no speed.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

_PLACES = {
    "Config": "config",
    "DragomanError": "errors",
    "Model": "model",
    "SamplingOptions": "search.sampling",
    "TrainOptions": "api",
    "Constraints": "constraints",
    "TranslateOptions": "translator",
    "Translation": "translator",
    "ensemble": "model",
    "evaluate": "loading",
    "load": "loading",
    "load_config": "config",
    "load_plugin": "plugins",
    "train": "api",
}

__all__ = [
    "Config",
    "Constraints",
    "DragomanError",
    "Model",
    "SamplingOptions",
    "TrainOptions",
    "TranslateOptions",
    "Translation",
    "ensemble",
    "evaluate",
    "load",
    "load_config",
    "load_plugin",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'dragoman' has no attribute {name!r}")
    return getattr(import_module(f"dragoman.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
