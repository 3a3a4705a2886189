"""Normalisation: what is done to a text before it is cut into tokens, and undone in the output."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

# Characters that show nothing and only make equal texts unequal: controls, soft hyphens, zero-width
# spaces, direction marks. The joiners U+200C and U+200D stay: they shape letters and emoji.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# Halves of a character, which JSON can smuggle in and UTF-8 cannot write.
_SURROGATE = re.compile("[\ud800-\udfff]")
_SYLLABLES = re.compile("[\uac00-\ud7a3]+")
_LONE_STOP = re.compile(r"(?<=[^.。\s])\s*[.。]$")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Normaliser:
    """Unicode NFC, plain spaces, no invisible characters; and what is asked for.

    Normalising twice changes nothing more.

    Attributes:
        lowercase: Drop case.
        final_stop: Drop a single full stop at the end, or keep it.
        hangul: Take Korean syllables apart into jamo, their letters, or leave them whole.
    """

    lowercase: bool = False
    final_stop: Literal["keep", "drop"] = "keep"
    hangul: Literal["syllables", "jamo"] = "syllables"

    def __call__(self, text: str) -> str:
        """Normalise a text."""
        return self.each([text])[0]

    def each(self, texts: Iterable[str]) -> list[str]:
        """Normalise many texts: what Unicode asks for is done to all of them at once."""
        # The tokenizers write a space as ▁, so a ▁ of the text's own becomes its look-alike.
        marked = (text.replace("\u2581", "_") for text in texts)
        # What is printable has no invisible characters and no white space but plain spaces.
        clean = [
            text.strip(" ") if text.isprintable() and "  " not in text else _tidy(text)
            for text in marked
        ]
        if not clean:
            return []
        # No text holds a NUL now. It joins with no character, and no rule of case looks over it.
        together = unicodedata.normalize("NFC", "\0".join(clean))
        if self.lowercase:
            together = unicodedata.normalize("NFC", together.lower())
        clean = together.split("\0")
        if self.final_stop == "drop":
            clean = [_LONE_STOP.sub("", text) for text in clean]
        if self.hangul == "jamo":
            clean = [_SYLLABLES.sub(_take_apart, text) for text in clean]
        return clean

    def undo(self, text: str) -> str:
        """Put syllables together again; case and stops that were dropped are gone."""
        return unicodedata.normalize("NFC", text)


def is_korean(texts: Iterable[str]) -> bool:
    """Say whether Hangul is written in one of the first few hundred texts."""
    return any(_SYLLABLES.search(text) for text in islice(texts, 400))


def _tidy(text: str) -> str:
    """Drop what is invisible, and make white space single spaces."""
    return " ".join(_SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text)).split())


def _take_apart(syllables: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", syllables.group())
