"""A text as its sentences, and back: models are trained on sentences, people send texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

_END = re.compile(r"(?<=[.!?…])[\"'”’»)]*\s+(?=\S)|(?<=[。！？])\s*(?=\S)|(?<!\s)\s*\n\s*")
# Longer than any sentence, and any word, that people write; what is longer is cut, so that it cannot hold others up.
_LONGEST, _LONGEST_WORD = 400, 120
_RUN = re.compile(rf"\S{{{_LONGEST_WORD}}}(?=\S)")


@dataclass(frozen=True)
class Split:
    """A text, taken apart.

    Attributes:
        sentences: What is to be translated.
        gaps: What stands before, between and after: one more than the sentences.
    """

    sentences: tuple[str, ...]
    gaps: tuple[str, ...]

    def join(self, translated: list[str]) -> str:
        """Put translations where the sentences stood."""
        parts = [self.gaps[0]]
        for made, gap in zip(translated, self.gaps[1:], strict=True):
            parts += [made, gap]
        return "".join(parts)


def split(text: str) -> Split:
    """Take a text apart at the ends of sentences and of lines."""
    start = len(text) - len(text.lstrip())
    stop = max(start, len(text.rstrip()))
    sentences: list[str] = []
    gaps = [text[:start]]
    at = start
    for found in [*_END.finditer(text, start, stop), None]:
        end, after = (stop, len(text)) if found is None else found.span()
        # A closing quotation mark belongs to the sentence before it.
        end += len(text[end:after]) - len(text[end:after].lstrip("\"'”’»)"))
        pieces = _cut(text[at:end])
        if pieces:
            sentences += pieces
            gaps += [" "] * (len(pieces) - 1) + [text[end:after]]
        at = after
    return Split(tuple(sentences), tuple(gaps))


def _cut(sentence: str) -> list[str]:
    pieces: list[str] = []
    while sentence:
        at = _first_cut(sentence)
        pieces.append(sentence[:at])
        sentence = sentence[at:].lstrip(" ")
    return pieces


def _first_cut(sentence: str) -> int:
    run = _RUN.search(sentence, 0, _LONGEST)
    if run is not None:
        return run.end()
    if len(sentence) <= _LONGEST:
        return len(sentence)
    at = sentence.rfind(" ", 1, _LONGEST)
    return at if at > 0 else _LONGEST
