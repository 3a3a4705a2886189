"""What the patterns draw from: subjects, actions that suit an aspect, times that suit an action."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from dragoman.data.phrasebook.grammar import NOTHING, Forms, Predicate, Subject, Words
from dragoman.data.phrasebook.korean import Ko
from dragoman.data.phrasebook.lexicon.actions import (
    COOKING,
    HOME,
    LEISURE,
    MEALS,
    OUTINGS,
    PURCHASES,
    READING,
    STUDIES,
    THEMES,
    TRAVELS,
)
from dragoman.data.phrasebook.lexicon.people import ASKABLE, PROFESSIONS, PRONOUNS, THIRD, YOU
from dragoman.data.phrasebook.lexicon.tables import Noun, Possessor, with_object
from dragoman.data.phrasebook.lexicon.things import DEVICES, SMALL
from dragoman.data.phrasebook.lexicon.times import HABIT, NOW, YEARLY, Time

T = TypeVar("T")
Themes = list[list[Predicate]]

_PARTS_OF_DAY = ("am", "noon", "pm")
_SAME = ("아침", "저녁", "점심")


def _themes(without: set[str], needed: str = "") -> Themes:
    """The themes, keeping of each what has none of some tags and has a needed one."""
    kept = [
        [p for p in theme if not p.tags & without and (not needed or needed in p.tags)]
        for theme in THEMES
    ]
    return [theme for theme in kept if theme]


EVENTS = _themes({"habit"})
HABITS = _themes({"event", "buy", "far"})
ONGOING = _themes({"habit", "state", "far"})
FUN = _themes({"event"}, "fun")
CALM = _themes({"habit", "state", "far"}, "calm")
SKILLS = _themes(set(), "skill")
TRIPS = [
    *_themes({"habit"}, "trip"),
    *SKILLS,
    [p for p in MEALS if p.en[1] in ("kimchi", "wine")],
    [t for t in TRAVELS if t.en[0] == "go"],
    [t for t in TRAVELS if t.en[0] == "go"],
    [t for t in TRAVELS if t.en[0] == "go"],
]
DEEDS = _themes({"habit", "state"})
DUTIES = _themes({"habit", "state", "meal", "food"})
FAVOURS = [
    [
        p
        for theme in (HOME, PURCHASES)
        for p in theme
        if not p.tags & {"state", "habit", "buy", "am", "pm", "noon"}
        and p.fr[0] not in ("se reposer", "dormir", "rentrer", "rester", "prendre")
    ]
]
SHARED = [
    [p for p in theme if not p.tags & {"habit", "state", "buy", "far", "skill"}]
    for theme in (LEISURE, MEALS, OUTINGS, COOKING)
]
BEFORE = [
    [p for p in theme if not p.tags & {"am", "noon", "pm", "state", "habit"}]
    for theme in (LEISURE, MEALS, READING, HOME)
]
LOCATED = [MEALS, PURCHASES, READING, STUDIES]
JOURNEYS = [t for t in TRAVELS if t.en[0] != "arrive"]


def action(rng: Random, themes: Themes) -> Predicate:
    """An action, whose theme is drawn first."""
    return rng.choice(rng.choice(themes))


def someone(rng: Random) -> Subject:
    """Anybody but the one spoken to."""
    return rng.choice(PRONOUNS if rng.random() < 0.45 else THIRD)


def asked(rng: Random) -> Subject:
    """Whom a question is about: mostly the one spoken to."""
    return YOU if rng.random() < 0.4 else rng.choice(ASKABLE)


def suits(predicate: Predicate, time: Time) -> bool:
    """Whether the time is a time for it, and its Korean does not say the same word twice."""
    words, part = time
    if part == "remote":
        return "minor" not in predicate.tags
    if part and part not in predicate.tags and predicate.tags.intersection(_PARTS_OF_DAY):
        return False
    return not any(word in words.ko and word in predicate.ko.head for word in _SAME)


def clash(one: Predicate, other: Predicate) -> bool:
    """Whether two actions of one day are the same meal or the same place."""
    return one.ko.head.split()[:1] == other.ko.head.split()[:1]


def time_for(rng: Random, predicate: Predicate, times: Sequence[Time]) -> Words | None:
    """A time that suits the action, or None if none was found soon."""
    if "far" in predicate.tags and (times is HABIT or times is NOW):
        times = YEARLY
    for _ in range(4):
        time = rng.choice(times)
        if suits(predicate, time):
            return time[0]
    return None


def maybe(rng: Random, words: Words, chance: float = 0.5) -> Words:
    """The words, or nothing."""
    return words if rng.random() < chance else NOTHING


def profession(rng: Random, verb: tuple[str, str] = ("be", "être")) -> Predicate:
    """To be, or become, something by profession."""
    en, masculine, feminine, ko = rng.choice(PROFESSIONS)
    both = Forms(masculine, feminine, masculine + "s", feminine + "s")
    return Predicate((verb[0], en), (verb[1], ""), Ko(ko, "이"), forms=both)


def possessor(subject: Subject) -> Possessor:
    """Whose things the subject's own things are."""
    own: tuple[Possessor, ...] = ("my", "your", "his", "our", "your", "their")
    return "her" if subject.person == 2 and subject.feminine else own[subject.person]


_LOSING = (
    ("look for", "chercher", "을 찾다"),
    ("lose", "perdre", "을 잃어버리다"),
    ("find", "trouver", "을 찾다"),
    ("sell", "vendre", "을 팔다"),
    ("break", "casser", "을 망가뜨리다"),
)
_LOSABLE: list[Noun] = [n for n in SMALL if n.en not in ("flower", "cup", "bottle", "gift")]


def loss(rng: Random, subject: Subject) -> Predicate:
    """To look for, lose, find, sell or break a thing of one's own, which Korean need not say."""
    verb = rng.choice(_LOSING)
    things = DEVICES if verb[0] in ("sell", "break") else [*_LOSABLE, *DEVICES[1:4]]
    return with_object(verb, rng.choice(things).of(possessor(subject), ko=""), None)
