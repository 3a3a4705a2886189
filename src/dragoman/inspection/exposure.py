"""How often the likeliest token is the right one: fed the right words, and fed its own.

The gap between the two is what is called exposure bias (Ranzato et al. 2016, arXiv:1511.06732): in training the decoder
never sees its own mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dragoman.data.batches import length_batches, pad, pad_sources
from dragoman.search.filters import Forbid
from dragoman.search.greedy import Limits, greedy_search
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from dragoman.translator import Translator

_BATCH_TOKENS = 2000


@dataclass(frozen=True)
class Exposure:
    """Of one pair.

    Attributes:
        total: Tokens of the right answer, EOS among them.
        forced: How many were the likeliest, fed the right ones before it.
        free: How many stood at their place in the greedy output.
    """

    total: int
    forced: int
    free: int


def expose(translator: Translator, pairs: Sequence[tuple[str, str]]) -> list[Exposure]:
    """Run the decoder on each pair twice: fed the right words, and fed its own.

    Args:
        translator: The model.
        pairs: Sources and right answers; none of them empty.
    """
    sources = translator.src_tokenizer.encode_batch([src for src, _ in pairs])
    encoded = translator.tgt_tokenizer.encode_batch([tgt for _, tgt in pairs])
    targets = [[*ids, EOS] for ids in encoded]
    found: list[Exposure | None] = [None] * len(pairs)
    for numbers in length_batches([len(source) for source in sources], _BATCH_TOKENS):
        src = pad_sources([sources[number] for number in numbers])
        right = [targets[number] for number in numbers]
        forced = _forced(translator, src, right)
        free = _free(translator, src, right)
        for row, number in enumerate(numbers):
            found[number] = Exposure(len(right[row]), forced[row], free[row])
    return [one for one in found if one is not None]


def _forced(translator: Translator, src: np.ndarray, right: list[list[int]]) -> list[int]:
    wanted = pad(right)
    stepper = translator.stepper
    state, last = stepper.start(src), np.full(len(right), SOS)
    hits = np.zeros(len(right), dtype=np.int64)
    for ids in wanted.T:
        step = stepper.step(last, state)
        said = step.distribution.top(1)[1][:, 0]
        hits += (said == ids) & (ids != PAD)
        last, state = ids.copy(), step.state
    return hits.tolist()


def _free(translator: Translator, src: np.ndarray, right: list[list[int]]) -> list[int]:
    limits = Limits([len(ids) for ids in right], [Forbid((PAD, UNK, SOS))])
    found = greedy_search(translator.stepper, src, limits)
    return [
        sum(
            one == other
            for one, other in zip([*made.ids, *[EOS] * made.complete], ids, strict=False)
        )
        for made, ids in zip(found, right, strict=True)
    ]
