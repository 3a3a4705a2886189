"""The data report: what a corpus holds, and what is wrong with it, before the first step."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from dragoman.data.chunks import Chunk
from dragoman.data.corpus import Corpus, match_key
from dragoman.errors import DataError

UnknownRate = Callable[[list[str]], float]
Lengths = npt.NDArray[np.float64]
Measured = tuple[Lengths, Lengths]

_NUM_EXAMPLES = 3
# By its code, whether a character is white space; none is beyond these.
_WHITE = np.array([chr(code).isspace() for code in range(0x3002)])
_MAX_UNKNOWN_RATE = 0.05
_MAX_REPEATED_SHARE = 0.01
_LONG_FACTOR = 5  # times the 95th percentile

# What the continuation bytes 0x80-0xbf of UTF-8 become when read as cp1252 or Latin-1.
_CONTINUATION = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
# The first character stands before the choice and is looked back at, since a search for one of a set is quick.
_MOJIBAKE = re.compile(
    "[\ufffd\x80-\x84\x86-\x9fÃÂâÐÑã-í](?:"
    f"(?<=[\ufffd\x80-\x84\x86-\x9f])|(?<=Ã){_CONTINUATION}|(?<=Â)[\xa0-\xbf]|(?<=â)€"
    f"|(?<=[ÐÑ]){_CONTINUATION}[ÐÑ]{_CONTINUATION}"
    f"|(?<=[ã-í]){_CONTINUATION}{{2}}[ã-í]{_CONTINUATION}{{2}})"
)


@dataclass(frozen=True)
class Spread:
    """How a length is distributed."""

    mean: float
    p50: float
    p95: float
    max: int

    @classmethod
    def of(cls, lengths: Lengths) -> "Spread":
        """Summarise lengths; there is at least one."""
        p50, p95 = np.percentile(lengths, [50, 95])
        return cls(float(lengths.mean()), float(p50), float(p95), int(lengths.max()))

    def __str__(self) -> str:
        return (
            f"{self.mean:.1f} (median {self.p50:.0f}, 95% up to {self.p95:.0f}, at most {self.max})"
        )


@dataclass(frozen=True)
class Side:
    """The texts of one side.

    Attributes:
        words: Lengths in words between white space.
        characters: Lengths in characters.
        unknown_rate: Share of unknown tokens, if the caller gave a way to tell; in the dev set if
            there is one.
    """

    words: Spread
    characters: Spread
    unknown_rate: float | None = None


@dataclass(frozen=True)
class Finding:
    """How often something was found, and at most three places, as `path:line`."""

    count: int
    examples: list[str]

    def __add__(self, other: "Finding") -> "Finding":
        examples = [*self.examples, *other.examples][:_NUM_EXAMPLES]
        return Finding(self.count + other.count, examples)

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.examples) else ""
        return f"{', '.join(self.examples)}{more}"


@dataclass(frozen=True)
class DataReport:
    """What stands in the data.

    Attributes:
        path: Of the training corpus.
        num_pairs: In the training corpus, as are all the counts that follow.
        src: The sources' lengths.
        tgt: The targets' lengths.
        num_duplicates: Pairs that have stood before.
        num_repeated_sources: Distinct sources that have more than one distinct target.
        num_copies: Pairs whose source is their target.
        problems: Lines that were skipped, in every corpus.
        misaligned: Pairs whose lengths are far from the usual ratio.
        mojibake: Texts that look decoded with the wrong encoding, in every corpus.
        length_outliers: Pairs with a side over five times its 95th percentile.
        shift: Where two parallel files seem to have slipped by some lines; empty if nowhere.
        leaks: For "dev" and "test": their sources that occur in the training corpus.
    """

    path: str
    num_pairs: int
    src: Side
    tgt: Side
    num_duplicates: int
    num_repeated_sources: int
    num_copies: int
    problems: Finding
    misaligned: Finding
    mojibake: Finding
    length_outliers: Finding
    shift: str
    leaks: dict[str, Finding]

    @property
    def warnings(self) -> list[str]:
        """What should be looked at before training, one sentence each."""
        return list(_warn(self))

    def lines(self) -> list[str]:
        """Describe the data for a person: the numbers, then the warnings."""
        facts = [f"{self.path}: {_count(self.num_pairs, 'pair')}"]
        for name, side in (("source", self.src), ("target", self.tgt)):
            facts.append(f"{name}: words {side.words}; characters {side.characters}")
            if side.unknown_rate is not None:
                facts.append(f"{name}: {side.unknown_rate:.2%} unknown tokens")
        facts.append(
            f"{_count(self.num_duplicates, 'repeated pair')}, "
            f"{_count(self.num_repeated_sources, 'source')} with several targets, "
            f"{_count(self.num_copies, 'pair')} whose target copies the source"
        )
        return facts + [f"warning: {warning}" for warning in self.warnings]

    def to_dict(self) -> dict[str, Any]:
        """Give the report, with its warnings, as JSON can hold it."""
        return {**asdict(self), "warnings": self.warnings}


def inspect_corpus(
    train: Corpus,
    dev: Corpus | None = None,
    test: Corpus | None = None,
    *,
    unknown_rates: tuple[UnknownRate | None, UnknownRate | None] = (None, None),
) -> DataReport:
    """Look a corpus over.

    Args:
        train: The pairs to learn from.
        dev: Held-out pairs to choose the best model by.
        test: Held-out pairs to report scores on.
        unknown_rates: For source and target: from texts to the share of tokens that are unknown.

    Raises:
        DataError: If there is no pair to learn from.
    """
    pairs = train.pairs
    if not pairs:
        raise DataError(f"{train.path} holds no pairs; expected at least one to learn from")
    held_out = {name: corpus for name, corpus in (("dev", dev), ("test", test)) if corpus}
    corpora = [train, *held_out.values()]
    measured = (dev or train).pairs
    src_lengths = measure([src for src, _ in pairs])
    tgt_lengths = measure([tgt for _, tgt in pairs])
    limits = Limits.of(src_lengths, tgt_lengths)
    distinct = set(pairs)
    targets_of = Counter(src for src, _ in distinct)
    return DataReport(
        path=train.path,
        num_pairs=len(pairs),
        src=_describe(src_lengths, unknown_rates[0], [src for src, _ in measured]),
        tgt=_describe(tgt_lengths, unknown_rates[1], [tgt for _, tgt in measured]),
        num_duplicates=len(pairs) - len(distinct),
        num_repeated_sources=sum(1 for count in targets_of.values() if count > 1),
        num_copies=sum(1 for src, tgt in pairs if src == tgt),
        problems=gather(f"{problem}" for corpus in corpora for problem in corpus.problems),
        misaligned=places(train, limits.misaligned(src_lengths, tgt_lengths)),
        mojibake=gather(place for corpus in corpora for place in find_mojibake(Chunk.of(corpus))),
        length_outliers=places(train, limits.outliers(src_lengths, tgt_lengths)),
        shift=find_shift(train, src_lengths, tgt_lengths),
        leaks=_find_leaks(train, held_out),
    )


def measure(texts: Sequence[str]) -> tuple[Lengths, Lengths]:
    """Measure texts in words and in characters."""
    characters = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    space = _WHITE[np.minimum(codes, len(_WHITE) - 1)]
    ends = np.cumsum(characters)
    # A word begins where there is no white space, but there was, or a text has begun.
    begins = np.append(True, space[:-1])[: len(codes)]
    begins[(ends - characters)[characters > 0]] = True
    reached = np.append(0, np.cumsum(begins & ~space))
    words = reached[ends] - reached[ends - characters]
    return words.astype(np.float64), characters.astype(np.float64)


def _describe(
    lengths: tuple[Lengths, Lengths], unknown_rate: UnknownRate | None, texts: list[str]
) -> Side:
    words, characters = lengths
    rate = unknown_rate(texts) if unknown_rate else None
    return Side(Spread.of(words), Spread.of(characters), rate)


def gather(found: Iterable[str]) -> Finding:
    """Count places, and keep the first."""
    found = iter(found)
    examples = list(islice(found, _NUM_EXAMPLES))
    return Finding(len(examples) + sum(1 for _ in found), examples)


def places(corpus: Corpus | Chunk, found: npt.NDArray[np.bool_]) -> Finding:
    """Say where the pairs stand of which something holds."""
    return gather(corpus.where(int(index)) for index in np.flatnonzero(found))


@dataclass(frozen=True)
class Limits:
    """Beyond what a pair is unlike the others; learned from all of them, or from a sample.

    Attributes:
        ratio: The usual log ratio of the sides' characters.
        deviation: How far from it is too far.
        src: Characters beyond which a source is too long.
        tgt: Characters beyond which a target is too long.
    """

    ratio: float
    deviation: float
    src: float
    tgt: float

    @classmethod
    def of(cls, src: Measured, tgt: Measured) -> "Limits":
        """Learn what is usual.

        Too far is over 5 robust deviations from the median. The deviation is 1.4826 MAD (Rousseeuw & Croux 1993), and
        at least 0.2, so that only a ratio `e` times the usual one counts where pairs are all alike.
        """
        ratios = _log_ratios(src, tgt)
        ratio = float(np.median(ratios))
        deviation = 5 * max(0.2, 1.4826 * float(np.median(np.abs(ratios - ratio))))
        longest = (_LONG_FACTOR * float(np.percentile(side[1], 95)) for side in (src, tgt))
        return cls(ratio, deviation, *longest)

    def misaligned(self, src: Measured, tgt: Measured) -> npt.NDArray[np.bool_]:
        """Find the pairs whose sides do not fit by their lengths."""
        return np.abs(_log_ratios(src, tgt) - self.ratio) > self.deviation

    def outliers(self, src: Measured, tgt: Measured) -> npt.NDArray[np.bool_]:
        """Find the pairs with a side that is far too long."""
        return (src[1] > self.src) | (tgt[1] > self.tgt)


def _log_ratios(src: Measured, tgt: Measured) -> Lengths:
    """Compare the sides' characters; +5 keeps short texts quiet."""
    return np.log((tgt[1] + 5) / (src[1] + 5))


def find_mojibake(chunk: Chunk) -> Iterator[str]:
    """Find texts that look decoded with the wrong encoding."""
    # No line feed is part of what is looked for: mostly it is enough to look once, at all that is not ASCII.
    foreign = (text for text in chain(chunk.src, chunk.tgt) if not text.isascii())
    if not _MOJIBAKE.search("\n".join(foreign)):
        return
    for index, texts in enumerate(zip(chunk.src, chunk.tgt, strict=True)):
        if any(not text.isascii() and _MOJIBAKE.search(text) for text in texts):
            yield chunk.where(index)


def find_shift(
    corpus: Corpus | Chunk,
    src: tuple[Lengths, Lengths],
    tgt: tuple[Lengths, Lengths],
    *,
    block_size: int = 500,
) -> str:
    """Find where lengths agree with those some lines away, and not with their own.

    Translations of long sentences are long, so that the lengths of aligned files correlate; in a
    block where they do so only at a lag, one file has lost or gained that many lines.
    """
    one, other = np.log1p(src[1]), np.log1p(tgt[1])
    for start in range(3, len(one) - block_size - 2, block_size):
        block = one[start : start + block_size]
        if _correlate(block, other[start : start + block_size]) >= 0.2:
            continue
        correlations = {
            lag: _correlate(block, other[start + lag : start + lag + block_size])
            for lag in range(-3, 4)
        }
        lag = max(correlations, key=lambda lag: correlations[lag])
        if correlations[lag] > 0.5:
            return f"{corpus.where(start)}, by {abs(lag)} {'line' if abs(lag) == 1 else 'lines'}"
    return ""


def _correlate(one: Lengths, other: Lengths) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean()) / spread if spread else 0.0


def _find_leaks(train: Corpus, held_out: dict[str, Corpus]) -> dict[str, Finding]:
    if not held_out:
        return {}
    seen: dict[str, int] = {}
    for index, (src, _) in enumerate(train.pairs):
        seen.setdefault(match_key(src), index)
    return {
        name: gather(
            f"{corpus.where(index)} (= {train.where(seen[key])})"
            for index, (src, _) in enumerate(corpus.pairs)
            if (key := match_key(src)) in seen
        )
        for name, corpus in held_out.items()
    }


def _warn(report: DataReport) -> Iterator[str]:
    for name, leak in report.leaks.items():
        if leak.count:
            yield (
                f"{leak.count:,} of the {name} set's sources also stand in training, so that its "
                f"scores flatter: {leak}"
            )
    if report.shift:
        yield f"the two sides seem to be shifted against each other from about {report.shift}"
    findings = (
        (report.problems, "line", "skipped"),
        (report.mojibake, "pair", "with characters of a wrong encoding"),
        (report.misaligned, "pair", "perhaps misaligned, by the ratio of their lengths"),
        (report.length_outliers, "pair", "far longer than the others"),
    )
    for finding, noun, what in findings:
        if finding.count:
            yield f"{_count(finding.count, noun)} {what}: {finding}"
    if report.num_duplicates > _MAX_REPEATED_SHARE * report.num_pairs:
        share = report.num_duplicates / report.num_pairs
        yield f"{_count(report.num_duplicates, 'repeated pair')} ({share:.0%} of all)"
    for name, side in (("source", report.src), ("target", report.tgt)):
        if (side.unknown_rate or 0) > _MAX_UNKNOWN_RATE:
            yield (
                f"{side.unknown_rate:.1%} of the {name} tokens are unknown to the vocabulary; "
                "enlarge it, or use subwords or characters"
            )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
