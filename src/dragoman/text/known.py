"""Words that are cut into pieces when they first occur, and looked up ever after.

A token never reaches over the space between two words, so that a text's tokens are its words' tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain

_MOST_CHARACTERS = 1 << 18
# Characters that join what follows them, were it a space, into one (Unicode's Grapheme_Cluster_Break=Prepend).
JOINS_ON = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3"
    "\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]"
)


class KnownWords:
    """Turns clean texts into ids; several threads may call it.

    Args:
        cut: What turns texts into ids, and does not look over a space.
        most_characters: Of the words that are remembered; they are forgotten together, and learned anew.
    """

    def __init__(
        self,
        cut: Callable[[Sequence[str]], list[list[int]]],
        most_characters: int = _MOST_CHARACTERS,
    ) -> None:
        self._cut, self.most_characters = cut, most_characters
        self._known: dict[str, list[int]] = {}
        self._characters = 0

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the ids of each text."""
        known = self._known
        rows = [text.split(" ") for text in texts]
        new = {*chain.from_iterable(rows)} - known.keys()
        if new and not self._learn(known, new):
            return self._cut(texts)
        return [list(chain.from_iterable(map(known.__getitem__, row))) for row in rows]

    def _learn(self, known: dict[str, list[int]], new: set[str]) -> bool:
        """Cut new words, and say whether that may be done: one of them may take the space after it along."""
        words = list(new)
        together = " ".join(words)
        if JOINS_ON.search(together):
            return False
        known.update(zip(words, self._cut(words), strict=True))
        self._characters += len(together)
        if self._characters > self.most_characters:
            # Whoever is still looking words up has the old ones at hand.
            self._known, self._characters = {}, 0
        return True
