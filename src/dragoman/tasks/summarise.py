"""Summaries: a text -> its headline, which copies names and numbers that no vocabulary holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dragoman.data.corpus import Corpus, Pair, ReadOptions
from dragoman.data.formats import Row
from dragoman.evaluation.rouge import first_sentence, lead, rates
from dragoman.tasks.task import Files, Suggestion, Task, read_shaped

# Tokens a word, roughly.
_PIECES = 1.4
_MOST_TOKENS = 400


def read(files: Files, options: ReadOptions) -> Corpus:
    """Read ``text<TAB>headline[<TAB>more references]``: a pair for each headline.

    Each is a right one, so that training learns from all of them; scoring takes them together again.
    """

    def shape(row: Row) -> list[Row]:
        others = [headline for headline in row.extras if headline.strip()]
        return [row, *(row._replace(tgt=headline) for headline in others if not row.fault)]

    return read_shaped(files, options, shape)


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Pieces of words, one vocabulary for both sides; a pointer; long texts cut.

    Coverage ties every step's attention to the one before, so that the target is no longer one fused recurrence;
    headlines are short, and blocked n-grams keep them from repeating themselves.
    """
    size = len(pairs)
    sample = pairs[:: max(1, size // 20_000)]
    src_words = sorted(len(pair.src.split()) for pair in sample)
    tgt_words = sorted(len(pair.tgt.split()) for pair in sample)
    nearly_all = math.ceil(0.95 * len(sample)) - 1
    most = min(_MOST_TOKENS, math.ceil(_PIECES * src_words[nearly_all]) + 10)
    longest = math.ceil(1.5 * _PIECES * tgt_words[nearly_all]) + 5
    vocab_size = 2000 if size < 5_000 else 8000 if size < 50_000 else 16_000
    hidden = 128 if size < 2_000 else 256 if size < 100_000 else 512
    dropout = 0.4 if size < 20_000 else 0.3 if size < 100_000 else 0.2
    epochs = 40 if size < 5_000 else 20 if size < 50_000 else 10
    values = {
        "data": {"max_src_length": most, "max_length": max(most, 200)},
        "text": {"tokenizer": "bpe", "vocab_size": vocab_size, "shared": True},
        "model": {
            "embedding_size": min(256, hidden),
            "hidden_size": hidden,
            "attention": "general",
            "generator": "pointer",
            "tie_embeddings": True,
            "dropout": dropout,
        },
        "training": {
            # Sources are many times as long as what is to be learned from them.
            "batch_tokens": 2000 if size < 2_000 else 4000,
            "learning_rate": 0.003,
            "epochs": epochs,
            "stop_metric": "rougeL",
        },
        "search": {"max_length_ratio": 0.01, "max_length_extra": longest, "no_repeat": 3},
    }
    reasons = [
        "tokens: BPE pieces, one vocabulary for both sides",
        f"texts are cut after {most} tokens; headlines end after {longest}, and say no three tokens twice",
        "model: a pointer that copies; model.coverage=true trains six times slower",
    ]
    by_size = [
        f"vocabulary: {vocab_size} pieces for {size:,} pairs; model: LSTM of {hidden}, dropout {dropout}"
    ]
    return Suggestion(values, reasons, by_size)


SUMMARISE = Task(
    about="summaries: a text -> its headline",
    layout="text<TAB>headline[<TAB>more references]",
    read=read,
    suggest=suggest,
    metrics=("rouge1", "rouge2", "rougeL"),
    dev_metrics=("rougeL", "rouge1"),
    rates=rates,
    baselines={"lead": lead, "first_sentence": first_sentence},
    measure="chrf",
)
