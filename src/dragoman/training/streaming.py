"""Corpora larger than memory: looked at through a sample, turned into ids in one pass, and kept on disk."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from dragoman.config import Config
from dragoman.data.chunks import Chunk, Files, name_of
from dragoman.data.corpus import Corpus, Pair, ReadOptions, match_keys, read_corpus
from dragoman.data.pools import StoredDeck, shares_of
from dragoman.data.report import DataReport
from dragoman.data.store import Store, StoreWriter, find_store
from dragoman.data.streams import Sample, sample_corpus, size_of, stream_corpus
from dragoman.data.tally import Tally
from dragoman.errors import ConfigError, DataError
from dragoman.nn.decoders import DECODERS
from dragoman.nn.generators import GENERATORS
from dragoman.tasks import TASKS
from dragoman.text.apart import Texts, encoding
from dragoman.text.bulk import Rows
from dragoman.training.folder import Tokenizers
from dragoman.workers import num_cores

_STREAMED_FROM = 16 << 20  # bytes
_TOLD_EVERY_S = 0.2
_APART_FROM = 100_000  # pairs; fewer are done before a second process has started

Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Streamed:
    """One corpus, and what was drawn from it."""

    files: Files
    sample: Sample
    weight: float | None = None


@dataclass(frozen=True)
class Stream:
    """What is read while it is turned into ids.

    Attributes:
        corpora: One, or several that are mixed.
        options: How they are read.
        temperature: How several share the training, where they have no weights.
    """

    corpora: list[Streamed]
    options: ReadOptions
    temperature: float = 1.0

    @property
    def sample(self) -> Corpus:
        """The pairs drawn from all the corpora."""
        samples = [one.sample.corpus for one in self.corpora]
        if len(samples) == 1:
            return samples[0]
        return Corpus(
            [pair for sample in samples for pair in sample.pairs],
            [line for sample in samples for line in sample.lines],
            " + ".join(sample.path for sample in samples),
            [problem for sample in samples for problem in sample.problems],
        )

    @property
    def num_pairs(self) -> int:
        """How many pairs there are, about."""
        return sum(one.sample.num_pairs for one in self.corpora)

    @property
    def path(self) -> str:
        """The corpora by name."""
        return " + ".join(name_of(one.files) for one in self.corpora)


@dataclass(frozen=True)
class Place:
    """Where a store is made, and who is told how far it is."""

    path: Path
    tell: Tell


@dataclass(frozen=True)
class Filled:
    """A store, and what was found out while it was made."""

    deck: StoredDeck
    sha256: str
    report: list[str]


def open_stream(config: Config, base: Path, options: ReadOptions) -> Stream | None:
    """Look at the corpora that are to be streamed; None where the recipe's fits into memory.

    Raises:
        ConfigError: What is to be streamed, or mixed, cannot be.
        DataError: A file is missing, wrongly encoded or empty.
    """
    data = config.data
    if data.mix and (data.train is not None or data.stream == "never"):
        raise ConfigError("data.mix takes the place of data.train, and is always streamed.")
    named = [(one.train, one.weight) for one in data.mix] or [(data.train, None)]
    files = [_files(name, base) for name, _ in named if name is not None]
    large = sum(map(size_of, files)) > _STREAMED_FROM
    why_not = _why_not(config)
    if why_not and (data.stream == "always" or data.mix):
        raise ConfigError(f"{why_not}, which cannot be streamed; read it into memory instead.")
    if data.stream == "never" or why_not or not (large or data.stream == "always" or data.mix):
        return None
    weights = [weight for _, weight in named]
    if len({weight is None for weight in weights}) > 1:
        raise ConfigError("data.mix: give every corpus a weight, or none.")
    corpora = [
        Streamed(one, sample_corpus(one, options), weight)
        for one, weight in zip(files, weights, strict=True)
    ]
    return Stream(corpora, options, data.temperature)


class StoreMaker:
    """Turns a stream into a store, in one pass.

    Args:
        config: The recipe.
        stream: The pairs.
        apart: Held-out pairs whose sources and targets must not occur in training; None where dev is a file.
        held_out: "dev" and "test".
        tokenizers: Of both sides.
    """

    def __init__(
        self,
        config: Config,
        stream: Stream,
        apart: Corpus | None,
        held_out: dict[str, Corpus],
        tokenizers: Tokenizers,
    ) -> None:
        self.config, self.stream, self.tokenizers = config, stream, tokenizers
        self.apart, self.held_out = apart, held_out
        pairs = apart.pairs if apart else []
        self._apart = (
            frozenset(match_keys([pair.src for pair in pairs])),
            frozenset(match_keys([pair.tgt for pair in pairs])),
        )
        self._tally = Tally(stream.sample, held_out)
        self._digest = hashlib.sha256()
        self._num_apart = self._num_cut = self._num_left_out = 0

    def make(self, place: Place, unknown_rates: tuple[float, float]) -> Filled:
        """Make the store, or find the one that was made of the same.

        Raises:
            DataError: The text cannot be used, the disk is full, or the store that is there is damaged.
        """
        made_of = self._made_of()
        store = find_store(place.path, made_of)
        if store is None:
            self._fill(place, made_of, unknown_rates)
            store = Store(place.path)
        facts = store.note.facts
        return Filled(StoredDeck(store, self._shares(store)), facts["sha256"], facts["report"])

    def _fill(
        self, place: Place, made_of: dict[str, Any], unknown_rates: tuple[float, float]
    ) -> None:
        watch = _Watch(place, self.stream.num_pairs)
        largest = max(self.tokenizers.src.vocab_size, self.tokenizers.tgt.vocab_size)
        both = self.tokenizers.src, self.tokenizers.tgt
        cores = self.config.training.threads or num_cores()
        apart = cores > 1 and self.stream.num_pairs >= _APART_FROM
        with StoreWriter(place.path, largest) as writer, encoding(both, apart=apart) as encode:
            for one in self.stream.corpora:
                for src, tgt in encode(self._texts(one.files, watch)):
                    self._add(writer, src, tgt)
                writer.end_part(name_of(one.files))
            if not writer.num_pairs:
                most = self.config.data.max_length
                raise DataError(
                    f"{self.stream.path}: no pair is left; data.max_length = {most} tokens leaves all out."
                )
            report = self._tally.report(self.stream.path, unknown_rates)
            facts = {"sha256": self._digest.hexdigest(), "report": self._lines(report)}
            writer.finish(made_of, facts)
        watch.end()

    def _texts(self, files: Files, watch: _Watch) -> Iterator[Texts]:
        """Read a corpus, check and count it, and yield what is left of each chunk."""
        for chunk in stream_corpus(files, self.stream.options):
            kept = self._without_held_out(chunk)
            self._tally.add(kept)
            if len(kept):
                lines = map("\t".join, zip(kept.src, kept.tgt, strict=True))
                self._digest.update(("\n".join(lines) + "\n").encode())
                yield kept.src, kept.tgt
            watch.count(len(chunk) + len(chunk.problems))

    def _add(self, writer: StoreWriter, src: Rows, tgt: Rows) -> None:
        """Cut what is too long, leave out what cannot be used, and write the rest."""
        longest, most = self.config.data.max_src_length, self.config.data.max_length
        if longest is not None:
            self._num_cut += int((src.lengths > longest).sum())
            src = src.cut(longest)
        shorter, longer = np.minimum(src.lengths, tgt.lengths), np.maximum(src.lengths, tgt.lengths)
        usable = np.flatnonzero((shorter > 0) & (longer <= most))
        self._num_left_out += len(src) - len(usable)
        if len(usable) < len(src):
            src, tgt = src.take(usable), tgt.take(usable)
        writer.add(src, tgt)

    def _without_held_out(self, chunk: Chunk) -> Chunk:
        """Leave out what shares a source or a target with what was held out; note what leaks otherwise."""
        keys = match_keys(chunk.src)
        sources, targets = self._apart
        if sources:
            answers = match_keys(chunk.tgt)
            if not (sources.isdisjoint(keys) and targets.isdisjoint(answers)):
                own = [
                    key not in sources and answer not in targets
                    for key, answer in zip(keys, answers, strict=True)
                ]
                self._num_apart += len(own) - sum(own)
                keys, chunk = list(compress(keys, own)), chunk.choose(own)
        self._tally.leak(chunk, keys)
        return chunk

    def _lines(self, report: DataReport) -> list[str]:
        """Say what was found, as a person reads it."""
        lines, data = report.lines(), self.config.data
        most, longest = data.max_length, data.max_src_length
        if self._tally.one_in > 1:
            lines.append(
                f"repeated pairs and sources were counted among one source in {self._tally.one_in}, and multiplied."
            )
        drawn = len(self.stream.sample.pairs)
        if drawn < report.num_pairs:
            lines.append(
                f"streamed from disk; tokenizers and limits were learned from {drawn:,} pairs drawn from all over."
            )
        apart = self._num_apart - len(self.apart.pairs if self.apart else ())
        if apart > 0:
            lines.append(
                f"{apart:,} pairs left out: they share a source or a target with the dev set that was held out."
            )
        if self._num_cut:
            lines.append(
                f"{self._num_cut:,} training sources cut at data.max_src_length = {longest} tokens."
            )
        if self._num_left_out:
            lines.append(
                f"{self._num_left_out} pairs left out: empty or over data.max_length = {most} tokens on a side."
            )
        return lines

    def _shares(self, store: Store) -> tuple[float, ...] | None:
        """Say how several corpora share an epoch; None where each pair comes once."""
        weights = [one.weight for one in self.stream.corpora]
        if len(weights) == 1 or (weights[0] is None and self.stream.temperature == 1):
            return None
        sizes = [part.pairs for part in store.parts]
        if not all(sizes):
            empty = next(part.name for part in store.parts if not part.pairs)
            raise DataError(f"{empty}: no pair of it is left to be mixed with the others.")
        return shares_of(sizes, weights, self.stream.temperature)

    def _made_of(self) -> dict[str, Any]:
        """Name all that decides what a store holds."""
        data = self.config.data.model_dump(mode="json", exclude={"mix", "temperature", "stream"})
        sides = (self.tokenizers.src, self.tokenizers.tgt)
        return {
            "files": [_stamp(one.files) for one in self.stream.corpora],
            "data": data,
            "tokenizers": [hashlib.sha256(one.to_json().encode()).hexdigest() for one in sides],
            "held_out": {name: hash_pairs(one.pairs) for name, one in self.held_out.items()},
            "apart": self.apart is not None,
        }


def hash_pairs(pairs: Sequence[Pair]) -> str:
    """Hash pairs as text."""
    digest = hashlib.sha256()
    for src, tgt in pairs:
        digest.update(f"{src}\t{tgt}\n".encode())
    return digest.hexdigest()


def _why_not(config: Config) -> str:
    """Say why a model's pairs must be in memory; "" where they need not."""
    task, model = TASKS[config.task], config.model
    if task.read is not read_corpus or model.labels or task.labels or task.each_line:
        return f"task = {config.task} is not one of plain pairs"
    if model.context_words:
        return "model.context_words reads a line with its neighbours"
    if GENERATORS[model.generator].copies:
        return f"model.generator = {model.generator} copies from the text"
    if DECODERS[model.decoder].actions:
        return f"model.decoder = {model.decoder} aligns all the pairs first"
    return ""


def _files(name: str | list[str], base: Path) -> Files:
    if isinstance(name, str):
        return base / name
    if len(name) != 2:
        raise ConfigError(f"{' '.join(name)}: expected one file, or two parallel ones.")
    return base / name[0], base / name[1]


def _stamp(files: Files) -> list[list[Any]]:
    """Tell files apart as make does: by name, size and time."""
    paths = files if isinstance(files, tuple) else (files,)
    found = [path.stat() for path in paths]
    return [
        [str(path.absolute()), one.st_size, one.st_mtime_ns]
        for path, one in zip(paths, found, strict=True)
    ]


class _Watch:
    """Says how far the preparation is, now and then."""

    def __init__(self, place: Place, total: int) -> None:
        self._tell, self._total = place.tell, total
        self._began = self._told = time.monotonic()
        self._done = 0

    def count(self, pairs: int) -> None:
        """So many more are done."""
        self._done += pairs
        now = time.monotonic()
        if now - self._told > _TOLD_EVERY_S:
            line = _rate(self._done, self._total, now - self._began)
            self._tell(min(1.0, self._done / self._total), line)
            self._told = now

    def end(self) -> None:
        """All are done."""
        self._tell(1.0, _rate(self._done, self._done, time.monotonic() - self._began))


def _rate(done: int, total: int, seconds: float) -> str:
    rate = done / max(seconds, 1e-9)
    left = round(max(0, total - done) / max(rate, 1e-9))
    return f"preparing: {done:,} pairs  {rate:,.0f} pairs/s  {left // 60}:{left % 60:02} left"
