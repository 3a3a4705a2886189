"""Beam search: the k best beginnings go on side by side, until none can join the k best of their ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.search.filters import apply_filters
from dragoman.search.greedy import Limits
from dragoman.search.stepper import Floats, Hypothesis, Ids, Stepper, own_search
from dragoman.text.vocabulary import EOS, PAD, SOS


@dataclass(frozen=True)
class BeamOptions:
    """How to rank.

    Attributes:
        beam_size: Hypotheses kept a sentence, and ends kept of those found.
        length_penalty: Exponent of the length by which the sum of log-probabilities is divided.
        coverage_penalty: Weight of ``sum_j log(min(sum_i w_ij, 1))`` (Wu et al. 2016, arXiv:1609.08144,
            eq. 14): source tokens that were never looked at cost; needs attention.
        nbest: How many of the ends are wanted, the best ones; all that were kept, unless said.
    """

    beam_size: int = 5
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    nbest: int | None = None


@dataclass(frozen=True)
class _Beams:
    """The live hypotheses: [sentences, beams], and their past."""

    sentences: Ids
    sums: Floats
    ids: Ids
    log_probs: Floats
    weights: Floats | None

    @classmethod
    def first(cls, batch: int, size: int) -> _Beams:
        """Begin; all beams of a sentence are alike, so only the first may be continued."""
        sentences = np.repeat(np.arange(batch), size)
        sums = np.where(np.arange(batch * size) % size == 0, 0.0, -np.inf).astype(np.float32)
        ids = np.empty((batch * size, 0), dtype=np.int64)
        return cls(sentences, sums, ids, ids.astype(np.float32), None)

    def select(self, rows: Ids) -> _Beams:
        """Keep some rows."""
        weights = None if self.weights is None else self.weights[rows]
        return _Beams(
            self.sentences[rows], self.sums[rows], self.ids[rows], self.log_probs[rows], weights
        )

    def move(self, rows: Ids, last: Ids, gained: Floats, looked: Floats | None) -> _Beams:
        """Go on from `rows`, each by one token."""
        past = self.select(rows)
        weights = None
        if looked is not None:
            steps = [looked[rows][:, None]]
            weights = np.concatenate(
                steps if past.weights is None else [past.weights, *steps], axis=1
            )
        return _Beams(
            past.sentences,
            past.sums + gained,
            np.concatenate([past.ids, last[:, None]], axis=1),
            np.concatenate([past.log_probs, gained[:, None]], axis=1),
            weights,
        )


@dataclass(frozen=True)
class BeamStep:
    """What one step weighed, for whoever watches a search.

    Attributes:
        prefixes: The beginnings that were gone on from: [rows, steps].
        parents: For each sentence its best continuations, best first: the row each goes on from,
            [sentences, 2 * beam_size].
        tokens: The token each goes on with.
        gained: That token's log-probability.
        sums: That of the whole.
    """

    prefixes: Ids
    parents: Ids
    tokens: Ids
    gained: Floats
    sums: Floats


def beam_search(
    stepper: Stepper[Any],
    src: Ids,
    limits: Limits,
    options: BeamOptions,
    watch: Callable[[BeamStep], None] | None = None,
) -> list[list[Hypothesis]]:
    """Find the best outputs of each sentence.

    Each sentence stops by its own hypotheses alone, so its result does not depend on its company.

    Args:
        stepper: The model.
        src: Sources, [batch, src_len], each ended by EOS, then PAD.
        limits: Lengths and filters.
        options: How to rank.
        watch: Called with what each step weighed.

    Returns:
        For each sentence at most `beam_size` hypotheses, or `nbest`, best first.
    """
    own = own_search(stepper, "beam")(src, limits, options) if watch is None else None
    if own is not None:
        return own
    size, batch = options.beam_size, len(src)
    ranking = _Ranking(options, src != PAD, limits.attention)
    found: list[list[Hypothesis]] = [[] for _ in range(batch)]
    state = stepper.select(stepper.start(src), np.repeat(np.arange(batch), size))
    live, last = _Beams.first(batch, size), np.full(batch * size, SOS)
    longest = np.array(limits.max_lengths)
    while len(live.sentences):
        taken = stepper.step(last, state)
        distribution = apply_filters(limits.filters, taken.distribution, live.ids, live.sentences)
        looked = taken.weights if ranking.needs_weights else None
        # A sentence's best 2k continuations hold at least k that do not end.
        best = _best(live.sums, *distribution.top(2 * size), size)
        if watch is not None:
            watch(BeamStep(live.ids, best.parents, best.tokens, best.gained, best.sums))
        for sentence, rank in np.argwhere(best.ends[:, :size] & np.isfinite(best.sums[:, :size])):
            parents, last, gained = best.pick(np.array([sentence]), np.array([rank]))
            ended = live.move(parents, last, gained, looked)
            found[int(ended.sentences[0])].append(ranking.finish(ended, 0))
        going = np.argsort(best.ends, axis=1, kind="stable")[:, :size]
        number = np.repeat(np.arange(len(going)), size)
        parents, last, gained = best.pick(number, going.reshape(-1))
        live = live.move(parents, last, gained, looked)
        cut = (live.ids.shape[1] >= longest[live.sentences]) & np.isfinite(live.sums)
        for row in np.flatnonzero(cut).tolist():
            found[int(live.sentences[row])].append(ranking.finish(live, row))
        rows = np.flatnonzero(
            ranking.may_improve(live, found) & (live.ids.shape[1] < longest[live.sentences])
        )
        live, last = live.select(rows), last[rows]
        state = stepper.select(taken.state, parents[rows])
    wanted = min(size, options.nbest or size)
    return [sorted(ended, key=lambda one: -one.score)[:wanted] for ended in found]


@dataclass(frozen=True)
class _Best:
    """Each sentence's best continuations, best first: [sentences, 2 * beam_size]."""

    parents: Ids
    tokens: Ids
    gained: Floats
    sums: Floats

    @property
    def ends(self) -> NDArray[np.bool_]:
        return self.tokens == EOS

    def pick(self, sentences: Ids, ranks: Ids) -> tuple[Ids, Ids, Floats]:
        return (
            self.parents[sentences, ranks],
            self.tokens[sentences, ranks],
            self.gained[sentences, ranks],
        )


def _best(sums: Floats, log_probs: Floats, tokens: Ids, size: int) -> _Best:
    """Compare the continuations of all beams of a sentence."""
    width = tokens.shape[1]
    totals = (sums[:, None] + log_probs).reshape(-1, size * width)
    order = np.argsort(-totals, axis=1, kind="stable")[:, : 2 * size]
    rows = order // width + np.arange(len(order))[:, None] * size
    return _Best(
        rows,
        tokens[rows, order % width],
        log_probs[rows, order % width],
        np.take_along_axis(totals, order, axis=1),
    )


@dataclass(frozen=True)
class _Ranking:
    """How an ended hypothesis is scored."""

    options: BeamOptions
    src_mask: NDArray[np.bool_]
    attention: bool

    @property
    def needs_weights(self) -> bool:
        return self.attention or self.options.coverage_penalty > 0

    def may_improve(self, live: _Beams, found: list[list[Hypothesis]]) -> NDArray[np.bool_]:
        """Say for each live hypothesis whether its sentence goes on.

        It does while a live hypothesis scores better than the worst of the `beam_size` best ends: a model that is
        sure of itself offers that many improbable ends long before the probable one.
        """
        size, length = self.options.beam_size, live.ids.shape[1]
        hopes = live.sums.reshape(-1, size).max(axis=1) / length**self.options.length_penalty
        ended = [
            sorted((one.score for one in found[sentence]), reverse=True)
            for sentence in live.sentences[::size].tolist()
        ]
        worst = [scores[size - 1] if len(scores) >= size else -np.inf for scores in ended]
        return (hopes > worst).repeat(size)

    def finish(self, beams: _Beams, row: int) -> Hypothesis:
        """Make the hypothesis of a row."""
        said = beams.ids[row].tolist()
        complete = said[-1] == EOS
        score = float(beams.sums[row]) / len(said) ** self.options.length_penalty
        weights = None if beams.weights is None else beams.weights[row]
        if weights is not None and self.options.coverage_penalty > 0:
            covered = np.minimum(weights.sum(axis=0), 1.0)[self.src_mask[beams.sentences[row]]]
            score += self.options.coverage_penalty * float(np.log(np.maximum(covered, 1e-9)).sum())
        return Hypothesis(
            ids=tuple(said[:-1] if complete else said),
            log_probs=tuple(beams.log_probs[row].tolist()),
            score=score,
            complete=complete,
            weights=weights if self.attention else None,
        )
