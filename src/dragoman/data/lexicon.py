"""A lexicon: which target tokens each source token is translated by, learned from the pairs alone.

IBM model 1 (Brown et al. 1993): every target token comes from one of its sentence's source tokens, and
t(target | source) is learned by expectation-maximisation. Where a token stands may count too: it is likelier to come
from near the diagonal (Dyer et al. 2013, "A Simple, Fast, and Effective Reparameterization of IBM Model 2").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dragoman.data.batches import Ids

Array = NDArray[np.float64]
Prior = Callable[[int, int], Array]

_ROUNDS = 4


@dataclass(frozen=True)
class Lexicon:
    """What was learned.

    Attributes:
        tgt_size: Target tokens.
        links: Tokens that ever stand in one pair of sentences, as ``source * tgt_size + target``, ascending.
        probabilities: t(target | source) of each.
        counts: How often each source and each target token was met.
    """

    tgt_size: int
    links: Ids
    probabilities: Array
    counts: tuple[Ids, Ids]

    def look_up(self, src: Ids, tgt: Ids) -> Array:
        """Give t of each target token from each source token; 0 where they never met.

        Args:
            src: [batch, src_len].
            tgt: [batch, tgt_len].

        Returns:
            [batch, tgt_len, src_len].
        """
        wanted = src[:, None, :] * self.tgt_size + tgt[:, :, None]
        if not len(self.links):
            return np.zeros(wanted.shape)
        place = np.minimum(np.searchsorted(self.links, wanted), len(self.links) - 1)
        return np.where(self.links[place] == wanted, self.probabilities[place], 0.0)


def learn_lexicon(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]], tgt_size: int, prior: Prior | None = None
) -> Lexicon:
    """Learn t(target | source).

    Args:
        pairs: Source ids and target ids.
        tgt_size: Of the target's vocabulary.
        prior: How likely a target token is to come from each place, [src_len, tgt_len], given the two lengths; alike
            unless said.
    """
    met: list[Ids] = []
    words: list[Ids] = []  # which target word of the corpus a link belongs to
    near: list[Array] = []
    num_words = 0
    for src, tgt in pairs:
        sources, targets = np.asarray(src, np.int64), np.asarray(tgt, np.int64)
        met.append((sources[:, None] * tgt_size + targets).reshape(-1))
        words.append(np.tile(np.arange(len(targets)) + num_words, len(sources)))
        if prior is not None:
            near.append(prior(len(sources), len(targets)).reshape(-1))
        num_words += len(targets)
    nothing = np.empty(0, np.int64)
    links, link = np.unique(np.concatenate([nothing, *met]), return_inverse=True)
    word = np.concatenate([nothing, *words])
    weight = np.concatenate(near) if near else 1.0
    source = links // tgt_size
    probabilities = np.ones(len(links))
    for _ in range(_ROUNDS):
        share = probabilities[link] * weight
        share /= np.bincount(word, share, num_words)[word]
        expected = np.bincount(link, share, len(links))
        probabilities = expected / np.bincount(source, expected)[source]
    sides = [np.concatenate([nothing, *(pair[side] for pair in pairs)]) for side in (0, 1)]
    counts = np.bincount(sides[0]), np.bincount(sides[1], minlength=tgt_size)
    return Lexicon(tgt_size, links, probabilities, counts)
