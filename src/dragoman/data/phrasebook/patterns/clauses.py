"""One clause: somebody does something, at some time, in every tense, mood and polarity."""

from __future__ import annotations

from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Say, Subject, Words
from dragoman.data.phrasebook.lexicon.people import MADAM, SIR
from dragoman.data.phrasebook.lexicon.tables import predicate
from dragoman.data.phrasebook.lexicon.times import FUTURE, HABIT, NOW, OFTEN, PAST, YEARLY
from dragoman.data.phrasebook.patterns import draw

WHO = Subject(Words("who", "qui", "누구"))


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


def habit_question(rng: Random) -> Entry | None:
    """Do you drink coffee every morning?"""
    does = draw.action(rng, draw.HABITS)
    when = draw.time_for(rng, does, HABIT)
    return g.question(draw.asked(rng), does, Say(when=draw.maybe(rng, when, 0.8))) if when else None


def ongoing(rng: Random) -> Entry | None:
    """We are reading a book right now."""
    does = draw.action(rng, draw.ONGOING)
    when = rng.choice(NOW)[0]
    return g.statement(draw.someone(rng), g.progressive(does), Say(when=when))


def ongoing_question(rng: Random) -> Entry | None:
    """Is your brother sleeping now?"""
    does = draw.action(rng, draw.ONGOING)
    return g.question(draw.asked(rng), g.progressive(does), Say(when=NOW[0][0]))


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


def past_question(rng: Random) -> Entry | None:
    """Did you see a movie last night?"""
    does = draw.action(rng, draw.EVENTS)
    when = draw.time_for(rng, does, PAST)
    return g.question(draw.asked(rng), does, Say(tense="past", when=when)) if when else None


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


def near_future_question(rng: Random) -> Entry | None:
    """Are you going to cook dinner tonight?"""
    does, who = draw.action(rng, draw.EVENTS), draw.asked(rng)
    when = draw.time_for(rng, does, FUTURE)
    return g.question(who, g.going(does, who), Say(when=when)) if when else None


def can(rng: Random) -> Entry | None:
    """Minsu can't go to the park tomorrow."""
    does, who = draw.action(rng, draw.DUTIES), draw.someone(rng)
    when = draw.time_for(rng, does, FUTURE)
    negation = rng.choice(("", "pas", "pas"))
    return g.statement(who, g.able(does, who), Say(negation=negation, when=when)) if when else None


def can_question(rng: Random) -> Entry | None:
    """Can you play tennis this weekend?"""
    does, who = draw.action(rng, draw.DUTIES), draw.asked(rng)
    when = draw.time_for(rng, does, FUTURE)
    return g.question(who, g.able(does, who), Say(when=when)) if when else None


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


def want_question(rng: Random) -> Entry | None:
    """Do you want to drink tea?"""
    does, who = draw.action(rng, draw.DEEDS), draw.asked(rng)
    when = draw.time_for(rng, does, FUTURE)
    return g.question(who, g.wanting(does, who), Say(when=draw.maybe(rng, when))) if when else None


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
    if rng.random() < 0.5:
        say = Say(negation="pas encore")
    else:
        say = Say(adverb=Words("already", "déjà", "벌써"))
    other = g.replace(say, tense="past")
    return g.entry(
        g.en_clause(who, g.perfect(does), say),
        g.fr_clause(who, does, other),
        g.ko_clause(who, does, other),
    )


def ever(rng: Random) -> Entry | None:
    """Have you ever been to Japan? Has she ever eaten kimchi?"""
    does, who = draw.action(rng, draw.TRIPS), draw.asked(rng)
    if rng.random() < 0.4:
        does = rng.choice([t for t in draw.JOURNEYS if t.en[0] == "go"])
    perfect = g.perfect(does)
    en = g.english.question(who.words.en, who.person, "have+", "present", negative=False)
    done = perfect.en[1].replace("gone", "been", 1)
    say = Say(tense="past", adverb=Words("", "déjà", ""))
    ko = g.replace(does, ko=does.ko.experienced())
    return g.entry(
        f"{en} ever {done}", "est-ce que " + g.fr_clause(who, does, say), g.ko_clause(who, ko), "?"
    )


def losing(rng: Random) -> Entry | None:
    """Marie lost her keys yesterday; I am looking for my bag."""
    who = draw.someone(rng)
    does = draw.loss(rng, who)
    when = draw.time_for(rng, does, PAST)
    if does.en[0] == "look":
        return g.statement(who, g.progressive(does))
    return g.statement(who, does, Say(tense="past", when=draw.maybe(rng, when, 0.7))) if when else None


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
        does = (g.wanting if roll == 2 else g.able)(does, WHO)
    if when is None:
        return None
    say = g.replace(say, when=draw.maybe(rng, when, 0.8))
    return g.entry(
        g.en_clause(WHO, does, say),
        g.fr_clause(WHO, does, say),
        g.ko_clause(WHO, does, say, "누가"),
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
        (habit_question, 900),
        (ongoing, 1000),
        (ongoing_question, 500),
        (past, 1800),
        (past_negative, 1200),
        (past_question, 1000),
        (future, 1400),
        (future_negative, 700),
        (near_future, 1200),
        (near_future_question, 700),
        (can, 900),
        (can_question, 500),
        (skill, 600),
        (must, 1200),
        (want, 900),
        (want_negative, 500),
        (want_question, 600),
        (like, 900),
        (decide, 500),
        (already, 900),
        (ever, 450),
        (losing, 700),
        (when_question, 500),
        (why_question, 600),
        (where_question, 500),
        (what_question, 700),
        (who_question, 600),
        (to_a_stranger, 900),
        (travel, 700),
    )
}
