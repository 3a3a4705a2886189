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
        # The tokenizers write a space as ▁, so a ▁ of the text's own becomes its look-alike.
        text = text.replace("\u2581", "_")
        if not text.isprintable() or "  " in text:
            text = " ".join(_SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text)).split())
        # What is printable has no invisible characters and no white space but plain spaces.
        text = unicodedata.normalize("NFC", text.strip(" "))
        if self.lowercase:
            text = unicodedata.normalize("NFC", text.lower())
        if self.final_stop == "drop":
            text = _LONE_STOP.sub("", text)
        return _SYLLABLES.sub(_take_apart, text) if self.hangul == "jamo" else text

    def undo(self, text: str) -> str:
        """Put syllables together again; case and stops that were dropped are gone."""
        return unicodedata.normalize("NFC", text)


def is_korean(texts: Iterable[str]) -> bool:
    """Say whether Hangul is written in one of the first few hundred texts."""
    return any(_SYLLABLES.search(text) for text in islice(texts, 400))


def _take_apart(syllables: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", syllables.group())
