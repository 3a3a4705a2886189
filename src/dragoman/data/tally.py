"""The data report of a corpus that goes by in chunks: what `inspect_corpus` says, in bounded memory.

What is unusual is judged by a sample. Lengths are counted in histograms. Repeated pairs are counted among the
sources of one hash class in 2^k (adaptive sampling, Flajolet 1990), where k grows with the corpus: exactly in a small
one, and within about one part in 300 in a large one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import eq

import numpy as np
import xxhash
from numpy.typing import NDArray

from dragoman.data.chunks import Chunk
from dragoman.data.corpus import Corpus, match_key
from dragoman.data.report import (
    DataReport,
    Finding,
    Limits,
    Side,
    Spread,
    find_mojibake,
    find_shift,
    gather,
    measure,
    places,
)

_MOST_HASHES = 1 << 17
_NONE = Finding(0, [])


class Tally:
    """Adds a corpus up.

    Args:
        sample: Pairs by which it is judged what is unusual.
        held_out: "dev" and "test", whose sources should not occur.
    """

    def __init__(self, sample: Corpus, held_out: Mapping[str, Corpus]) -> None:
        sides = [measure([pair[side] for pair in sample.pairs]) for side in (0, 1)]
        self._limits = Limits.of(sides[0], sides[1])
        self._held_out = {
            name: {
                match_key(src): corpus.where(index) for index, (src, _) in enumerate(corpus.pairs)
            }
            for name, corpus in held_out.items()
        }
        self._leaks = {name: dict[str, str]() for name in held_out}
        whats = ("problems", "misaligned", "mojibake", "outliers")
        self._found: dict[str, Finding] = dict.fromkeys(whats, _NONE)
        for corpus in held_out.values():
            self._note("problems", gather(map(str, corpus.problems)))
            self._note("mojibake", gather(find_mojibake(Chunk.of(corpus))))
        self._lengths = [[_Histogram(), _Histogram()] for _ in range(2)]
        self._shift = ""
        self._copies = 0
        self._repeats = _Repeats()
        self.num_pairs = 0

    def add(self, chunk: Chunk) -> None:
        """Count the pairs of a chunk."""
        self._note("problems", gather(map(str, chunk.problems)))
        if not len(chunk):
            return
        src, tgt = measure(chunk.src), measure(chunk.tgt)
        self._note("misaligned", places(chunk, self._limits.misaligned(src, tgt)))
        self._note("outliers", places(chunk, self._limits.outliers(src, tgt)))
        self._note("mojibake", gather(find_mojibake(chunk)))
        self._shift = self._shift or find_shift(chunk, src, tgt)
        for histograms, measured in zip(self._lengths, (src, tgt), strict=True):
            for histogram, lengths in zip(histograms, measured, strict=True):
                histogram.add(lengths)
        self._copies += sum(map(eq, chunk.src, chunk.tgt))
        self._repeats.add(chunk.src, chunk.tgt)
        self.num_pairs += len(chunk)

    def leak(self, chunk: Chunk, keys: Sequence[str]) -> None:
        """Note which held-out sources occur in a chunk, of whose sources these are the match keys."""
        for name, held_out in self._held_out.items():
            if held_out.keys().isdisjoint(keys):
                continue
            for index, key in enumerate(keys):
                if key in held_out:
                    self._leaks[name].setdefault(key, f"{held_out[key]} (= {chunk.where(index)})")

    def report(self, path: str, unknown_rates: tuple[float, float]) -> DataReport:
        """Sum up; at least one pair was added."""
        src, tgt = (
            Side(words.spread(), characters.spread(), rate)
            for (words, characters), rate in zip(self._lengths, unknown_rates, strict=True)
        )
        duplicates, repeated = self._repeats.estimate()
        return DataReport(
            path=path,
            num_pairs=self.num_pairs,
            src=src,
            tgt=tgt,
            num_duplicates=duplicates,
            num_repeated_sources=repeated,
            num_copies=self._copies,
            problems=self._found["problems"],
            misaligned=self._found["misaligned"],
            mojibake=self._found["mojibake"],
            length_outliers=self._found["outliers"],
            shift=self._shift,
            leaks={name: gather(found.values()) for name, found in self._leaks.items()},
        )

    @property
    def one_in(self) -> int:
        """Among one source in how many repeated pairs were counted."""
        return self._repeats.one_in

    def _note(self, what: str, found: Finding) -> None:
        self._found[what] += found


class _Histogram:
    """How often each length occurs."""

    def __init__(self) -> None:
        self.counts = np.zeros(1, np.int64)

    def add(self, lengths: NDArray[np.float64]) -> None:
        # A line of a million characters is one of ten thousand here, as far as percentiles go.
        counts = np.bincount(np.minimum(lengths, 10_000).astype(np.int64))
        size = max(len(counts), len(self.counts))
        self.counts = np.pad(self.counts, (0, size - len(self.counts)))
        self.counts[: len(counts)] += counts

    def spread(self) -> Spread:
        total = int(self.counts.sum())
        reached = np.cumsum(self.counts)
        p50, p95 = (int(np.searchsorted(reached, share * total)) for share in (0.5, 0.95))
        mean = float((self.counts * np.arange(len(self.counts))).sum() / total)
        return Spread(mean, p50, p95, len(self.counts) - 1)


class _Repeats:
    """Counts repeated pairs, and sources with several targets, in bounded memory."""

    def __init__(self) -> None:
        self.one_in = 1
        self._sources = np.zeros(0, np.uint64)
        self._pairs = np.zeros(0, np.uint64)
        self._counts = np.zeros(0, np.int64)
        self._waiting = list[tuple[NDArray[np.uint64], NDArray[np.uint64]]]()
        self._num_waiting = 0

    def add(self, src: Sequence[str], tgt: Sequence[str]) -> None:
        digest = xxhash.xxh3_64_intdigest
        sources = np.fromiter(map(digest, map(str.encode, src)), np.uint64, len(src))
        chosen = np.flatnonzero(self._of_class(sources))
        whole = (f"{src[place]}\t{tgt[place]}".encode() for place in chosen.tolist())
        hashes = np.fromiter(map(digest, whole), np.uint64, len(chosen))
        self._waiting.append((sources[chosen], hashes))
        self._num_waiting += len(chosen)
        if self._num_waiting >= _MOST_HASHES // 4:
            self._merge()

    def _of_class(self, sources: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return (sources & np.uint64(self.one_in - 1)) == 0

    def _merge(self) -> None:
        """Count what waits; when it is does not matter, since a smaller class lies within the larger one."""
        sources, pairs = map(np.concatenate, zip(*self._waiting, strict=True))
        counts = np.concatenate([self._counts, np.ones(len(pairs), np.int64)])
        self._keep(np.append(self._sources, sources), np.append(self._pairs, pairs), counts)
        while len(self._pairs) > _MOST_HASHES:
            self.one_in *= 2
            self._keep(self._sources, self._pairs, self._counts)
        self._waiting.clear()
        self._num_waiting = 0

    def _keep(
        self, sources: NDArray[np.uint64], pairs: NDArray[np.uint64], counts: NDArray[np.int64]
    ) -> None:
        """Add the counts of equal pairs up, of those whose sources are of the class."""
        chosen = self._of_class(sources)
        pairs, counts = pairs[chosen], counts[chosen]
        self._pairs, first, places = np.unique(pairs, return_index=True, return_inverse=True)
        self._sources = sources[chosen][first]
        self._counts = np.bincount(places, counts, len(self._pairs)).astype(np.int64)

    def estimate(self) -> tuple[int, int]:
        """Return how many pairs have stood before, and how many sources have several targets."""
        if self._waiting:
            self._merge()
        _, targets = np.unique(self._sources, return_counts=True)
        duplicates = int(self._counts.sum()) - len(self._pairs)
        return duplicates * self.one_in, int((targets > 1).sum()) * self.one_in
