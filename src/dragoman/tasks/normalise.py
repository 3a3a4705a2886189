"""Normalisation: old spelling, typing errors, dates and numbers -> their standard form.

The words of a running text are read with their neighbours (docs/decisions/0025-words-in-their-text.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.data.corpus import Corpus, Pair, ReadOptions
from dragoman.data.formats import Row
from dragoman.tasks.task import Files, Suggestion, Task, edit_model, read_shaped, word_model
from dragoman.text.normalise import is_korean

_NEIGHBOURS = 3
# Fewer words are too few to tell a text from a list by, or to learn from their neighbours.
_LEAST = 2000


def read(files: Files, options: ReadOptions) -> Corpus:
    """Read ``old<TAB>new``, one token a line; a blank line ends a sentence."""

    def shape(row: Row) -> list[Row]:
        return [row] if row.fault or row.src.strip() or row.tgt.strip() else []

    return read_shaped(files, options, shape)


def _is_running(sources: Sequence[str]) -> bool:
    """Say whether sources are words of a running text: most have occurred before, as in no list of words."""
    single = sum(" " not in source for source in sources)
    return len(sources) >= _LEAST and single > len(sources) / 2 > len(set(sources))


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Characters on both sides, of one vocabulary: most of them stay as they are."""
    found = word_model(pairs)
    found["text"] = {"tokenizer": "char", "vocab_size": 2000, "shared": True}
    edits = edit_model(pairs)
    reasons = ["tokens: characters, one vocabulary for both sides", *edits.reasons]
    if _is_running([pair.src for pair in pairs]):
        found["model"]["context_words"] = _NEIGHBOURS
        reasons.append(
            f"neighbours: {_NEIGHBOURS} words to either side are read too, since these are words of a running text; "
            "model.context_words = 0 reads each alone"
        )
    found["model"] |= {"tie_embeddings": True} | edits.values.get("model", {})
    found["training"] |= {"stop_metric": "accuracy"}
    if is_korean(text for pair in pairs for text in pair):
        found["text"]["hangul"] = "jamo"
        reasons.append("Korean syllables are written as jamo, their letters")
    return Suggestion(found, reasons)


NORMALISE = Task(
    about="old or faulty writing -> its standard form",
    layout="old<TAB>new",
    read=read,
    suggest=suggest,
    metrics=("accuracy", "cer"),
    dev_metrics=("accuracy", "cer"),
    each_line=True,
)
