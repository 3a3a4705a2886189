"""Hard constraints: what a user knows to be true of every output, whatever the model thinks.

An alphabet (every symbol comes from it), a pattern (the whole output matches a regular expression), and a
lexicon (its answers always win). Alphabets and patterns are held while searching: a token that no matching
output could begin with is never chosen. An input for which the search finds nothing that matches is answered
with the empty text, never with something else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dragoman.data.corpus import Pair
from dragoman.errors import InputError
from dragoman.search.stepper import Distribution, Ids
from dragoman.text.vocabulary import EOS, SPECIALS

Decode = Callable[[Sequence[int]], str]

# Likeliest tokens that are tried before all of them are.
_FIRST_TRIED = 48
_LEADS = range(0x1100, 0x1113)
_VOWELS = range(0x1161, 0x1176)
_TAILS = range(0x11A8, 0x11C3)


@dataclass(frozen=True)
class Constraints:
    """What every output must be.

    Attributes:
        alphabet: The symbols it may consist of: characters, or phones. Empty: any.
        sep: What stands between two symbols: " " between phones; nothing between characters.
        pattern: A regular expression that the whole output matches. Empty: any.
        lexicon: Outputs by source.
    """

    alphabet: Sequence[str] = ()
    sep: str = ""
    pattern: str = ""
    lexicon: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Refuse a pattern that is none.

        Raises:
            InputError: It is not a regular expression.
        """
        if not self.pattern:
            return
        import regex  # Here, since few need it.

        try:
            regex.compile(self.pattern)
        except regex.error as error:
            raise InputError(
                f"pattern {self.pattern!r} is no regular expression: {error}; "
                "a letter or [0-9]+ is one."
            ) from None

    @property
    def restricts(self) -> bool:
        """Whether outputs are restricted, lexicon apart."""
        return bool(self.alphabet or self.pattern)

    def allows(self, text: str) -> bool:
        """Say whether a whole output fulfils alphabet and pattern."""
        return all(one.fullmatch(text) for one in self._patterns)

    def may_begin(self, text: str) -> bool:
        """Say whether an output that is allowed may begin with a text."""
        return all(one.fullmatch(text, partial=True) for one in self._patterns) or any(
            self.may_begin(longer) for longer in _completed(text)
        )

    @cached_property
    def _patterns(self) -> list[Any]:
        import regex

        found = [regex.compile(self.pattern)] if self.pattern else []
        if self.alphabet:
            symbols = sorted(set(self.alphabet), key=lambda one: (-len(one), one))
            one = "|".join(map(regex.escape, symbols))
            found.append(regex.compile(f"(?:{one})(?:{regex.escape(self.sep)}(?:{one}))*"))
        return found


def lexicon_of(pairs: Iterable[Pair]) -> dict[str, str]:
    """Make a lexicon; the first of several answers counts."""
    lexicon: dict[str, str] = {}
    for src, tgt in pairs:
        lexicon.setdefault(src, tgt)
    return lexicon


def read_alphabet(given: str) -> tuple[str, ...]:
    """Read an alphabet: a file of symbols between white space, or symbols: "abc", or "a tʃ ŋ" with spaces between."""
    path = Path(given)
    if len(given) < 256 and path.is_file():
        return tuple(path.read_text(encoding="utf-8").split())
    if " " in given:
        return tuple(given.split())
    import regex

    return tuple(regex.findall(r"\X", given))


class Constrain:
    """The filter that holds constraints while searching.

    Args:
        constraints: What must be.
        decode: From ids to text.
        silent: The ids that say nothing.
    """

    def __init__(
        self, constraints: Constraints, decode: Decode, silent: range = range(len(SPECIALS))
    ) -> None:
        self.constraints, self.decode, self.silent = constraints, decode, silent
        self._known: dict[str, bool] = {}

    def __call__(self, distribution: Distribution, prefixes: Ids, sentences: Ids) -> Distribution:
        """Leave only tokens after which the output can still be allowed, and EOS where it is."""
        del sentences
        _, likely = distribution.top(_FIRST_TRIED)
        size = 0
        kept: dict[int, list[int]] = {}
        for row, written in enumerate(prefixes.tolist()):
            prefix = [token for token in written if token not in self.silent]
            found = [token for token in likely[row].tolist() if self._fits(prefix, token)]
            if not found:
                size = size or distribution.all().shape[1]
                found = [token for token in range(size) if self._fits(prefix, token)]
            # Nothing fits: the row dies, all its tokens being impossible.
            kept[row] = found
        return distribution.only(kept)

    def _fits(self, prefix: list[int], token: int) -> bool:
        if token < len(SPECIALS):
            return token == EOS and self.constraints.allows(self.decode(prefix))
        if token in self.silent:
            # To move along the source leaves the text as it is.
            return True
        text, before = self.decode([*prefix, token]), self.decode(prefix)
        if text == before and prefix:
            # A space, which shows only with the word after it: one, and only where a space may stand.
            if before == self.decode(prefix[:-1]):
                return False
            text += " "
        if text not in self._known:
            self._known[text] = self.constraints.may_begin(text)
        return self._known[text]


def _completed(text: str) -> Sequence[str]:
    """Complete a Korean syllable that jamo have only begun, in every way: ㄱ -> 가 각 ... 힣."""
    last = ord(text[-1]) if text else 0
    if last in _LEADS:
        return [unicodedata.normalize("NFC", text + chr(vowel)) for vowel in _VOWELS]
    if 0xAC00 <= last <= 0xD7A3 and (last - 0xAC00) % 28 == 0:
        return [unicodedata.normalize("NFC", text + chr(tail)) for tail in _TAILS]
    return ()
