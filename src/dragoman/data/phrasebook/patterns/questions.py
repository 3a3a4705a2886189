"""Questions: yes or no, when, why, where, what, who, to a friend and to a stranger."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dragoman.data.phrasebook import english
from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Say, Subject, Words
from dragoman.data.phrasebook.lexicon.people import MADAM, SIR
from dragoman.data.phrasebook.lexicon.tables import predicate
from dragoman.data.phrasebook.lexicon.times import FUTURE, HABIT, NOW, PAST
from dragoman.data.phrasebook.patterns import draw

_WHO = Subject(Words("who", "qui", "누구"))


def habit_question(rng: Random) -> Entry | None:
    """Do you drink coffee every morning?"""
    does = draw.action(rng, draw.HABITS)
    when = draw.time_for(rng, does, HABIT)
    return g.question(draw.asked(rng), does, Say(when=draw.maybe(rng, when, 0.8))) if when else None


def ongoing_question(rng: Random) -> Entry | None:
    """Is your brother sleeping now?"""
    does = draw.action(rng, draw.ONGOING)
    return g.question(draw.asked(rng), g.progressive(does), Say(when=NOW[0][0]))


def past_question(rng: Random) -> Entry | None:
    """Did you see a movie last night?"""
    does = draw.action(rng, draw.EVENTS)
    when = draw.time_for(rng, does, PAST)
    return g.question(draw.asked(rng), does, Say(tense="past", when=when)) if when else None


def near_future_question(rng: Random) -> Entry | None:
    """Are you going to cook dinner tonight?"""
    does, who = draw.action(rng, draw.EVENTS), draw.asked(rng)
    when = draw.time_for(rng, does, FUTURE)
    return g.question(who, g.going(does, who), Say(when=when)) if when else None


def can_question(rng: Random) -> Entry | None:
    """Can you play tennis this weekend?"""
    does, who = draw.action(rng, draw.DUTIES), draw.asked(rng)
    when = draw.time_for(rng, does, FUTURE)
    return g.question(who, g.able(does, who), Say(when=when)) if when else None


def want_question(rng: Random) -> Entry | None:
    """Do you want to drink tea?"""
    does, who = draw.action(rng, draw.DEEDS), draw.asked(rng)
    when = draw.time_for(rng, does, FUTURE)
    return g.question(who, g.wanting(does, who), Say(when=draw.maybe(rng, when))) if when else None


def ever(rng: Random) -> Entry | None:
    """Have you ever been to Japan? Has she ever eaten kimchi?"""
    does, who = draw.action(rng, draw.TRIPS), draw.asked(rng)
    perfect = g.perfect(does)
    en = english.question(who.words.en, who.person, "have+", "present", negative=False)
    done = perfect.en[1].replace("gone", "been", 1)
    say = Say(tense="past", adverb=Words("", "déjà", ""))
    ko = replace(does, ko=does.ko.experienced())
    return g.entry(
        f"{en} ever {done}", "est-ce que " + g.fr_clause(who, does, say), g.ko_clause(who, ko), "?"
    )


def when_question(rng: Random) -> Entry | None:
    """When are you going to sell the car?"""
    word = Words("when", "quand", "언제")
    does, who = draw.action(rng, draw.EVENTS), draw.asked(rng)
    if rng.random() < 0.5:
        return g.question(who, does, Say(tense="past"), word)
    return g.question(who, g.going(does, who), g.PLAIN, word)


def why_question(rng: Random) -> Entry | None:
    """Why doesn't Paul eat meat?"""
    word = Words("why", "pourquoi", "왜")
    who = draw.asked(rng)
    roll = rng.random()
    if roll < 0.4:
        does = draw.action(rng, draw.EVENTS)
        negation = rng.choice(("", "pas"))
        return g.question(who, does, Say(tense="past", negation=negation), word)
    if roll < 0.7:
        return g.question(who, draw.action(rng, draw.HABITS), Say(negation="pas"), word)
    does = g.wanting(draw.action(rng, draw.DEEDS), who)
    return g.question(who, does, Say(negation=rng.choice(("", "pas"))), word)


def where_question(rng: Random) -> Entry | None:
    """Where did you buy this book?"""
    word = Words("where", "où", "어디에서")
    does = draw.action(rng, draw.LOCATED)
    who = draw.asked(rng)
    if "habit" not in does.tags and rng.random() < 0.7:
        if rng.random() < 0.5:
            return g.question(who, does, Say(tense="past"), word)
        return g.question(who, g.going(does, who), g.PLAIN, word)
    return g.question(who, does, g.PLAIN, word) if "event" not in does.tags else None


_WHAT = [
    predicate(en, fr, f"무엇을 {ko}")
    for en, fr, ko in (
        ("eat", "manger", "먹다"),
        ("drink", "boire", "마시다"),
        ("buy", "acheter", "사다"),
        ("read", "lire", "읽다"),
        ("do", "faire", "하다"),
        ("study", "étudier", "공부하다"),
        ("prepare", "préparer", "준비하다"),
        ("write", "écrire", "쓰다"),
        ("sell", "vendre", "팔다"),
        ("learn", "apprendre", "배우다"),
    )
]


def what_question(rng: Random) -> Entry | None:
    """What is Marie going to eat tonight?"""
    does, who = rng.choice(_WHAT), draw.asked(rng)
    tense = rng.randrange(4)
    when = draw.time_for(rng, does, (HABIT, PAST, FUTURE, FUTURE)[tense])
    if when is None:
        return None
    if tense == 3:
        does = g.wanting(does, who)
    say = Say(tense=("present", "past", "future", "present")[tense], when=when)
    if tense == 2:
        does, say = g.going(does, who), Say(when=when)
    return g.entry(
        "what " + g.en_question(who, does, say),
        "qu'est-ce que " + g.fr_clause(who, does, say),
        g.ko_clause(who, does, say),
        "?",
    )


def who_question(rng: Random) -> Entry | None:
    """Who wants to go to the beach?"""
    roll = rng.randrange(4)
    if roll == 0:
        does = draw.action(rng, draw.HABITS)
        when, say = draw.time_for(rng, does, HABIT), Say()
    elif roll == 1:
        does = draw.action(rng, draw.EVENTS)
        when, say = draw.time_for(rng, does, PAST), Say(tense="past")
    else:
        does = draw.action(rng, draw.DEEDS)
        when, say = draw.time_for(rng, does, FUTURE), Say()
        does = (g.wanting if roll == 2 else g.able)(does, _WHO)
    if when is None:
        return None
    say = replace(say, when=draw.maybe(rng, when, 0.8))
    return g.entry(
        g.en_clause(_WHO, does, say),
        g.fr_clause(_WHO, does, say),
        g.ko_clause(_WHO, does, say, "누가"),
        "?",
    )


def to_a_stranger(rng: Random) -> Entry | None:
    """Sir, do you want to drink coffee?"""
    title, who = rng.choice(
        ((Words("Sir", "Monsieur", "선생님"), SIR), (Words("Madam", "Madame", "사모님"), MADAM))
    )
    kind = rng.randrange(5)
    does = draw.action(rng, draw.HABITS if kind == 0 else draw.EVENTS if kind < 3 else draw.DEEDS)
    when = draw.time_for(rng, does, (HABIT, PAST, FUTURE, FUTURE, FUTURE)[kind])
    if when is None:
        return None
    say = Say(tense="past" if kind == 1 else "present", when=when, style="asking")
    if kind > 1:
        does = (g.going, g.wanting, g.able)[kind - 2](does, who)
    return g.entry(
        f"{title.en}, {g.en_question(who, does, say)}",
        f"{title.fr}, est-ce que {g.fr_clause(who, does, say)}",
        f"{title.ko}, {g.ko_clause(who, does, say)}",
        "?",
    )


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (habit_question, 900),
        (ongoing_question, 500),
        (past_question, 1000),
        (near_future_question, 700),
        (can_question, 500),
        (want_question, 600),
        (ever, 450),
        (when_question, 500),
        (why_question, 600),
        (where_question, 500),
        (what_question, 700),
        (who_question, 600),
        (to_a_stranger, 900),
    )
}
