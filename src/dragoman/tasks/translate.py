"""Translation: sentences of one language into another; settings chosen from the data's size and lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dragoman.data.corpus import Pair, read_corpus
from dragoman.tasks.task import Suggestion, Task
from dragoman.text.normalise import is_korean

_LEAST_STEPS = 1500


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Choose pieces, size and schedule."""
    sample = pairs[:: max(1, len(pairs) // 20_000)]
    src_words = sum(len(pair.src.split()) for pair in sample) / len(sample)
    tgt_words = sum(len(pair.tgt.split()) for pair in sample) / len(sample)
    single = src_words < 1.5 and tgt_words < 1.5
    size = len(pairs)
    text: dict[str, Any] = (
        {"tokenizer": "char", "vocab_size": 2000} if single else {"tokenizer": "bpe"}
    )
    reasons: list[str] = []
    by_size: list[str] = []
    korean = is_korean(text for pair in sample for text in pair)
    # There are too many syllables for a small vocabulary: what it lacks is unknown, while letters make up any of them.
    text["hangul"] = "jamo" if korean else "syllables"
    if single:
        reasons.append(f"tokens: characters, since a side holds {src_words:.1f} words on average")
    else:
        text["vocab_size"] = (
            1000 if size < 5_000 else 2000 if size < 15_000 else 4000 if size < 60_000 else 8000
        )
        alike = _share_of_common_letters(sample)
        text["shared"] = alike > 0.5
        sides = "one vocabulary for both sides" if text["shared"] else "a vocabulary a side"
        letters_of = ", of Hangul's letters" if korean else ""
        reasons.append(f"tokens: BPE pieces{letters_of}, {sides} ({alike:.0%} common letters)")
        by_size.append(f"vocabulary: {text['vocab_size']} pieces for {size:,} pairs")
    hidden = 128 if size < 3_000 else 256 if size < 20_000 else 512
    dropout = 0.4 if size < 20_000 else 0.3 if size < 100_000 else 0.2
    model = {
        "hidden_size": hidden,
        "embedding_size": min(256, hidden),
        "dropout": dropout,
        "generator": "tied",
        "word_memory": not single,
        "context_output": not single,
        "tie_embeddings": bool(text.get("shared", False)),
    }
    by_size.append(
        f"model: LSTM of {hidden} with attention, dropout {dropout}, by the number of pairs"
    )
    batch_tokens = 250 if size < 1_000 else 500 if size < 5_000 else 1000 if size < 60_000 else 2000
    letters = sum(len(pair.tgt) for pair in sample) / len(sample)
    steps_an_epoch = max(1.0, size * (letters if single else 1.4 * tgt_words) / batch_tokens)
    # A small corpus needs many passes before the weights have moved far enough from where they began.
    epochs = max(30 if size < 60_000 else 12, min(200, math.ceil(_LEAST_STEPS / steps_an_epoch)))
    training = {
        "epochs": epochs,
        "learning_rate": 0.003,
        "batch_tokens": batch_tokens,
        "guided_attention": 0.0 if single else 1.0,
        "lexical_start": not single,
    }
    by_size.append(f"training: {epochs} epochs in batches of {batch_tokens} tokens")
    return Suggestion({"text": text, "model": model, "training": training}, reasons, by_size)


def _share_of_common_letters(pairs: Sequence[Pair]) -> float:
    """Say how alike the two sides' alphabets are: letters weighed by how often they occur."""
    src = set("".join(pair.src for pair in pairs))
    text = [letter for pair in pairs[:2000] for letter in pair.tgt if letter.isalpha()]
    return sum(letter in src for letter in text) / max(1, len(text))


TRANSLATE = Task(
    about="sentences of one language -> another's",
    layout="source<TAB>target",
    read=read_corpus,
    suggest=suggest,
    metrics=("bleu", "chrf", "ter", "exact_match"),
    dev_metrics=("chrf", "bleu"),
    flat=False,
    measure="chrf",
)
