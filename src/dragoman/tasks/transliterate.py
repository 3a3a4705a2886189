"""Transliteration: a name, from one script into another. Korean goes by jamo, the letters of its syllables."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.data.corpus import Corpus, Pair, ReadOptions
from dragoman.data.formats import Row
from dragoman.tasks.task import Files, Suggestion, Task, read_shaped, word_model
from dragoman.text.normalise import is_korean


def read(files: Files, options: ReadOptions) -> Corpus:
    """Read ``name<TAB>c h a r s[<TAB>count]``, the characters spaced or not."""

    def shape(row: Row) -> list[Row]:
        return [
            row._replace(
                src=_unspaced(row.src, options.src_sep), tgt=_unspaced(row.tgt, options.tgt_sep)
            )
        ]

    return read_shaped(files, options, shape)


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Characters on both sides."""
    found = word_model(pairs)
    found["text"] = {"tokenizer": "char", "vocab_size": 4000}
    reasons = ["tokens: characters on both sides"]
    if is_korean(text for pair in pairs for text in pair):
        found["text"]["hangul"] = "jamo"
        reasons.append("Korean syllables are written as jamo, their letters")
    found["training"]["stop_metric"] = "accuracy"
    return Suggestion(found, reasons)


def _unspaced(text: str, sep: str | None) -> str:
    """Take out what stands between the characters; where nothing is said, see whether spaces do."""
    if sep:
        return text.replace(sep, "")
    parts = text.split(" ")
    spaced = sep is None and len(parts) > 1 and all(len(part) <= 1 for part in parts)
    return "".join(parts) if spaced else text


TRANSLITERATE = Task(
    about="names across scripts: letters -> letters",
    layout="name<TAB>c h a r s[<TAB>count]",
    read=read,
    suggest=suggest,
    metrics=("accuracy", "cer"),
    dev_metrics=("accuracy", "cer"),
    nbest=5,
)
