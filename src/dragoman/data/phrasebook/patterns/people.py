"""People: who they are, where they come from, how they feel, whom and what they have."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Forms, Pattern, Predicate, Say, Subject, Words
from dragoman.data.phrasebook.korean import Ko, attach, eu, infinitive
from dragoman.data.phrasebook.lexicon.actions import LIVING, SPEAKING, WEARING
from dragoman.data.phrasebook.lexicon.people import (
    ADULTS,
    CHARACTERS,
    FEELINGS,
    HE,
    KIN,
    MADAM,
    MOODS,
    NAMES,
    NATIONALITIES,
    SHE,
    SINGLE,
    SIR,
    THIRD,
    YOU,
    I,
)
from dragoman.data.phrasebook.lexicon.tables import forms, predicate
from dragoman.data.phrasebook.lexicon.things import ANIMALS, CITIES, COUNTRIES, DEVICES, NUMBERS
from dragoman.data.phrasebook.lexicon.times import OFTEN
from dragoman.data.phrasebook.patterns import draw


def _one(rng: Random) -> Subject:
    return I if rng.random() < 0.2 else rng.choice(ADULTS)


def profession(rng: Random) -> Entry | None:
    """My sister is a doctor; Paul isn't a student; are you a teacher?"""
    roll, job = rng.randrange(6), draw.profession(rng)
    if roll == 0:
        return g.question(YOU, job)
    if roll == 1:
        return g.question(rng.choice([*NAMES, HE, SHE]), job)
    if roll == 2:
        return g.statement(_one(rng), job, Say(negation="pas"))
    return g.statement(_one(rng), job, Say(tense="past" if roll == 3 else "present"))


def becoming(rng: Random) -> Entry | None:
    """She wants to become a lawyer; will he become an actor?"""
    job, who = draw.profession(rng, ("become", "devenir")), _one(rng)
    job = replace(job, ko=Ko(attach(job.ko.head, "이"), "되"))
    roll = rng.randrange(4)
    if roll == 0:
        who = rng.choice([YOU, YOU, *NAMES])
        return g.question(who, g.wanting(job, who))
    if roll == 1:
        return g.statement(who, g.wanting(job, who), Say(negation="pas"))
    if roll == 2:
        return g.statement(who, job, Say(tense="past"))
    return g.statement(who, g.wanting(job, who))


def _nationality(rng: Random) -> Predicate:
    en, fr, ko = rng.choice(NATIONALITIES)
    return Predicate(("be", en), ("être", ""), Ko(ko, "이"), forms=forms(fr))


def nationality(rng: Random) -> Entry | None:
    """Anna is German; aren't they Korean? I am not French."""
    does, who = _nationality(rng), draw.someone(rng)
    roll = rng.randrange(4)
    if roll == 0:
        return g.question(draw.asked(rng), does)
    return g.statement(who, does, Say(negation="pas" if roll == 1 else ""))


def origin(rng: Random) -> Entry | None:
    """I come from Korea."""
    who = draw.someone(rng)
    if rng.random() < 0.6:
        country, _, source, ko = rng.choice(COUNTRIES)
    else:
        city = rng.choice(CITIES)
        country, source, ko = city.en, f"de {city.fr}", city.ko
    does = Predicate(("come", f"from {country}"), ("venir", source), Ko(f"{ko}에서", "오"))
    if rng.random() < 0.2:
        who = draw.asked(rng)
        return g.entry(
            g.en_question(who, does),
            f"est-ce que {g.fr_clause(who, does)}",
            g.ko_clause(who, does, Say(tense="past")),
            "?",
        )
    ko = g.ko_clause(who, does, Say(tense="past"))
    return g.entry(g.en_clause(who, does), g.fr_clause(who, does), ko)


def living(rng: Random) -> Entry | None:
    """My uncle lives in Canada; do you work in Seoul?"""
    does, roll = rng.choice(LIVING), rng.randrange(5)
    korean = does.ko.progressive() if does.en[0] == "live" else does.ko
    does = replace(does, ko=korean)
    if roll == 0:
        return g.question(draw.asked(rng), does)
    who = draw.someone(rng)
    if roll == 1:
        who = draw.asked(rng)
        return g.question(who, g.wanting(rng.choice(LIVING), who))
    if roll == 2:
        return g.statement(who, g.wanting(rng.choice(LIVING), who))
    return g.statement(who, does, Say(negation="pas" if roll == 3 else ""))


def duration(rng: Random) -> Entry | None:
    """Sophie has been living in Busan for five years."""
    does, who = rng.choice(LIVING), draw.someone(rng)
    en, fr, _, ko = rng.choice(NUMBERS[1:12])
    unit = rng.choice((Words("years", "ans", "년"), Words("months", "mois", "개월")))
    honoured = does.ko.honorific() if who.honorific else does.ko
    say = Say(when=Words(f"for {en} {unit.en}", f"depuis {fr} {unit.fr}"))
    worked = Predicate(("have+", f"been {does.gerund}"), does.fr, does.ko)
    return g.entry(
        g.en_clause(who, worked, say),
        g.fr_clause(who, does, say),
        f"{who.topic} {honoured.form(eu(honoured.stem, 'ㄴ'))} 지 {ko} {unit.ko} 됐어요",
    )


def language(rng: Random) -> Entry | None:
    """Do you speak Korean? My son doesn't understand Spanish."""
    does, roll = rng.choice(SPEAKING), rng.randrange(5)
    if roll < 2:
        return g.question(draw.asked(rng), does)
    if roll == 2:
        who = rng.choice((SIR, MADAM))
        title = ("Sir", "Monsieur", "선생님") if who is SIR else ("Madam", "Madame", "사모님")
        asked = g.question(who, does, Say(style="asking"))
        return Entry(
            f"{title[0]}, {g.en_question(who, does)}?",
            f"{title[1]}, e{asked.fr[1:]}",
            f"{title[2]}, {asked.ko}",
        )
    return g.statement(draw.someone(rng), does, Say(negation="pas" if roll == 3 else ""))


def _ages(who: Subject) -> list[list[str]]:
    """The numbers of years that somebody can be old."""
    if who.words.en in ("my son", "my daughter", "my brother", "my sister", "my cousin"):
        return NUMBERS[2:14]
    if who.words.en in ("my grandmother", "my grandfather"):
        return NUMBERS[17:]
    return NUMBERS[15:] if who.honorific else NUMBERS[13:]


def age(rng: Random) -> Entry | None:
    """My daughter is eleven years old."""
    who = rng.choice([*SINGLE, I, I, YOU])
    en, fr, ko, _ = rng.choice(_ages(who))
    does = Predicate(("be", f"{en} years old"), ("avoir", f"{fr} ans"), Ko(f"{ko} 살", "이"))
    if who is YOU or (who in NAMES and rng.random() < 0.3):
        return g.question(who, does)
    return g.statement(who, does, Say(negation=rng.choice(("", "", "pas"))))


def mood(rng: Random) -> Entry | None:
    """She was tired yesterday; are you happy? I am not busy today."""
    does, roll = rng.choice(MOODS).predicate, rng.randrange(5)
    today, yesterday = Words("today", "aujourd'hui", "오늘"), Words("yesterday", "hier", "어제")
    often = Say(adverb=rng.choice(OFTEN))
    if roll == 0:
        return g.question(draw.asked(rng), does, Say(when=draw.maybe(rng, today)))
    if roll == 1:
        return g.statement(draw.someone(rng), does, often)
    who, negation = draw.someone(rng), rng.choice(("", "pas"))
    if roll == 2:
        return g.statement(who, does, Say(tense="past", negation=negation, when=yesterday))
    return g.statement(who, does, Say(negation=negation, when=draw.maybe(rng, today)))


def character(rng: Random) -> Entry | None:
    """My aunt is very kind; is your teacher strict?"""
    one = rng.choice(CHARACTERS)
    does, who, roll = one.predicate, rng.choice(THIRD), rng.randrange(4)
    if roll == 0:
        return g.question(who, does)
    if roll == 1:
        return g.statement(who, does, Say(negation="pas"))
    degree = rng.choice(
        (Words("very", "très", "아주"), Words("too", "trop", "너무"), Words("quite", "assez", "꽤"))
    )
    if roll == 2:
        degree = Words()
    fr = Forms(*(g.join(degree.fr, form) for form in one.fr))
    en = ("be", g.join(degree.en, one.en))
    return g.statement(who, replace(does, en=en, forms=fr, ko=does.ko.modified(degree.ko)))


def taller(rng: Random) -> Entry | None:
    """Paul is taller than my brother."""
    one, who, than = rng.choice(CHARACTERS), rng.choice(THIRD), rng.choice(THIRD)
    if who.words == than.words or than.pronoun.en == than.words.en or who.plural:
        return None
    fr = Forms(*(f"plus {form}" for form in one.fr))
    does = Predicate(
        ("be", f"{one.comparative_en} than {than.words.en}"),
        ("être", f"que {than.words.fr}"),
        one.predicate.ko.modified("더").before(f"{than.words.ko}보다"),
        forms=fr,
    )
    if rng.random() < 0.25:
        return g.question(who, does)
    return g.statement(who, does, Say(negation=rng.choice(("", "", "pas"))))


def feeling(rng: Random) -> Entry | None:
    """We are hungry; aren't you cold? He is very thirsty."""
    feels, roll = rng.choice(FEELINGS), rng.randrange(4)
    who = draw.asked(rng) if roll == 0 else draw.someone(rng)
    very = Words("very", "très", "아주") if roll == 1 else Words()
    ko = feels.ko
    if "own" in feels.tags and who.person in (2, 5):
        ko = Ko("", infinitive(ko.stem) + "하")
    say = Say(negation="pas" if roll == 2 else "")
    when = rng.choice(
        (Words(), Words("now", "maintenant", "지금"), Words("today", "aujourd'hui", "오늘"))
    )
    if rng.random() < 0.25:
        say = replace(say, tense="past")
        when = Words("yesterday", "hier", "어제")
    does = Predicate(
        ("be", g.join(very.en, feels.en[1])),
        ("avoir", g.join(very.fr, feels.fr[1])),
        ko.modified(very.ko),
    )
    say = replace(say, when=when)
    return g.question(who, does, say) if roll == 0 else g.statement(who, does, say)


_PAINS = [
    predicate(f"have {en}", f"avoir {fr}", ko, tags)
    for en, fr, ko, tags in (
        ("a headache", "mal à la tête", "머리가 아프다", "adj"),
        ("a stomachache", "mal au ventre", "배가 아프다", "adj"),
        ("a toothache", "mal aux dents", "이가 아프다", "adj"),
        ("a sore throat", "mal à la gorge", "목이 아프다", "adj"),
        ("a fever", "de la fièvre / de fièvre", "열이 있다", ""),
        ("a backache", "mal au dos", "허리가 아프다", "adj"),
    )
]


def health(rng: Random) -> Entry | None:
    """My son has a headache today."""
    does, who = rng.choice(_PAINS), draw.someone(rng)
    tense = rng.random()
    if who.plural:
        return None
    if tense < 0.2:
        return g.question(draw.asked(rng), does)
    if tense < 0.5:
        day = rng.choice(
            (Words("yesterday", "hier", "어제"), Words("last night", "hier soir", "어젯밤에"))
        )
        return g.statement(who, does, Say(tense="past", when=day))
    when = rng.choice(
        (Words(), Words("today", "aujourd'hui", "오늘"), Words("now", "maintenant", "지금"))
    )
    return g.statement(who, does, Say(negation="pas" if tense < 0.6 else "", when=when))


def kin(rng: Random) -> Entry | None:
    """I have two brothers; does she have children?"""
    who, relation = draw.someone(rng), rng.choice(KIN)
    en, fr, ko, _ = rng.choice(NUMBERS[:6])
    one = en == "one"
    thing = relation.indefinite if one else relation.plural
    count = ("", "") if one else (en, fr)
    does = Predicate(
        ("have", g.join(count[0], thing.en)),
        ("avoir", g.join(count[1], thing.fr)),
        Ko(f"{attach(relation.ko, '이')} {ko} 명", "있"),
    )
    if rng.random() < 0.15:
        return g.question(draw.asked(rng), does)
    if rng.random() < 0.2:
        does = Predicate(
            ("have", f"any {relation.plural.en}"),
            ("avoir", f"de {relation.plural.fr}"),
            Ko(attach(relation.ko, "이"), "있"),
        )
        return g.statement(who, does, Say(negation="pas"))
    return g.statement(who, does)


def having(rng: Random) -> Entry | None:
    """Marie has a cat; I don't have a car; they have three dogs."""
    thing, who = rng.choice([*ANIMALS, *DEVICES]), draw.someone(rng)
    roll = rng.randrange(5)
    does = Predicate(
        ("have", thing.indefinite.en),
        ("avoir", thing.indefinite.fr),
        Ko(attach(thing.ko, "이"), "있"),
        fr_negative=f"de {thing.fr}",
    )
    if roll == 0:
        return g.question(draw.asked(rng), does)
    if roll == 1:
        return g.statement(who, does, Say(negation="pas"))
    if roll == 2:
        want = replace(does, ko=Ko(attach(thing.ko, "을"), "사"), en=("buy", does.en[1]))
        want = replace(want, fr=("acheter", does.fr[1]))
        return g.statement(who, g.wanting(want, who))
    if roll == 3:
        en, fr, ko, _ = rng.choice(NUMBERS[1:6])
        does = Predicate(
            ("have", f"{en} {thing.plural.en}"),
            ("avoir", f"{fr} {thing.plural.fr}"),
            Ko(f"{attach(thing.ko, '이')} {ko} {thing.counter}", "있"),
        )
    return g.statement(who, does)


def wearing(rng: Random) -> Entry | None:
    """My grandfather is wearing a coat today."""
    does, who = rng.choice(WEARING), draw.someone(rng)
    if "habit" in does.tags:
        return None
    when = rng.choice((Words("today", "aujourd'hui", "오늘"), Words()))
    progressive = g.progressive(does)
    progressive = replace(progressive, ko=replace(progressive.ko, exists=True))
    return g.statement(who, progressive, Say(negation=rng.choice(("", "", "pas")), when=when))


def name(rng: Random) -> Entry | None:
    """Her name is Sophie."""
    who = rng.choice(NAMES)
    whose = rng.choice(SINGLE)
    bare = who.words.ko.removesuffix(" 씨")
    if whose in NAMES or whose.honorific or whose.feminine != who.feminine:
        return None
    if whose.words.en in ("he", "she"):
        return None
    does = Predicate(("be", f"called {who.words.en}"), ("se appeler", who.words.fr), Ko(bare, "이"))
    owner = whose.words
    return g.entry(
        f"{owner.en}'s name is {who.words.en}",
        g.fr_clause(whose, does),
        f"{owner.ko}의 이름은 {does.ko.finish()}",
    )


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (profession, 1400),
        (becoming, 700),
        (nationality, 700),
        (origin, 700),
        (living, 1000),
        (duration, 700),
        (language, 700),
        (age, 500),
        (mood, 900),
        (character, 900),
        (taller, 800),
        (feeling, 800),
        (health, 500),
        (kin, 600),
        (having, 900),
        (wearing, 150),
        (name, 40),
    )
}
