"""One clause: somebody does something, at some time, in every tense, mood and polarity."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Say, Words
from dragoman.data.phrasebook.lexicon.times import FUTURE, HABIT, NOW, OFTEN, PAST, YEARLY
from dragoman.data.phrasebook.patterns import draw


def habit(rng: Random) -> Entry | None:
    """Marie drinks coffee every morning."""
    does = draw.action(rng, draw.HABITS)
    when = draw.time_for(rng, does, HABIT)
    return g.statement(draw.someone(rng), does, Say(when=when)) if when else None


def habit_negative(rng: Random) -> Entry | None:
    """Paul doesn't eat meat in the evening."""
    does = draw.action(rng, draw.HABITS)
    when = draw.time_for(rng, does, HABIT)
    if when is None:
        return None
    return g.statement(draw.someone(rng), does, Say(negation="pas", when=draw.maybe(rng, when)))


def often(rng: Random) -> Entry | None:
    """My father often goes to the library."""
    does = draw.action(rng, draw.HABITS)
    return g.statement(draw.someone(rng), does, Say(adverb=rng.choice(OFTEN)))


def never(rng: Random) -> Entry | None:
    """She never drinks wine."""
    does = draw.action(rng, draw.HABITS)
    return g.statement(draw.someone(rng), does, Say(negation="jamais"))


def ongoing(rng: Random) -> Entry | None:
    """We are reading a book right now."""
    does = draw.action(rng, draw.ONGOING)
    when = rng.choice(NOW)[0]
    return g.statement(draw.someone(rng), g.progressive(does), Say(when=when))


def past(rng: Random) -> Entry | None:
    """Sophie bought a coat yesterday."""
    does = draw.action(rng, draw.EVENTS)
    when = draw.time_for(rng, does, PAST)
    if when is None:
        return None
    return g.statement(draw.someone(rng), does, Say(tense="past", when=draw.maybe(rng, when, 0.8)))


def past_negative(rng: Random) -> Entry | None:
    """He didn't go to the office last Monday."""
    does = draw.action(rng, draw.EVENTS)
    when = draw.time_for(rng, does, PAST)
    if when is None:
        return None
    say = Say(tense="past", negation="pas", when=draw.maybe(rng, when, 0.8))
    return g.statement(draw.someone(rng), does, say)


def future(rng: Random) -> Entry | None:
    """They will arrive in Paris tomorrow."""
    does = draw.action(rng, draw.EVENTS)
    when = draw.time_for(rng, does, FUTURE)
    return g.statement(draw.someone(rng), does, Say(tense="future", when=when)) if when else None


def future_negative(rng: Random) -> Entry | None:
    """I won't work next week."""
    does = draw.action(rng, draw.EVENTS)
    when = draw.time_for(rng, does, FUTURE)
    if when is None:
        return None
    return g.statement(draw.someone(rng), does, Say(tense="future", negation="pas", when=when))


def near_future(rng: Random) -> Entry | None:
    """Marie is going to buy a bicycle tomorrow."""
    does, who = draw.action(rng, draw.EVENTS), draw.someone(rng)
    when = draw.time_for(rng, does, FUTURE)
    if when is None:
        return None
    return g.statement(who, g.going(does, who), Say(when=draw.maybe(rng, when, 0.7)))


def can(rng: Random) -> Entry | None:
    """Minsu can't go to the park tomorrow."""
    does, who = draw.action(rng, draw.DUTIES), draw.someone(rng)
    when = draw.time_for(rng, does, FUTURE)
    negation = rng.choice(("", "pas", "pas"))
    return g.statement(who, g.able(does, who), Say(negation=negation, when=when)) if when else None


def skill(rng: Random) -> Entry | None:
    """My sister knows how to play the piano."""
    does = draw.action(rng, draw.SKILLS)
    if rng.random() < 0.3:
        who = draw.asked(rng)
        return g.question(who, g.skilled(does, who))
    who = draw.someone(rng)
    return g.statement(who, g.skilled(does, who), Say(negation=rng.choice(("", "pas"))))


def must(rng: Random) -> Entry | None:
    """You must finish work tonight; he has to, she needs to."""
    does, who = draw.action(rng, draw.DUTIES), draw.someone(rng)
    when = draw.time_for(rng, does, FUTURE)
    wrap = rng.choice((g.obliged, g.obliged, g.needing))
    return g.statement(who, wrap(does, who), Say(when=when)) if when else None


def want(rng: Random) -> Entry | None:
    """The children want to eat ice cream."""
    does, who = draw.action(rng, draw.DEEDS), draw.someone(rng)
    when = draw.time_for(rng, does, FUTURE)
    if when is None:
        return None
    return g.statement(who, g.wanting(does, who), Say(when=draw.maybe(rng, when)))


def want_negative(rng: Random) -> Entry | None:
    """I don't want to go to school tomorrow."""
    does, who = draw.action(rng, draw.DEEDS), draw.someone(rng)
    when = draw.time_for(rng, does, FUTURE)
    if when is None:
        return None
    say = Say(negation="pas", when=draw.maybe(rng, when))
    return g.statement(who, g.wanting(does, who), say)


def like(rng: Random) -> Entry | None:
    """Lucas likes to play football."""
    does = draw.action(rng, draw.FUN)
    roll = rng.random()
    if roll < 0.25:
        who = draw.asked(rng)
        return g.question(who, g.liking(does, who))
    who = draw.someone(rng)
    return g.statement(who, g.liking(does, who), Say(negation="pas" if roll < 0.5 else ""))


def decide(rng: Random) -> Entry | None:
    """My parents decided to sell the house."""
    does, who = draw.action(rng, draw.DUTIES), draw.someone(rng)
    return g.statement(who, g.deciding(does, who), Say(tense="past"))


def already(rng: Random) -> Entry | None:
    """We have already had lunch; he hasn't had lunch yet."""
    does, who = draw.action(rng, draw.EVENTS), draw.someone(rng)
    not_yet, already = Say(negation="pas encore"), Say(adverb=Words("already", "déjà", "벌써"))
    say = not_yet if rng.random() < 0.5 else already
    other = replace(say, tense="past")
    return g.entry(
        g.en_clause(who, g.perfect(does), say),
        g.fr_clause(who, does, other),
        g.ko_clause(who, does, other),
    )


def losing(rng: Random) -> Entry | None:
    """Marie lost her keys yesterday; I am looking for my bag."""
    who = draw.someone(rng)
    does = draw.loss(rng, who)
    when = draw.time_for(rng, does, PAST)
    if does.en[0] == "look":
        return g.statement(who, g.progressive(does))
    return (
        g.statement(who, does, Say(tense="past", when=draw.maybe(rng, when, 0.7))) if when else None
    )


def travel(rng: Random) -> Entry | None:
    """My parents travel to Italy every summer; they went to Spain last year."""
    does = rng.choice(draw.JOURNEYS)
    year = (
        (Words("last year", "l'année dernière", "작년에"), "past"),
        (Words("last month", "le mois dernier", "지난달에"), "past"),
        (Words("next year", "l'année prochaine", "내년에"), "future"),
        (Words("next month", "le mois prochain", "다음 달에"), "future"),
    )
    roll = rng.randrange(6)
    who = draw.someone(rng)
    if roll < 2:
        return g.statement(who, does, Say(when=rng.choice(YEARLY)[0]))
    when, tense = year[roll - 2]
    past = tense == "past"
    return g.statement(who, does, Say(tense="past" if past else "future", when=when))


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (habit, 1500),
        (habit_negative, 1000),
        (often, 700),
        (never, 700),
        (ongoing, 1000),
        (past, 1800),
        (past_negative, 1200),
        (future, 1400),
        (future_negative, 700),
        (near_future, 1200),
        (can, 900),
        (skill, 600),
        (must, 1200),
        (want, 900),
        (want_negative, 500),
        (like, 900),
        (decide, 500),
        (already, 900),
        (losing, 700),
        (travel, 700),
    )
}
