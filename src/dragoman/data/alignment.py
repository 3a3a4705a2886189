"""Alignment: which source token each target token comes from, learned from the pairs alone.

A pair is derived by three operations, left to right: substitute a source token by a target token, insert a target
token, delete a source token. Their probabilities are learned by expectation-maximisation (Ristad & Yianilos 1998,
"Learning string-edit distance"), and each pair's likeliest derivation tells a hard monotonic decoder when to step on
(Aharoni & Goldberg 2017, arXiv:1611.01487, section 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dragoman.data.batches import Example, length_batches, pad, pad_sources
from dragoman.text.vocabulary import INSERT, STEP

Array = NDArray[np.float64]

_ROUNDS = 6
_MOST_PAIRS = 20_000  # to learn from; all are aligned
_SMOOTHING = 0.01
# What stands for "no token" in the table of operations.
_NONE = 0
# Cells of the tables that are filled at once: some hundred megabytes.
_MOST_CELLS = 4_000_000
_SIDES = ("src", "tgt")


@dataclass(frozen=True)
class Aligner:
    """The learned operations: log-probabilities, [source tokens, target tokens]; id 0 stands for none."""

    log_probs: Array

    def align(self, example: Example) -> list[int]:
        """Give each target token's source position: 0-based, never falling."""
        return self.align_all([example])[0]

    def align_all(self, examples: Sequence[Example]) -> list[list[int]]:
        """Align many pairs, as many at once as there is room for."""
        found: list[list[int]] = [[] for _ in examples]
        cells = [(max(len(one.src), len(one.tgt)) + 2) ** 2 for one in examples]
        for numbers in length_batches(cells, _MOST_CELLS):
            chosen = [examples[number] for number in numbers]
            for number, places in zip(numbers, self._align_batch(chosen), strict=True):
                found[number] = places
        return found

    def _align_batch(self, examples: Sequence[Example]) -> list[list[int]]:
        """Find the likeliest derivations: Viterbi's recurrence, over all pairs at once."""
        src, tgt = (pad_sources([getattr(one, side) for one in examples]) for side in _SIDES)
        costs = _Costs(
            self.log_probs[src[:, :, None], tgt[:, None]],
            self.log_probs[src, _NONE],
            self.log_probs[_NONE][tgt],
        )
        (rows, width), height = src.shape, tgt.shape[1]
        best = np.full((width, height, rows), -np.inf)
        best[0, 0] = 0.0
        for i in range(width):
            for j in range(height):
                ways = [best[i, j]]
                ways += [best[i - 1, j - 1] + costs.substitute[:, i - 1, j - 1]] if i and j else []
                ways += [best[i - 1, j] + costs.delete[:, i - 1]] if i else []
                ways += [best[i, j - 1] + costs.insert[:, j - 1]] if j else []
                best[i, j] = np.maximum.reduce(ways)
        return _trace(best, costs, examples)


class _Costs(NamedTuple):
    """The operations' log-probabilities at each place of each pair; the first axis is the pairs."""

    substitute: Array
    delete: Array
    insert: Array


def _trace(best: Array, costs: _Costs, examples: Sequence[Example]) -> list[list[int]]:
    """Walk back along the best derivations; an inserted token belongs to the position reached so far."""
    rows = np.arange(len(examples))
    i, j = (np.array([len(getattr(one, side)) for one in examples]) for side in _SIDES)
    places = np.zeros((len(examples), best.shape[1]), dtype=np.int64)
    while j.any():
        here = best[i, j, rows]
        # Where there is nothing before, what is read is of no use, and not used.
        diagonal = best[i - 1, j - 1, rows] + costs.substitute[rows, i - 1, j - 1]
        above = best[i - 1, j, rows] + costs.delete[rows, i - 1]
        both = (i > 0) & (j > 0)
        substituted = both & np.isclose(here, diagonal)
        deleted = both & ~substituted & np.isclose(here, above)
        said = (j > 0) & ~deleted
        i = i - (substituted | deleted)
        j = j - said
        places[rows[said], j[said]] = np.where(substituted, i, np.maximum(i - 1, 0))[said]
    return [row[: len(one.tgt)].tolist() for row, one in zip(places, examples, strict=True)]


def learn_aligner(examples: Sequence[Example], src_size: int, tgt_size: int) -> Aligner:
    """Learn the operations from pairs.

    Args:
        examples: Pairs of ids.
        src_size: Source tokens.
        tgt_size: Target tokens.
    """
    every = max(1, len(examples) // _MOST_PAIRS)
    chosen = [one for one in examples[::every] if one.src and one.tgt]
    src, tgt = pad([one.src for one in chosen]), pad([one.tgt for one in chosen])
    src_lengths = np.array([len(one.src) for one in chosen])
    tgt_lengths = np.array([len(one.tgt) for one in chosen])
    # At first every substitution is as likely as any other, and likelier than an insertion with a deletion.
    probs = np.full((src_size, tgt_size), 1.0)
    probs[_NONE], probs[:, _NONE] = 0.1, 0.1
    for _ in range(_ROUNDS):
        probs /= probs.sum()
        probs = _expect(probs, (src, tgt), (src_lengths, tgt_lengths)) + _SMOOTHING
    probs[_NONE, _NONE] = 1e-300
    return Aligner(np.log(probs / probs.sum()))


def _expect(
    probs: Array,
    ids: tuple[NDArray[np.int64], NDArray[np.int64]],
    lengths: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Array:
    """Count how often each operation is used, in expectation: forward and backward over all pairs at once."""
    src, tgt = ids
    rows, width, height = len(src), src.shape[1], tgt.shape[1]
    forward = np.zeros((width + 1, height + 1, rows))
    forward[0, 0] = 1.0
    sub = [[probs[src[:, i], tgt[:, j]] for j in range(height)] for i in range(width)]
    delete = [probs[src[:, i], _NONE] for i in range(width)]
    insert = [probs[_NONE, tgt[:, j]] for j in range(height)]
    # Probabilities of long pairs vanish in float64, so each operation is scaled by what one is on average.
    scale = 1.0 / np.median(np.maximum(probs[src[:, 0], tgt[:, 0]], 1e-12))
    for i in range(width + 1):
        for j in range(height + 1):
            if i and j:
                forward[i, j] += forward[i - 1, j - 1] * sub[i - 1][j - 1] * scale
            if i:
                forward[i, j] += forward[i - 1, j] * delete[i - 1]
            if j:
                forward[i, j] += forward[i, j - 1] * insert[j - 1]
    backward = np.zeros_like(forward)
    backward[lengths[0], lengths[1], np.arange(rows)] = 1.0
    for i in reversed(range(width + 1)):
        for j in reversed(range(height + 1)):
            if i < width and j < height:
                backward[i, j] += backward[i + 1, j + 1] * sub[i][j] * scale
            if i < width:
                backward[i, j] += backward[i + 1, j] * delete[i]
            if j < height:
                backward[i, j] += backward[i, j + 1] * insert[j]
    total = np.maximum(backward[0, 0], 1e-300)
    counts = np.zeros_like(probs)
    for i in range(width + 1):
        for j in range(height + 1):
            here = forward[i, j] / total
            if i < width and j < height:
                used = here * sub[i][j] * scale * backward[i + 1, j + 1]
                np.add.at(counts, (src[:, i], tgt[:, j]), used)
            if i < width:
                np.add.at(counts[:, _NONE], src[:, i], here * delete[i] * backward[i + 1, j])
            if j < height:
                np.add.at(counts[_NONE], tgt[:, j], here * insert[j] * backward[i, j + 1])
    return counts


def with_steps(example: Example, places: Sequence[int]) -> Example:
    """Write the target as a hard monotonic decoder does: a step before each token that comes from further on."""
    tgt: list[int] = []
    at = 0
    for token, place in zip(example.tgt, places, strict=True):
        tgt += [STEP] * (place - at)
        tgt.append(token)
        at = max(at, place)
    return replace(example, tgt=tgt)


def with_edits(example: Example, places: Sequence[int]) -> Example:
    """Write the target as the edits that make it of the source: a static oracle for a transducer.

    Each token takes the place of the source token that it comes from. A source token from which none comes is stepped
    over, to the last; INSERT stands before every further token that comes from the same one.
    """
    tgt: list[int] = []
    at = 0
    for token, place in zip(example.tgt, places, strict=True):
        tgt += [STEP] * (place - at)
        tgt += [INSERT] * (place < at)
        tgt.append(token)
        at = place + 1
    return replace(example, tgt=tgt + [STEP] * (len(example.src) - at))
