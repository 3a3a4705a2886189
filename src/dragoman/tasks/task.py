"""What a task is: how its files are read, which tokens and which model suit it, how it is scored."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.data.corpus import Corpus, Pair, ReadOptions, read_corpus

if TYPE_CHECKING:
    from dragoman.evaluation.report import Baseline, Rates

_LEAST_STEPS = 600
_TAG = re.compile("<[^<>]+>")
# From here on, a target is its source with edits.
_ALIKE = 0.6

Files = Path | tuple[Path, Path]


@dataclass(frozen=True)
class Suggestion:
    """Settings for a corpus.

    Attributes:
        values: Sections of a recipe.
        reasons: A line for each choice.
        by_size: Such lines about what is chosen by the number of pairs, unless there is a time to fit into.
    """

    values: dict[str, dict[str, Any]]
    reasons: list[str] = field(default_factory=list[str])
    by_size: list[str] = field(default_factory=list[str])


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
        labels: Whether a target is a label, or one a word: shared by many sources, and each line has its own.
        each_line: Whether every pair counts by itself, however often its source occurs: words of a running text.
        fault: What is wrong with a pair; "" if nothing.
        confusion: Whether `evaluate` counts which target was taken for which.
        rates: What else is measured: from sources, outputs and references to it by name.
        baselines: What scores are compared with: from sources and references to outputs, by name.
        measure: What the confidence in an output foretells: a row of METRICS. Right or not, unless parts count.
        nbest: Among how many outputs a right one counts too, in a score of its own; 1 for none.
    """

    about: str
    layout: str
    read: Callable[[Files, ReadOptions], Corpus]
    suggest: Callable[[Sequence[Pair]], Suggestion]
    metrics: tuple[str, ...]
    dev_metrics: tuple[str, ...]
    flat: bool = True
    source: Callable[[str], str] = str
    labels: bool = False
    each_line: bool = False
    fault: Callable[[Pair], str] | None = None
    confusion: bool = False
    rates: Rates | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict[str, Any])
    measure: str = "exact_match"
    nbest: int = 1


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


def word_model(pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Return settings that suit single words: characters in, few symbols out."""
    size = len(pairs)
    dropout = 0.5 if size < 10_000 else 0.4 if size < 30_000 else 0.3 if size < 100_000 else 0.2
    batch_tokens = 500 if size < 1_000 else 1000 if size < 60_000 else 2000
    symbols = sum(len(pair.tgt) for pair in pairs[:2000]) / max(1, len(pairs[:2000])) + 1
    epochs = 30 if size < 30_000 else 20 if size < 100_000 else 12
    # A small corpus needs many passes before the weights have moved far enough from where they began.
    passes = math.ceil(_LEAST_STEPS * batch_tokens / (size * symbols))
    return {
        "model": {
            "embedding_size": 128,
            "hidden_size": 128 if size < 1_000 else 256 if size < 30_000 else 512,
            "attention": "general",
            "dropout": dropout,
        },
        "training": {
            "batch_tokens": batch_tokens,
            "learning_rate": 0.004 if size < 30_000 else 0.003,
            "epochs": max(epochs, min(200, passes)),
        },
    }


def edit_model(pairs: Sequence[Pair], num_looked_at: int = 500) -> Suggestion:
    """Suggest a transducer that copies where targets are their sources with edits; nothing where they are not."""
    sample = pairs[:: max(1, len(pairs) // num_looked_at)]
    shares = [
        SequenceMatcher(None, _TAG.sub("", pair.src), pair.tgt, autojunk=False).ratio()
        for pair in sample
    ]
    if not shares or sum(shares) / len(shares) < _ALIKE:
        return Suggestion({})
    # It begins by copying its source, and learns what to do otherwise.
    model = {"decoder": "transducer", "generator": "pointer", "copy_bias": 2.0}
    reason = "model: a transducer that copies, since targets are mostly their sources with edits"
    return Suggestion({"model": model}, [reason])
