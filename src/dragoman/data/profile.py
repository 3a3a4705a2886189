"""A corpus at a glance: how much there is, how long, in which letters, and how alike the sides are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from dragoman.data.corpus import Pair
from dragoman.text.normalise import is_korean

_LOOKED_AT, _COMPARED = 20_000, 300


@dataclass(frozen=True)
class Profile:
    """A corpus at a glance.

    Attributes:
        num_pairs: How many pairs there are.
        src_words: Words of a source, on average.
        tgt_words: Words of a target, on average.
        src_letters: Characters of a source, on average.
        tgt_letters: Characters of a target, on average.
        alphabet: Different characters of the targets.
        variety: Different words among a thousand of the targets', as a share: how many forms a language has.
        common_letters: The share of the targets' letters that sources have as well.
        alike: How much of a target its source already is, from 0 to 1.
        korean: Whether a side is written in Hangul.
    """

    num_pairs: int
    src_words: float
    tgt_words: float
    src_letters: float
    tgt_letters: float
    alphabet: int
    variety: float
    common_letters: float
    alike: float
    korean: bool

    def line(self) -> str:
        """Say it in a line."""
        return (
            f"data: {self.num_pairs:,} pairs of {self.src_words:.1f} and {self.tgt_words:.1f} words; "
            f"{self.alphabet} characters, {self.common_letters:.0%} of the letters in common, "
            f"sides {self.alike:.0%} alike; {self.variety:.0%} of a thousand words are different ones"
        )


def look(pairs: Sequence[Pair]) -> Profile:
    """Look at a corpus; at most at 20,000 pairs, from all over it.

    Args:
        pairs: At least one.
    """
    sample = pairs[:: max(1, len(pairs) // _LOOKED_AT)]
    sources, targets = [pair.src for pair in sample], [pair.tgt for pair in sample]
    known = set("".join(sources))
    letters = [letter for text in targets[:2000] for letter in text if letter.isalpha()]
    few = sample[:: max(1, len(sample) // _COMPARED)]
    alike = [SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in few]
    return Profile(
        num_pairs=len(pairs),
        src_words=_mean(len(text.split()) for text in sources),
        tgt_words=_mean(len(text.split()) for text in targets),
        src_letters=_mean(map(len, sources)),
        tgt_letters=_mean(map(len, targets)),
        alphabet=len(set("".join(targets))),
        variety=_variety(targets),
        common_letters=sum(letter in known for letter in letters) / max(1, len(letters)),
        alike=sum(alike) / len(alike),
        korean=is_korean(text for pair in sample for text in pair),
    )


def _mean(values: Iterable[int]) -> float:
    seen = list(values)
    return sum(seen) / max(1, len(seen))


def _variety(texts: Sequence[str], most: int = 1000) -> float:
    """Return types over tokens; of the same number of words of each corpus, since it falls with their number."""
    words = [word for text in texts[:: max(1, len(texts) // most)] for word in text.lower().split()]
    return len(set(words[:most])) / max(1, len(words[:most]))
