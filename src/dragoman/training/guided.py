"""Guided attention: where to look is first learned from a lexicon (Chen et al. 2016, arXiv:1607.01628).

Attention learns where to look only once the encoder says which word stands where, and the encoder learns that only
where attention looks. In the first hundreds of steps nothing seems to happen. A lexicon, learned from the same pairs in
seconds (`dragoman.data.lexicon`), knows roughly which source token each target token comes from; in the first part of a
training looking elsewhere costs

    -G sum over i of A_i log a_i        (their cross-entropy loss)

a target token, a the attention, A the lexicon's guess. G falls to 0 in a straight line: what the model then finds out
by itself is better than the guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from dragoman.config import TrainingConfig
from dragoman.data.batches import Batch, Deck, Ids
from dragoman.data.lexicon import Lexicon, learn_lexicon
from dragoman.text.vocabulary import EOS, PAD

Floats = NDArray[np.float32]

_UNTIL = 0.5  # The share of the training after which G is 0.
# Pairs of tokens to learn from, some 40,000 short sentences: a corpus may be larger than memory, and lines be long.
_MOST_LINKS = 8_000_000
_NEAR = 4.0  # How fast the probability falls beside the diagonal (Dyer et al. 2013, eq. 2).
# The probability of coming from no word at all, for which the source's end stands.
_ELSEWHERE = 0.08
_TINY = 1e-9


def prior(src_lengths: Ids, tgt_lengths: Ids, lengths: tuple[int, int]) -> NDArray[np.float64]:
    """Say how likely a target's places come from its source's: [batch, tgt_len, src_len].

    Args:
        src_lengths: Words of the sources, which an end follows.
        tgt_lengths: Words of the targets.
        lengths: Places to speak of in each.
    """
    src, tgt = (
        (np.arange(length) + 0.5) / np.maximum(words[:, None], 1)
        for length, words in zip(lengths, (src_lengths, tgt_lengths), strict=True)
    )
    near = np.exp(-_NEAR * np.abs(tgt[:, :, None] - src[:, None, :])) * (src < 1)[:, None]
    near *= (1 - _ELSEWHERE) / np.maximum(near.sum(2, keepdims=True), _TINY)
    near[np.arange(len(near)), :, src_lengths] = _ELSEWHERE
    return near


class Guide:
    """Tells batches where their targets come from.

    Args:
        lexicon: Gives the lexicon, learned when it is first asked for: a training that goes on may be past that.
        weight: G, at the beginning.
    """

    def __init__(self, lexicon: Callable[[], Lexicon], weight: float) -> None:
        self._lexicon, self._weight = lexicon, weight

    def __call__(self, model: object, batch: Batch, done: float) -> Batch:
        """Give a batch that knows where to look.

        Args:
            model: What learns; it is not asked.
            batch: Pairs.
            done: The share of the training that lies behind.
        """
        del model
        strength = self._weight * (1 - done / _UNTIL)
        return replace(batch, guide=strength * self.look(batch)) if strength > 0 else batch

    def look(self, batch: Batch) -> Floats:
        """Guess where each target token comes from: [batch, tgt_len, src_len]; nothing for padding."""
        src, tgt = batch.src, batch.tgt_out
        words = [(ids != PAD).sum(1) - 1 for ids in (src, tgt)]
        near = prior(words[0], words[1], (src.shape[1], tgt.shape[1]))
        found = near * self._lexicon().look_up(src, tgt)
        total = found.sum(2, keepdims=True)
        # A token that has met none of these comes from near the diagonal.
        found = np.where(total > 0, found / np.maximum(total, _TINY), near)
        ends = tgt == EOS
        found[ends] = src[ends.nonzero()[0]] == EOS
        return (found * (tgt != PAD)[:, :, None]).astype(np.float32)


def learn_from(deck: Deck, tgt_size: int, training: TrainingConfig) -> Lexicon:
    """Learn the lexicon from a corpus, or from the first pairs that it deals."""
    pairs: list[tuple[Sequence[int], Sequence[int]]] = []
    links = 0
    for examples in deck.deal(training.batch_tokens, (training.seed, 0)):
        pairs += [([*one.src, EOS], one.tgt) for one in examples]
        links += sum(len(one.src) * len(one.tgt) for one in examples)
        if links >= _MOST_LINKS:
            break
    return learn_lexicon(pairs, tgt_size, cache(_between))


def guided_loss(
    weights: Float[Tensor, "rows steps src_len"], guide: Float[Tensor, "batch steps src_len"]
) -> Float[Tensor, ""]:
    """Return -sum of A_i log a_i, summed over target tokens.

    Args:
        weights: The attention; of several passes over the batch one below the other, of which the mean is taken.
        guide: A, times G.
    """
    passes = weights.float().unflatten(0, (-1, len(guide)))
    # Attention that gives a place no weight at all has no gradient there.
    return -(guide * passes.clamp_min(_TINY).log().mean(0)).sum()


def _between(src_len: int, tgt_len: int) -> NDArray[np.float64]:
    return prior(np.array([src_len - 1]), np.array([tgt_len]), (src_len, tgt_len))[0].T
