"""Places: where things are, how to get there, what the weather is, when it opens."""

from __future__ import annotations

from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Predicate, Say, Words
from dragoman.data.phrasebook.korean import Ko, attach
from dragoman.data.phrasebook.lexicon.people import THIRD, YOU
from dragoman.data.phrasebook.lexicon.tables import Noun, predicate, rows
from dragoman.data.phrasebook.lexicon.things import (
    ANIMALS,
    CITIES,
    COUNTRIES,
    FURNITURE,
    NUMBERS,
    PLACES,
    POSITIONS,
    SMALL,
    SPOTS,
    VEHICLES,
)
from dragoman.data.phrasebook.lexicon.times import DAYS, MONTHS, SEASONS
from dragoman.data.phrasebook.patterns import draw

_LYING = [thing for thing in SMALL if thing.en != "gift"]
_ROOMS = [furniture for furniture in FURNITURE if furniture.en != "lamp"]


def _at(place: Words, position: Words) -> Words:
    return Words(f"{position.en} {place.en}", f"{position.fr} {place.fr}", f"{place.ko} {position.ko}에")


def place_at(rng: Random) -> Entry | None:
    """The bank is next to the station; is the park near the museum?"""
    place, other = rng.sample(PLACES, 2)
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
        f"excuse me, {title[0]}, {en}", f"excusez-moi, {title[1]}, {fr}", f"실례합니다, {ko} 있습니까", "?"
    )


def near_here(rng: Random) -> Entry | None:
    """Is there a bank near here? There is a pharmacy near the hotel."""
    place, other = rng.sample(PLACES, 2)
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
            f"is there {one.en} {where.en}", f"est-ce qu'il y a {one.fr} {where.fr}", f"{ko} 있어요", "?"
        )
    if rng.random() < 0.3:
        return g.entry(
            f"there isn't {one.en} {where.en}", f"il n'y a pas de {place.fr} {where.fr}", f"{ko} 없어요"
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
            f"is {who.en} {where.en}", f"est-ce que {who.fr} est {where.fr}", f"{attach(who.ko, '은')} {where.ko} 있어요", "?"
        )
    if rng.random() < 0.25:
        return g.entry(
            f"{who.en} isn't {where.en}", f"{who.fr} n'est pas {where.fr}", f"{attach(who.ko, '은')} {where.ko} 없어요"
        )
    return g.entry(f"{who.en} is {where.en}", f"{who.fr} est {where.fr}", f"{attach(who.ko, '은')} {where.ko} 있어요")


def there_are(rng: Random) -> Entry | None:
    """There are three books on the table; there is a cat under the chair."""
    thing = rng.choice([*_LYING, *ANIMALS[:2]])
    where = _at(rng.choice(_ROOMS).the, rng.choice(SPOTS))
    en, fr, ko, _ = rng.choice(NUMBERS[1:6])
    if rng.random() < 0.3:
        one = thing.indefinite
        return g.entry(
            f"there is {one.en} {where.en}", f"il y a {one.fr} {where.fr}", f"{where.ko} {attach(one.ko, '이')} 있어요"
        )
    many = thing.plural
    korean = f"{where.ko} {attach(many.ko, '이')} {ko} {thing.counter} 있어요"
    return g.entry(f"there are {en} {many.en} {where.en}", f"il y a {fr} {many.fr} {where.fr}", korean)


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
        spot = rng.choice(PLACES)
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


_HOURS = [(en, fr, ko) for en, fr, ko, _ in NUMBERS[:12] if en != "twelve"]


def _hour(rng: Random, earliest: int = 1, latest: int = 11) -> Words:
    """An hour of the clock, whole or with its half or quarter."""
    en, fr, ko = rng.choice(_HOURS[earliest - 1 : latest])
    hour = Words(f"{en} o'clock", "une heure" if fr == "un" else f"{fr} heures", f"{ko} 시")
    roll = rng.random()
    if roll < 0.3:
        return Words(f"half past {en}", f"{hour.fr} et demie", f"{hour.ko} 반")
    if roll < 0.5:
        return Words(f"quarter past {en}", f"{hour.fr} et quart", f"{hour.ko} 십오 분")
    return hour


_OPENING = (
    ("open", "ouvrir", "문을 열"),
    ("close", "fermer", "문을 닫"),
)
_LEAVING = (("leave", "partir", "출발하"), ("arrive", "arriver", "도착하"))
_LIKELY = {"open": (7, 11), "close": (5, 10), "leave": (1, 11), "arrive": (1, 11)}
_TRANSPORT = (
    Noun("train", "train", "기차", False),
    Noun("bus", "bus", "버스", False),
    Noun("plane", "avion", "비행기", False),
)


def hours(rng: Random) -> Entry | None:
    """The bank opens at nine o'clock; when does the train for Paris leave?"""
    if rng.random() < 0.5:
        noun = rng.choice([p for p in PLACES if p.en not in ("park", "beach", "airport", "station", "hospital")])
        verb = rng.choice(_OPENING)
        subject = Words(f"the {noun.en}", noun.the.fr, noun.ko)
    else:
        noun, city = rng.choice(_TRANSPORT), rng.choice(CITIES[:8])
        verb = rng.choice(_LEAVING)
        subject = Words(f"the {noun.en} to {city.en}", f"{noun.the.fr} pour {city.fr}", f"{city.ko}행 {noun.ko}")
    who = g.Subject(subject)
    does = predicate(verb[0], verb[1], verb[2] + "다")
    if rng.random() < 0.2:
        return g.entry(
            f"what time {g.en_question(who, does)}",
            f"à quelle heure est-ce que {g.fr_clause(who, does)}",
            f"{who.topic} 몇 시에 {does.ko.finish()}",
            "?",
        )
    hour = _hour(rng, *_LIKELY[verb[0]])
    when = Words(f"at {hour.en}", f"à {hour.fr}", f"{hour.ko}에")
    if rng.random() < 0.2:
        return g.question(who, does, Say(when=when))
    return g.statement(who, does, Say(when=when))


_ROUTINE = rows("""
get up | se lever | 일어나 | 6 10
go to bed | se coucher | 자 | 9 11
start work | commencer le travail | 일을 시작하 | 7 10
finish work | finir le travail | 일을 끝내 | 4 8
have lunch | déjeuner | 점심을 먹 | 1 2
have dinner | dîner | 저녁을 먹 | 6 9
leave the house | sortir de la maison | 집에서 나가 | 6 9
go home | rentrer à la maison | 집에 가 | 4 9
arrive at the office | arriver au bureau | 사무실에 도착하 | 7 10
take the train | prendre le train | 기차를 타 | 1 11
""")


def routine(rng: Random) -> Entry | None:
    """My father gets up at six o'clock; I had lunch at half past twelve."""
    en, fr, ko, between = rng.choice(_ROUTINE)
    does = predicate(en, fr, ko + "다")
    hour = _hour(rng, *map(int, between.split()))
    at = Words(f"at {hour.en}", f"à {hour.fr}", f"{hour.ko}에")
    roll = rng.randrange(4)
    if roll == 0:
        return g.question(draw.asked(rng), does, Say(when=at))
    who = draw.someone(rng)
    if roll == 1:
        return g.statement(who, does, Say(tense="past", when=at))
    if roll == 2:
        return g.statement(who, g.obliged(does, who), Say(when=at))
    return g.statement(who, does, Say(when=at))


def clock(rng: Random) -> Entry | None:
    """It is half past three; today is Monday."""
    if rng.random() < 0.7:
        hour = _hour(rng)
        return g.entry(f"it is {hour.en}", f"il est {hour.fr}", f"{hour.ko}예요" if hour.ko[-1] == "시" else f"{hour.ko}이에요")
    day = rng.choice(DAYS)
    when, fr, ko = rng.choice((("today is", "aujourd'hui, c'est", "오늘은"), ("tomorrow is", "demain, c'est", "내일은")))
    return g.entry(f"{when} {day.en}", f"{fr} {day.fr}", f"{ko} {day.ko}이에요")


_WEATHER = rows("""
it is raining | il pleut | 비가 와요 | it rained | il a plu | 비가 왔어요 | it will rain | il pleuvra | 비가 올 거예요
it is snowing | il neige | 눈이 와요 | it snowed | il a neigé | 눈이 왔어요 | it will snow | il neigera | 눈이 올 거예요
it is cold | il fait froid | 추워요 | it was cold | il a fait froid | 추웠어요 | it will be cold | il fera froid | 추울 거예요
it is hot | il fait chaud | 더워요 | it was hot | il a fait chaud | 더웠어요 | it will be hot | il fera chaud | 더울 거예요
it is windy | il y a du vent | 바람이 불어요 | it was windy | il y a eu du vent | 바람이 불었어요 | it will be windy | il y aura du vent | 바람이 불 거예요
the weather is nice | il fait beau | 날씨가 좋아요 | the weather was nice | il a fait beau | 날씨가 좋았어요 | the weather will be nice | il fera beau | 날씨가 좋을 거예요
the weather is bad | il fait mauvais | 날씨가 나빠요 | the weather was bad | il a fait mauvais | 날씨가 나빴어요 | the weather will be bad | il fera mauvais | 날씨가 나쁠 거예요
""")
_SKY_TIMES = (
    (Words("today", "aujourd'hui", "오늘"), Words("this morning", "ce matin", "오늘 아침에")),
    (
        Words("yesterday", "hier", "어제"),
        Words("last night", "hier soir", "어젯밤에"),
        Words("last week", "la semaine dernière", "지난주에"),
        Words("last weekend", "le week-end dernier", "지난 주말에"),
    ),
    (
        Words("tomorrow", "demain", "내일"),
        Words("tomorrow morning", "demain matin", "내일 아침에"),
        Words("tonight", "ce soir", "오늘 저녁에"),
        Words("this weekend", "ce week-end", "이번 주말에"),
        Words("next week", "la semaine prochaine", "다음 주에"),
    ),
)


def _region(where: Words, weather: str, particle: str = "에") -> str:
    """The place of the weather: where rain falls, or what is cold."""
    if not where.ko:
        return ""
    return where.ko + particle if weather[0] in "비눈바" else attach(where.ko, "은")


def weather(rng: Random) -> Entry | None:
    """It will rain in Paris tomorrow."""
    row, tense = rng.choice(_WEATHER), rng.randrange(3)
    en, fr, ko = row[3 * tense : 3 * tense + 3]
    when = rng.choice(_SKY_TIMES[tense][: 1 if tense == 0 else None])
    if rng.random() < 0.4:
        country = rng.choice(COUNTRIES)
        where = Words(f"in {country[0]}", country[1], country[3])
    else:
        city = rng.choice(CITIES)
        where = Words(f"in {city.en}", f"à {city.fr}", city.ko)
    if rng.random() < 0.1:
        where = Words()
    return g.entry(g.join(en, where.en, when.en), g.join(fr, where.fr, when.fr), g.join(when.ko, _region(where, ko), ko))


_CLIMATE = rows("""
it rains a lot | il pleut beaucoup | 비가 많이 와요
it snows a lot | il neige beaucoup | 눈이 많이 와요
it is very cold | il fait très froid | 아주 추워요
it is very hot | il fait très chaud | 아주 더워요
it is often windy | il y a souvent du vent | 바람이 자주 불어요
it rarely rains | il pleut rarement | 비가 거의 오지 않아요
""")


def climate(rng: Random) -> Entry | None:
    """It snows a lot in Canada in winter; it is very hot in Rome in August."""
    en, fr, ko = rng.choice(_CLIMATE)
    warm, cold = en.endswith("hot"), en.startswith("it snows") or en.endswith("cold")
    country = rng.choice(COUNTRIES)
    where = Words(country[0], country[1], country[3])
    if rng.random() < 0.5:
        city = rng.choice(CITIES)
        where = Words(city.en, f"à {city.fr}", city.ko)
    if rng.random() < 0.5:
        when = rng.choice(SEASONS[1:2] if warm else SEASONS[3:] if cold else SEASONS)
    else:
        month = rng.choice(MONTHS[6:8] if warm else [*MONTHS[:2], MONTHS[11]] if cold else MONTHS)
        when = Words(f"in {month.en}", f"en {month.fr}", f"{month.ko}에")
    if where.en == "Brazil" and (cold or warm):
        return None
    return g.entry(f"{en} in {where.en} {when.en}", f"{fr} {where.fr} {when.fr}", f"{_region(where, ko, '에는')} {when.ko} {ko}")


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
    tail = (f"{en} the {other.en}", f"{fr} {other.the.fr}", f"{attach(place.ko, '은')} {other.ko}에서 {ko}")
    if roll == 1:
        return g.entry(f"is the {place.en} {tail[0]}", f"est-ce que {place.the.fr} est {tail[1]}", tail[2], "?")
    return g.entry(f"the {place.en} is {tail[0]}", f"{place.the.fr} est {tail[1]}", tail[2])


def visiting(rng: Random) -> Entry | None:
    """We will visit the museum in Rome; who is at the station?"""
    who = draw.someone(rng) if rng.random() < 0.7 else rng.choice(THIRD)
    place = rng.choice(PLACES)
    does = Predicate(
        ("be", f"at the {place.en}"), ("être", f"à {place.the.fr}"), Ko(f"{place.ko}에", "있", exists=True)
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
        (hours, 800),
        (routine, 1000),
        (clock, 60),
        (weather, 500),
        (climate, 500),
        (how_to_go, 600),
        (visiting, 800),
    )
}
