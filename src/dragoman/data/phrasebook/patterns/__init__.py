"""The kinds of sentences: a pattern draws one, its share says how many are wanted."""

from dragoman.data.phrasebook.grammar import Pattern
from dragoman.data.phrasebook.patterns import (
    clauses,
    combos,
    moments,
    people,
    places,
    questions,
    talk,
    things,
)
from dragoman.data.phrasebook.patterns.talk import FIXED

__all__ = ["FIXED", "PATTERNS"]

PATTERNS: dict[str, tuple[Pattern, int]] = {
    **clauses.PATTERNS,
    **questions.PATTERNS,
    **combos.PATTERNS,
    **people.PATTERNS,
    **places.PATTERNS,
    **moments.PATTERNS,
    **things.PATTERNS,
    **talk.PATTERNS,
}
