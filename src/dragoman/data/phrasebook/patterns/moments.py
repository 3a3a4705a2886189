"""Hours, days and the weather."""

from __future__ import annotations

from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Say, Subject, Words
from dragoman.data.phrasebook.korean import attach
from dragoman.data.phrasebook.lexicon.tables import Noun, predicate, rows
from dragoman.data.phrasebook.lexicon.things import CITIES, COUNTRIES, NUMBERS, PLACES
from dragoman.data.phrasebook.lexicon.times import DAYS, MONTHS, SEASONS
from dragoman.data.phrasebook.patterns import draw

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
        noun = rng.choice(
            [p for p in PLACES if p.en not in ("park", "beach", "airport", "station", "hospital")]
        )
        verb = rng.choice(_OPENING)
        subject = Words(f"the {noun.en}", noun.the.fr, noun.ko)
    else:
        noun, city = rng.choice(_TRANSPORT), rng.choice(CITIES[:8])
        verb = rng.choice(_LEAVING)
        subject = Words(
            f"the {noun.en} to {city.en}", f"{noun.the.fr} pour {city.fr}", f"{city.ko}행 {noun.ko}"
        )
    who = Subject(subject)
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
        return g.entry(
            f"it is {hour.en}",
            f"il est {hour.fr}",
            f"{hour.ko}예요" if hour.ko[-1] == "시" else f"{hour.ko}이에요",
        )
    day = rng.choice(DAYS)
    when, fr, ko = rng.choice(
        (("today is", "aujourd'hui, c'est", "오늘은"), ("tomorrow is", "demain, c'est", "내일은"))
    )
    return g.entry(f"{when} {day.en}", f"{fr} {day.fr}", f"{ko} {day.ko}이에요")


_SKY = tuple(
    rows(table)
    for table in (
        """
it is raining | il pleut | 비가 와요
it is snowing | il neige | 눈이 와요
it is cold | il fait froid | 추워요
it is hot | il fait chaud | 더워요
it is windy | il y a du vent | 바람이 불어요
the weather is nice | il fait beau | 날씨가 좋아요
the weather is bad | il fait mauvais | 날씨가 나빠요
""",
        """
it rained | il a plu | 비가 왔어요
it snowed | il a neigé | 눈이 왔어요
it was cold | il a fait froid | 추웠어요
it was hot | il a fait chaud | 더웠어요
it was windy | il y a eu du vent | 바람이 불었어요
the weather was nice | il a fait beau | 날씨가 좋았어요
the weather was bad | il a fait mauvais | 날씨가 나빴어요
""",
        """
it will rain | il pleuvra | 비가 올 거예요
it will snow | il neigera | 눈이 올 거예요
it will be cold | il fera froid | 추울 거예요
it will be hot | il fera chaud | 더울 거예요
it will be windy | il y aura du vent | 바람이 불 거예요
the weather will be nice | il fera beau | 날씨가 좋을 거예요
the weather will be bad | il fera mauvais | 날씨가 나쁠 거예요
""",
    )
)
"""The weather of today, of days past and of days to come."""
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
    tense = rng.randrange(3)
    en, fr, ko = rng.choice(_SKY[tense])
    when = rng.choice(_SKY_TIMES[tense][: 1 if tense == 0 else None])
    if rng.random() < 0.4:
        country = rng.choice(COUNTRIES)
        where = Words(f"in {country[0]}", country[1], country[3])
    else:
        city = rng.choice(CITIES)
        where = Words(f"in {city.en}", f"à {city.fr}", city.ko)
    if rng.random() < 0.1:
        where = Words()
    if ko.startswith("눈") and where.ko == "브라질":
        return None
    return g.entry(
        g.join(en, where.en, when.en),
        g.join(fr, where.fr, when.fr),
        g.join(when.ko, _region(where, ko), ko),
    )


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
    return g.entry(
        f"{en} in {where.en} {when.en}",
        f"{fr} {where.fr} {when.fr}",
        f"{_region(where, ko, '에는')} {when.ko} {ko}",
    )


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (hours, 800),
        (routine, 1000),
        (clock, 60),
        (weather, 500),
        (climate, 500),
    )
}
