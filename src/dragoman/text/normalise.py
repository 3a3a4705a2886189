"""Normalisation: what is done to a text before it is cut into tokens, and undone in what is written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

_SYLLABLES = re.compile("[\uac00-\ud7a3]+")
_LONE_STOP = re.compile(r"(?<![.\s])\s*[.。]$")
# Zero-width joiners shape letters and emoji; other format characters only make equal texts unequal.
_JOINERS = {"\u200c", "\u200d"}


@dataclass(frozen=True)
class Normaliser:
    """Unicode NFC, plain spaces, no invisible characters; and what is asked for.

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
        text = unicodedata.normalize("NFC", text)
        if not text.isascii() or not text.isprintable():
            text = "".join(_visible(character) for character in text)
        # The tokenizers write a space as ▁, so a ▁ of the text's own becomes its look-alike.
        text = " ".join(text.replace("\u2581", "_").split())
        if self.lowercase:
            text = unicodedata.normalize("NFC", text.lower())
        if self.final_stop == "drop":
            text = _LONE_STOP.sub("", text)
        return _SYLLABLES.sub(_take_apart, text) if self.hangul == "jamo" else text

    def undo(self, text: str) -> str:
        """Put syllables together again; case and stops that were dropped are gone."""
        return unicodedata.normalize("NFC", text)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if category == "Cf" and character not in _JOINERS else character


def _take_apart(syllables: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", syllables.group())
