"""Grapheme-to-phoneme: how a word is spoken. Spelling in, phones out; a word may have several right answers."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.data.corpus import Corpus, Pair, ReadOptions
from dragoman.data.formats import Row
from dragoman.tasks.task import Files, Suggestion, Task, read_shaped, spaced, word_model
from dragoman.text.normalise import is_korean


def read(files: Files, options: ReadOptions) -> Corpus:
    """Read ``word<TAB>p h o n e s``; a language can stand before a word as a tag, ``<fre>mot``."""

    def shape(row: Row) -> list[Row]:
        src, tgt = row.src, row.tgt
        if options.src_sep:
            src = spaced(src, options.src_sep).replace(" ", "")
        if options.tgt_sep is not None:
            tgt = " ".join(tgt.split() if options.tgt_sep == " " else _cut(tgt, options.tgt_sep))
        return [row._replace(src=src, tgt=tgt)]

    return read_shaped(files, options, shape)


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Characters (jamo where Korean is read) -> phones between spaces, by edits."""
    found = word_model(pairs)
    found["model"]["decoder"] = "transducer"
    found["text"] = {"src_tokenizer": "tagged", "tgt_tokenizer": "spaced", "vocab_size": 4000}
    reasons = [
        "tokens: characters (and <tags>) in, phones between spaces out",
        "model: a transducer, which edits the spelling from left to right; model.decoder = recurrent has attention, "
        "and runs on the kernel, as C and in a browser too",
    ]
    if is_korean(pair.src for pair in pairs):
        found["text"]["hangul"] = "jamo"
        reasons.append("Korean syllables are read as jamo, their letters")
    found["training"]["stop_metric"] = "wer"
    return Suggestion(found, reasons)


def _cut(text: str, sep: str) -> list[str]:
    return list("".join(text.split())) if sep == "" else [one.strip() for one in text.split(sep)]


G2P = Task(
    about="how words are spoken: spelling -> phones",
    layout="word<TAB>p h o n e s",
    read=read,
    suggest=suggest,
    metrics=("wer", "per"),
    dev_metrics=("wer", "per"),
)
