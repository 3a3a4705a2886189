"""Classification: a label for a whole text: its language, topic or mood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dragoman.data.corpus import Corpus, Pair, ReadOptions, read_corpus
from dragoman.tasks.tag import batch_size, labeller_settings
from dragoman.tasks.task import Files, Suggestion, Task


def read(files: Files, options: ReadOptions) -> Corpus:
    """Read ``text<TAB>label``; a label may be several words."""
    return read_corpus(files, options)


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Words by their letters, in both directions, averaged by attention."""
    labels = Counter(pair.tgt for pair in pairs)
    found = labeller_settings(pairs, len(pairs))
    found["text"] |= {"tgt_tokenizer": "whole", "vocab_size": max(8000, len(labels) + 4)}
    found["model"] |= {"head": "pool", "dropout": 0.4}
    found["training"] |= {
        "batch_tokens": batch_size(pairs, 12_000),
        "epochs": 30 if len(pairs) < 5_000 else 8 if len(pairs) < 50_000 else 4,
        "label_smoothing": 0.05,
        "stop_metric": "macro_f1",
    }
    most, count = labels.most_common(1)[0]
    return Suggestion(
        found,
        [
            "tokens: words, each read whole, in pieces and by its letters; attention weighs them",
            f"labels: {len(labels)}; always {most!r} would be right in {count / len(pairs):.1%}",
        ],
    )


CLASSIFY = Task(
    about="a label for a whole text",
    layout="text<TAB>label",
    read=read,
    suggest=suggest,
    metrics=("accuracy", "macro_f1"),
    dev_metrics=("accuracy", "macro_f1"),
    labels=True,
    confusion=True,
)
