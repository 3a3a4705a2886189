"""What a task is: how its files are read, which tokens and which model suit it, how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dragoman.data.corpus import Corpus, Pair, ReadOptions, read_corpus

Files = Path | tuple[Path, Path]


@dataclass(frozen=True)
class Suggestion:
    """Settings for a corpus.

    Attributes:
        values: Sections of a recipe.
        reasons: A line for each choice.
    """

    values: dict[str, dict[str, Any]]
    reasons: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Task:
    """A row of TASKS.

    Attributes:
        about: What goes in and what comes out, in a line.
        layout: What a line of its files looks like.
        read: From a file, or two parallel ones, to pairs of source and target.
        suggest: Settings for pairs that nobody has tuned for.
        metrics: Rows of METRICS that `evaluate` prints.
        dev_metrics: Rows of METRICS that a validation prints; quick ones.
        flat: Whether `evaluate --json` gives scores as plain numbers.
        source: From what a user gives to be predicted to what the model reads.
    """

    about: str
    layout: str
    read: Callable[[Files, ReadOptions], Corpus]
    suggest: Callable[[Sequence[Pair]], Suggestion]
    metrics: tuple[str, ...]
    dev_metrics: tuple[str, ...]
    flat: bool = True
    source: Callable[[str], str] = str


def spaced(text: str, sep: str | None) -> str:
    """Write tokens with one space between; `sep` is what stands between them now, "" for nothing."""
    if sep is None or sep == " ":
        return " ".join(text.split())
    if sep == "":
        return "".join(text.split())
    return " ".join(part.strip() for part in text.split(sep))


def read_shaped(files: Files, options: ReadOptions, shape: Any) -> Corpus:
    """Read a file of columns, each row as a task wants it."""
    return read_corpus(files, replace(options, shape=shape))


def word_model(num_pairs: int) -> dict[str, dict[str, Any]]:
    """Return settings that suit single words: characters in, few symbols out."""
    hidden = 128 if num_pairs < 1_500 else 256 if num_pairs < 30_000 else 512
    return {
        "model": {
            "embedding_size": 128,
            "hidden_size": hidden,
            "attention": "general",
            "dropout": 0.4 if num_pairs < 20_000 else 0.3 if num_pairs < 60_000 else 0.2,
        },
        "training": {
            "batch_tokens": 400 if num_pairs < 8_000 else 800 if num_pairs < 60_000 else 1500,
            "learning_rate": 0.003,
            "epochs": 60 if num_pairs < 15_000 else 40 if num_pairs < 60_000 else 25,
        },
    }
