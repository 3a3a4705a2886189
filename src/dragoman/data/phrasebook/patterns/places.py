"""Places: where things are, how to get there, who is there."""

from __future__ import annotations

from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Predicate, Say, Words
from dragoman.data.phrasebook.korean import Ko, attach
from dragoman.data.phrasebook.lexicon.people import THIRD, YOU
from dragoman.data.phrasebook.lexicon.things import (
    ANIMALS,
    CITIES,
    FURNITURE,
    NUMBERS,
    PLACES,
    POSITIONS,
    SMALL,
    SPOTS,
    VEHICLES,
)
from dragoman.data.phrasebook.patterns import draw

_LYING = [thing for thing in SMALL if thing.en != "gift"]
_IN_TOWN = [place for place in PLACES if place.en not in ("airport", "beach")]
_ROOMS = [furniture for furniture in FURNITURE if furniture.en != "lamp"]


def _at(place: Words, position: Words) -> Words:
    return Words(
        f"{position.en} {place.en}", f"{position.fr} {place.fr}", f"{place.ko} {position.ko}에"
    )


def place_at(rng: Random) -> Entry | None:
    """The bank is next to the station; is the park near the museum?"""
    place, other = rng.sample(_IN_TOWN, 2)
    where = _at(other.the, rng.choice(POSITIONS))
    en, fr = f"the {place.en}", place.the.fr
    ko = f"{attach(place.ko, '은')} {where.ko} 있어요"
    if rng.random() < 0.25:
        return g.entry(f"is {en} {where.en}", f"est-ce que {fr} est {where.fr}", ko, "?")
    return g.entry(f"{en} is {where.en}", f"{fr} est {where.fr}", ko)


def where_is(rng: Random) -> Entry | None:
    """Where is the station? Excuse me, sir, where is the bank?"""
    place = rng.choice([*PLACES, *SMALL])
    en, fr = f"where is the {place.en}", f"où est {place.the.fr}"
    ko = f"{attach(place.ko, '은')} 어디에"
    roll = rng.randrange(3) if place in PLACES else 0
    if roll == 0:
        return g.entry(en, fr, f"{ko} 있어요", "?")
    title = ("sir", "monsieur") if roll == 1 else ("madam", "madame")
    return g.entry(
        f"excuse me, {title[0]}, {en}",
        f"excusez-moi, {title[1]}, {fr}",
        f"실례합니다, {ko} 있습니까",
        "?",
    )


def near_here(rng: Random) -> Entry | None:
    """Is there a bank near here? There is a pharmacy near the hotel."""
    place, other = rng.sample(_IN_TOWN, 2)
    one = place.indefinite
    if rng.random() < 0.15:
        return g.entry(
            f"is there {one.en} near here",
            f"est-ce qu'il y a {one.fr} près d'ici",
            f"이 근처에 {attach(one.ko, '이')} 있어요",
            "?",
        )
    where = _at(other.the, rng.choice(POSITIONS))
    ko = f"{where.ko} {attach(one.ko, '이')}"
    if rng.random() < 0.3:
        return g.entry(
            f"is there {one.en} {where.en}",
            f"est-ce qu'il y a {one.fr} {where.fr}",
            f"{ko} 있어요",
            "?",
        )
    if rng.random() < 0.3:
        return g.entry(
            f"there isn't {one.en} {where.en}",
            f"il n'y a pas de {place.fr} {where.fr}",
            f"{ko} 없어요",
        )
    return g.entry(f"there is {one.en} {where.en}", f"il y a {one.fr} {where.fr}", f"{ko} 있어요")


def thing_at(rng: Random) -> Entry | None:
    """The key is on the table; is my bag under the bed?"""
    thing, other = rng.choice(_LYING), rng.choice(_ROOMS)
    where = _at(other.the, rng.choice(SPOTS))
    owner = rng.choice(("", "my", "your", "his", "her"))
    who = thing.of(owner) if owner else thing.the
    if rng.random() < 0.3:
        return g.entry(
            f"is {who.en} {where.en}",
            f"est-ce que {who.fr} est {where.fr}",
            f"{attach(who.ko, '은')} {where.ko} 있어요",
            "?",
        )
    if rng.random() < 0.25:
        return g.entry(
            f"{who.en} isn't {where.en}",
            f"{who.fr} n'est pas {where.fr}",
            f"{attach(who.ko, '은')} {where.ko} 없어요",
        )
    return g.entry(
        f"{who.en} is {where.en}",
        f"{who.fr} est {where.fr}",
        f"{attach(who.ko, '은')} {where.ko} 있어요",
    )


def there_are(rng: Random) -> Entry | None:
    """There are three books on the table; there is a cat under the chair."""
    thing = rng.choice([*_LYING, *ANIMALS[:2]])
    where = _at(rng.choice(_ROOMS).the, rng.choice(SPOTS))
    en, fr, ko, _ = rng.choice(NUMBERS[1:6])
    if rng.random() < 0.3:
        one = thing.indefinite
        return g.entry(
            f"there is {one.en} {where.en}",
            f"il y a {one.fr} {where.fr}",
            f"{where.ko} {attach(one.ko, '이')} 있어요",
        )
    many = thing.plural
    korean = f"{where.ko} {attach(many.ko, '이')} {ko} {thing.counter} 있어요"
    return g.entry(
        f"there are {en} {many.en} {where.en}", f"il y a {fr} {many.fr} {where.fr}", korean
    )


def by_vehicle(rng: Random) -> Entry | None:
    """I go to the office by bus; did you go to Lyon by train?"""
    who, roll = draw.someone(rng), rng.randrange(4)
    vehicle = rng.choice([v for v in VEHICLES if v.en != "by train"])
    if rng.random() < 0.35:
        city = rng.choice(CITIES)
        place = Words(city.en, f"à {city.fr}", city.ko)
        vehicle = rng.choice((VEHICLES[0], VEHICLES[1], VEHICLES[2]))
        if city.en in ("New York", "Tokyo", "Seoul", "Busan") and vehicle is not VEHICLES[1]:
            return None
        roll = rng.randrange(1, 4)
    else:
        spot = rng.choice([p for p in PLACES if p.en not in ("church", "school")])
        place = Words(f"the {spot.en}", f"à {spot.the.fr}", spot.ko)
    does = Predicate(
        ("go", f"to {place.en} {vehicle.en}"),
        ("aller", f"{place.fr} {vehicle.fr}"),
        Ko(f"{vehicle.ko} {place.ko}에", "가"),
    )
    if roll == 0:
        return g.statement(who, does)
    if roll == 1:
        return g.question(draw.asked(rng), does, Say(tense="past"))
    when, tense = rng.choice(
        (
            (Words("yesterday", "hier", "어제"), "past"),
            (Words("tomorrow", "demain", "내일"), "future"),
        )
    )
    return g.statement(who, does, Say(tense="past" if tense == "past" else "future", when=when))


def how_to_go(rng: Random) -> Entry | None:
    """Sir, how do I go to the museum? The museum is far from the hotel."""
    place, other = rng.sample(PLACES, 2)
    roll = rng.randrange(3)
    to = f"à {place.the.fr}"
    if roll == 0:
        title = rng.choice((("sir", "monsieur"), ("madam", "madame")))
        return g.entry(
            f"excuse me, {title[0]}, how do I go to the {place.en}",
            f"excusez-moi, {title[1]}, comment est-ce que je vais {to}",
            f"실례합니다, {place.ko}에 어떻게 갑니까",
            "?",
        )
    far = rng.random() < 0.6
    en, fr, ko = ("far from", "loin de", "멀어요") if far else ("close to", "près de", "가까워요")
    tail = (
        f"{en} the {other.en}",
        f"{fr} {other.the.fr}",
        f"{attach(place.ko, '은')} {other.ko}에서 {ko}",
    )
    if roll == 1:
        return g.entry(
            f"is the {place.en} {tail[0]}", f"est-ce que {place.the.fr} est {tail[1]}", tail[2], "?"
        )
    return g.entry(f"the {place.en} is {tail[0]}", f"{place.the.fr} est {tail[1]}", tail[2])


def visiting(rng: Random) -> Entry | None:
    """We will visit the museum in Rome; who is at the station?"""
    who = draw.someone(rng) if rng.random() < 0.7 else rng.choice(THIRD)
    place = rng.choice([p for p in PLACES if p.en not in ("church", "school")])
    does = Predicate(
        ("be", f"at the {place.en}"),
        ("être", f"à {place.the.fr}"),
        Ko(f"{place.ko}에", "있", exists=True),
    )
    when = rng.choice((Words("now", "maintenant", "지금"), Words("today", "aujourd'hui", "오늘")))
    roll = rng.randrange(4)
    if roll == 0:
        return g.question(YOU if rng.random() < 0.3 else draw.asked(rng), does, Say(when=when))
    if roll == 1:
        return g.statement(who, does, Say(tense="past", when=Words("yesterday", "hier", "어제")))
    return g.statement(who, does, Say(when=when))


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (place_at, 900),
        (where_is, 150),
        (near_here, 900),
        (thing_at, 800),
        (there_are, 700),
        (by_vehicle, 900),
        (how_to_go, 600),
        (visiting, 800),
    )
}
