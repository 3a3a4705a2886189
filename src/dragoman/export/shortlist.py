"""A shortlist: for each source token the few target tokens that it is ever translated by.

The softmax then runs over some hundreds of words instead of thousands. Jean et al. 2015 (arXiv:1412.2007, section 3.3)
take the likeliest translations of each source word and the most frequent words; so do Marian and Sockeye. Which
translations are likely is learned from the training pairs by IBM model 1 (Brown et al. 1993).

A batch multiplies the columns of all its sentences' words at once, but each sentence's softmax is over its own words:
what it becomes does not depend on its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from dragoman.data.lexicon import learn_lexicon
from dragoman.export.graph import Graph, Value
from dragoman.export.parts import GENERATORS, Network, Output
from dragoman.runtime.weights import ALWAYS, TABLE
from dragoman.text.vocabulary import EOS, SPECIALS

Ids = NDArray[np.int64]

# What is offered: their ids; where a sentence may say them; their vectors and biases.
OFFER, ALLOWED, COLUMNS, BIAS = "offer", "allowed", "columns", "offer_bias"

_MOST_PAIRS = 200_000  # to learn from


@dataclass(frozen=True)
class ShortlistOptions:
    """How many words are offered.

    Attributes:
        frequent: The most frequent target tokens, which any sentence may use.
        each: Translations of each source token.
    """

    frequent: int = 200
    each: int = 40


@dataclass(frozen=True)
class Shortlist:
    """Which target tokens a source may be answered with.

    Attributes:
        always: For any source, [words].
        table: Besides these, for each source token, [source vocabulary, each]; filled up with EOS.
    """

    always: Ids
    table: Ids

    def of(self, src: Sequence[int]) -> Ids:
        """Give the target tokens that are offered to a source, in the order of their ids."""
        return np.unique(np.concatenate([self.always, self.table[list(src)].reshape(-1)]))


def learn_shortlist(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    sizes: tuple[int, int],
    options: ShortlistOptions | None = None,
) -> Shortlist:
    """Learn from pairs of ids which target tokens go with which source tokens.

    Args:
        pairs: Source ids and target ids; the first 200,000 are enough, and others are not looked at.
        sizes: Of the vocabularies.
        options: How many words are offered.
    """
    options = options or ShortlistOptions()
    src_size, tgt_size = sizes
    pairs = pairs[:_MOST_PAIRS]
    targets = [np.asarray(tgt, dtype=np.int64) for _, tgt in pairs]
    counts = np.bincount(np.concatenate([np.empty(0, np.int64), *targets]), minlength=tgt_size)
    counts[: len(SPECIALS)] = 0
    often = np.argsort(-counts, kind="stable")[: options.frequent]
    always = np.unique(np.append(often[counts[often] > 0], EOS))
    lexicon = learn_lexicon(pairs, tgt_size)
    table = np.full((src_size, options.each), EOS)
    src, tgt = lexicon.links // tgt_size, lexicon.links % tgt_size
    useful = ~np.isin(tgt, always)
    src, tgt, probabilities = src[useful], tgt[useful], lexicon.probabilities[useful]
    order = np.lexsort((tgt, -probabilities, src))
    src, tgt = src[order], tgt[order]
    rank = np.arange(len(src)) - np.searchsorted(src, src)
    kept = rank < options.each
    table[src[kept], rank[kept]] = tgt[kept]
    return Shortlist(always, table)


def offered(network: Network, made: tuple[str, str, str, str] = ("", "", "", "")) -> list[Value]:
    """Describe what goes from the encoder to the steps; the first, the ids, only to the search."""
    vectors = GENERATORS[network.config.generator].words(network).values
    offer_of, allowed, columns, bias = made
    return [
        Value(OFFER, ("words",), TensorProto.INT64, offer_of),
        Value(ALLOWED, ("sentences", 1, "words"), made_as=allowed),
        Value(COLUMNS, (vectors.shape[1], "words"), made_as=columns),
        Value(BIAS, ("words",), made_as=bias),
    ]


def offer(g: Graph, network: Network, shortlist: Shortlist) -> tuple[str, str, str, str]:
    """Write how a batch's words are chosen: those of each of its source tokens, those always, and `more`."""
    bias = network.parameters["generator.bias"]
    each = g.op("Gather", g.weight(TABLE, shortlist.table.astype(np.int32)), "src")
    rows = g.op("Shape", "src", start=0, end=1)
    one = g.constant([1], np.int64)
    flat = g.op("Concat", rows, g.constant([-1], np.int64), axis=0)
    own = g.op("Cast", g.op("Reshape", each, flat), to=TensorProto.INT64)
    always = g.weight(ALWAYS, shortlist.always.astype(np.int32))
    always = g.op("Concat", g.op("Cast", always, to=TensorProto.INT64), "more", axis=0)
    every = g.op("Concat", rows, g.op("Shape", always), axis=0)
    own = g.op("Concat", own, g.op("Expand", always, every), axis=1)
    ids = g.op("Unique", g.op("Reshape", own, g.constant([-1], np.int64)), sorted=1)
    room = g.op("Concat", rows, g.constant([len(bias)], np.int64), axis=0)
    nowhere = g.op("Expand", g.constant(-np.inf), room)
    zeros = g.op("Expand", g.constant(0), g.op("Shape", own))
    allowed = g.op("ScatterElements", nowhere, own, zeros, axis=1)
    allowed = g.op("Unsqueeze", g.op("Gather", allowed, ids, axis=1), one)
    columns = g.columns(GENERATORS[network.config.generator].words(network), ids)
    return ids, allowed, columns, g.op("Gather", g.weight("generator.bias", bias), ids)


def score_offered(g: Graph, network: Network, output: Output) -> str:
    """Score the words that are offered; the others of the batch get -inf."""
    query = GENERATORS[network.config.generator].query(g, network, output)
    scores = g.op("Add", g.op("MatMul", query, COLUMNS), BIAS)
    return g.op("Add", scores, ALLOWED)
