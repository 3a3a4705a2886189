"""Two clauses: because, if, that, and, but, while, before, in order to."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Predicate, Say, Subject, Words
from dragoman.data.phrasebook.korean import Ko, attach, eu
from dragoman.data.phrasebook.lexicon.actions import MEALS, SPEAKING
from dragoman.data.phrasebook.lexicon.people import (
    CHARACTERS,
    HE,
    MOODS,
    PRONOUNS,
    SHE,
    THEY,
    THIRD,
    I,
)
from dragoman.data.phrasebook.lexicon.tables import predicate, predicates
from dragoman.data.phrasebook.lexicon.things import CITIES, DISHES, DRINKS, FOODS
from dragoman.data.phrasebook.lexicon.times import FUTURE, HABIT, PAST
from dragoman.data.phrasebook.patterns import draw


def _topic_form(noun: Words) -> str:
    return attach(noun.ko, "은")


_NO_WORK = predicates("""
stay at home | rester à la maison | 집에 있다 | exists
rest | se reposer | 쉬다
go home | rentrer à la maison | 집에 가다
go to bed early | se coucher tôt | 일찍 자다
""")
_CANNOT = predicates("""
go to school | aller à l'école | 학교에 가다
go to work | aller au travail | 회사에 가다
go to the park | aller au parc | 공원에 가다
go to the market | aller au marché | 시장에 가다
play tennis | jouer au tennis | 테니스를 치다
play football | jouer au football | 축구를 하다
study | étudier | 공부하다
work | travailler | 일하다
drive | conduire | 운전하다
dance | danser | 춤을 추다
cook dinner | préparer le dîner | 저녁을 준비하다
come to the restaurant | venir au restaurant | 식당에 오다
watch the movie | regarder le film | 영화를 보다
""")
_MEETING = {mood.en: mood.predicate for mood in MOODS}
_HUNGRY = predicate("be hungry", "avoir faim", "배가 고프다", "adj")
_THIRSTY = predicate("be thirsty", "avoir soif", "목이 마르다", "adj")
_SLEEPY = predicate("be sleepy", "avoir sommeil", "졸리다", "adj")
_EATING = [m for m in MEALS if m.en[0] == "eat" and "habit" not in m.tags]
_DRINKING = [m for m in MEALS if m.en[0] == "drink" and "wine" not in m.en[1]]
_CAUSES = [
    ([_HUNGRY], _EATING, (g.wanting, g.going)),
    ([_THIRSTY], _DRINKING, (g.wanting, g.going)),
    ([_MEETING["tired"], _MEETING["sick"], _SLEEPY], _NO_WORK, (g.wanting, g.going, g.obliged)),
    ([_MEETING["tired"], _MEETING["sick"], _MEETING["busy"], _SLEEPY], _CANNOT, (g.able, g.able)),
]


def _again(subject: Subject) -> Subject:
    """The subject as its pronoun, left out in Korean."""
    pronoun = subject.pronoun
    return replace(subject, words=Words(pronoun.en, pronoun.fr))


def because(rng: Random) -> Entry | None:
    """Marie wants to rest because she is tired."""
    causes, results, wraps = rng.choice(_CAUSES)
    who, wrap = draw.someone(rng), rng.choice(wraps)
    cause, result = rng.choice(causes), wrap(rng.choice(results), who)
    say = Say(negation="pas" if wrap is g.able else "")
    because = cause.ko.honorific() if who.honorific else cause.ko
    return g.entry(
        f"{g.en_clause(who, result, say)} because {g.en_clause(_again(who), cause)}",
        f"{g.fr_clause(who, result, say)} parce que {g.fr_clause(_again(who), cause)}",
        f"{who.topic} {because.reason()} {g.ko_clause(who, result, say, '')}",
    )


_FINE = [
    (Words("the weather is nice", "il fait beau", "날씨가 좋으면"), True),
    (Words("it is hot", "il fait chaud", "더우면"), True),
    (Words("it rains", "il pleut", "비가 오면"), False),
    (Words("it snows", "il neige", "눈이 오면"), False),
    (Words("it is cold", "il fait froid", "추우면"), False),
]
_OUTDOORS = predicates("""
walk in the park | se promener dans le parc | 공원에서 산책하다
go to the beach | aller à la plage | 해변에 가다
go to the swimming pool | aller à la piscine | 수영장에 가다
play tennis | jouer au tennis | 테니스를 치다
play football | jouer au football | 축구를 하다
work in the garden | travailler dans le jardin | 정원에서 일하다
eat ice cream | manger de la glace | 아이스크림을 먹다
ride a bicycle | faire du vélo | 자전거를 타다
walk the dog | promener le chien | 개를 산책시키다
take photos | prendre des photos | 사진을 찍다
swim | nager | 수영하다
""")
_INDOORS = predicates("""
stay at home | rester à la maison | 집에 있다 | exists
watch a movie | regarder un film | 영화를 보다
read a book | lire un livre | 책을 읽다
go to the library | aller à la bibliothèque | 도서관에 가다
go to the museum | aller au musée | 박물관에 가다
go to the cinema | aller au cinéma | 영화관에 가다
drink hot chocolate | boire du chocolat chaud | 핫초코를 마시다
make soup | faire de la soupe | 수프를 만들다
take the bus | prendre le bus | 버스를 타다
work at home | travailler à la maison | 집에서 일하다
clean the house | nettoyer la maison | 집을 청소하다
play the piano | jouer du piano | 피아노를 치다
""")


def if_weather(rng: Random) -> Entry | None:
    """If it rains tomorrow, we will stay at home."""
    condition, outdoors = rng.choice(_FINE)
    does = rng.choice(_OUTDOORS if outdoors else _INDOORS)
    when = rng.choice(
        (
            Words("tomorrow", "demain", "내일"),
            Words("this weekend", "ce week-end", "이번 주말에"),
            Words("tomorrow morning", "demain matin", "내일 아침에"),
        )
    )
    who, say = draw.someone(rng), Say(tense="future")
    return g.entry(
        f"if {condition.en} {when.en}, {g.en_clause(who, does, say)}",
        f"si {condition.fr} {when.fr}, {g.fr_clause(who, does, say)}",
        f"{when.ko} {condition.ko} {g.ko_clause(who, does, say)}",
    )


_THINK = predicate("think that", "penser que", "생각하다")
_SAYS = predicate("say that", "dire que", "말하다")


def that(rng: Random) -> Entry | None:
    """I think that Paul is tired; Marie says that he will come."""
    verb = rng.choice((_THINK, _SAYS))
    speaker = I if verb is _THINK and rng.random() < 0.5 else rng.choice(THIRD)
    who = rng.choice(THIRD)
    if who.words == speaker.words or (speaker is not I and who in (HE, SHE, THEY)):
        return None
    roll = rng.randrange(4)
    if roll == 0 and not who.plural:
        does = rng.choice(MOODS + CHARACTERS).predicate
        say = Say()
    elif roll == 1:
        does, say = draw.action(rng, draw.EVENTS), Say(tense="past")
    elif roll == 2:
        does = draw.action(rng, draw.EVENTS)
        when = draw.time_for(rng, does, FUTURE)
        if when is None:
            return None
        say = Say(tense="future", when=when)
    else:
        does, say = rng.choice(SPEAKING), Say()
    ko = does.ko.honorific() if who.honorific else does.ko
    quoted = ko.quoted(say.tense)
    return g.entry(
        f"{g.en_clause(speaker, verb)} {g.en_clause(who, does, say)}",
        f"{g.fr_clause(speaker, verb)} {g.fr_clause(who, does, say)}",
        g.join(speaker.topic, who.nominative, say.when.ko, quoted)
        + " "
        + verb.ko.finish(honorific=speaker.honorific),
    )


def both(rng: Random) -> Entry | None:
    """Marie is reading a book and Paul is making coffee."""
    first, second = draw.someone(rng), draw.someone(rng)
    if first.words == second.words or first in PRONOUNS or second in PRONOUNS[1:]:
        return None
    one, other = draw.action(rng, draw.CALM), draw.action(rng, draw.CALM)
    if one.en == other.en:
        return None
    link = one.ko.honorific() if first.honorific else one.ko
    return g.entry(
        f"{g.en_clause(first, g.progressive(one))} and {g.en_clause(second, g.progressive(other))}",
        f"{g.fr_clause(first, one)} et {g.fr_clause(second, other)}",
        f"{first.topic} {link.form(link.stem + '고')} {g.ko_clause(second, g.progressive(other))}",
    )


def while_(rng: Random) -> Entry | None:
    """While Marie is cooking, Paul is doing the dishes."""
    first, second = draw.someone(rng), draw.someone(rng)
    if first.words == second.words or first in PRONOUNS or second in PRONOUNS[1:]:
        return None
    one, other = draw.action(rng, draw.CALM), draw.action(rng, draw.CALM)
    if one.en == other.en:
        return None
    during = one.ko.honorific() if first.honorific else one.ko
    return g.entry(
        f"while {g.en_clause(first, g.progressive(one))}, "
        f"{g.en_clause(second, g.progressive(other))}",
        f"pendant que {g.fr_clause(first, one)}, {g.fr_clause(second, other)}",
        f"{first.nominative} {during.adnominal()} 동안 {g.ko_clause(second, other)}",
    )


_TASTES = ([*DISHES, *FOODS], DRINKS)


def taste(rng: Random) -> Entry | None:
    """I like coffee, but I don't like tea; do you like fish? she prefers apples."""
    one, other = rng.sample(_TASTES[rng.random() < 0.3], 2)
    roll, who = rng.randrange(4), draw.someone(rng)
    like = _liking(one.generic)
    if roll == 0:
        return g.question(draw.asked(rng), like)
    if roll == 1:
        return g.statement(who, like, Say(negation=rng.choice(("", "pas"))))
    if roll == 2:
        dislike = _liking(other.generic)
        no, pronoun = Say(negation="pas"), _again(who)
        ko = like.ko.honorific() if who.honorific else like.ko
        contrast = replace(dislike.ko, head=_topic_form(other.generic)).negated()
        end = contrast.finish(honorific=who.honorific)
        return g.entry(
            f"{g.en_clause(who, like)}, but {g.en_clause(pronoun, dislike, no)}",
            f"{g.fr_clause(who, like)}, mais {g.fr_clause(pronoun, dislike, no)}",
            f"{who.topic} {ko.form(ko.stem + '지만')} {end}",
        )
    thing, than = one.generic, other.generic
    prefer = Predicate(
        ("prefer", f"{thing.en} to {than.en}"),
        ("préférer", f"{thing.fr} à {than.fr}"),
        Ko(f"{than.ko}보다 {attach(thing.ko, '을')} 더", "좋아하"),
    )
    if rng.random() < 0.3:
        return g.question(draw.asked(rng), prefer)
    return g.statement(who, prefer)


def _liking(thing: Words) -> g.Predicate:
    ko = Ko(attach(thing.ko, "을"), "좋아하")
    return Predicate(("like", thing.en), ("aimer", thing.fr), ko)


_FIRST = predicates("""
go to bed | se coucher | 자다
work | travailler | 일하다
leave the house | sortir de la maison | 집에서 나가다
go to school | aller à l'école | 학교에 가다
go to work | aller au travail | 회사에 가다
have dinner | dîner | 저녁을 먹다
sleep | dormir | 자다
go home | rentrer à la maison | 집에 가다
""")


def before(rng: Random) -> Entry | None:
    """My sister drinks tea before working."""
    who, then = draw.someone(rng), rng.choice(_FIRST)
    does = draw.action(rng, draw.BEFORE)
    if does.base == then.base or then.ko.stem == does.ko.stem == "자":
        return None
    later = then.ko.honorific() if who.honorific else then.ko
    if draw.clash(does, then):
        return None
    say = Say(tense=rng.choice(("present", "past")) if "habit" not in does.tags else "present")
    if "event" in does.tags:
        say = Say(tense="past")
    return g.entry(
        f"{g.en_clause(who, does, say)} before {then.gerund}",
        f"{g.fr_clause(who, does, say)} avant de {then.infinitive(who)}",
        f"{who.topic} {later.form(later.stem + '기')} 전에 {g.ko_clause(who, does, say, '')}",
    )


_PURPOSES = [
    (predicate(*place), [predicate(*aim) for aim in aims])
    for place, aims in (
        (
            ("go to the library", "aller à la bibliothèque", "도서관에 가다"),
            (
                ("read a book", "lire un livre", "책을 읽다"),
                ("study", "étudier", "공부하다"),
                ("study French", "étudier le français", "프랑스어를 공부하다"),
                ("study Korean", "étudier le coréen", "한국어를 공부하다"),
                ("study English", "étudier l'anglais", "영어를 공부하다"),
                ("do homework", "faire les devoirs", "숙제를 하다"),
            ),
        ),
        (
            ("go to the market", "aller au marché", "시장에 가다"),
            (
                ("buy apples", "acheter des pommes", "사과를 사다"),
                ("buy fish", "acheter du poisson", "생선을 사다"),
                ("buy strawberries", "acheter des fraises", "딸기를 사다"),
                ("buy cheese", "acheter du fromage", "치즈를 사다"),
                ("buy potatoes", "acheter des pommes de terre", "감자를 사다"),
            ),
        ),
        (
            ("go to the bakery", "aller à la boulangerie", "빵집에 가다"),
            (
                ("buy bread", "acheter du pain", "빵을 사다"),
                ("buy a cake", "acheter un gâteau", "케이크를 사다"),
            ),
        ),
        (
            ("go to the park", "aller au parc", "공원에 가다"),
            (
                ("walk the dog", "promener le chien", "개를 산책시키다"),
                ("play football", "jouer au football", "축구를 하다"),
                ("take photos", "prendre des photos", "사진을 찍다"),
                ("play with the children", "jouer avec les enfants", "아이들과 놀다"),
                ("draw", "dessiner", "그림을 그리다"),
            ),
        ),
        (
            ("go to the restaurant", "aller au restaurant", "식당에 가다"),
            (
                ("have lunch", "déjeuner", "점심을 먹다"),
                ("have dinner", "dîner", "저녁을 먹다"),
                ("eat fish", "manger du poisson", "생선을 먹다"),
                ("eat meat", "manger de la viande", "고기를 먹다"),
            ),
        ),
        (
            ("go to the bookstore", "aller à la librairie", "서점에 가다"),
            (
                ("buy a dictionary", "acheter un dictionnaire", "사전을 사다"),
                ("buy a novel", "acheter un roman", "소설을 사다"),
                ("buy a magazine", "acheter un magazine", "잡지를 사다"),
                ("buy a map", "acheter une carte", "지도를 사다"),
            ),
        ),
        *(
            (
                (f"go to {city.en}", f"aller à {city.fr}", f"{city.ko}에 가다"),
                (
                    ("work", "travailler", "일하다"),
                    ("visit the museum", "visiter le musée", "박물관을 구경하다"),
                    ("take photos", "prendre des photos", "사진을 찍다"),
                    ("rest", "se reposer", "쉬다"),
                ),
            )
            for city in CITIES[:6]
        ),
    )
]


def purpose(rng: Random) -> Entry | None:
    """He goes to the market to buy fish."""
    who = draw.someone(rng)
    going, aims = rng.choice(_PURPOSES)
    aim = rng.choice(aims)
    tense = rng.randrange(3)
    when = draw.time_for(rng, aim, (HABIT, PAST, FUTURE)[tense])
    city = going.en[1].split()[-1][0].isupper()
    if when is None or (tense == 0 and city):
        return None
    say = Say(tense=("present", "past", "future")[tense])
    ko = aim.ko.form(eu(aim.ko.stem, "러"))
    place = going.ko.head
    end = Ko(place, "가").finish(say.tense, honorific=who.honorific)
    return g.entry(
        f"{g.en_clause(who, going, say)} to {aim.base} {when.en}",
        f"{g.fr_clause(who, going, say)} pour {aim.infinitive(who)} {when.fr}",
        f"{who.topic} {when.ko} {ko} {end}",
    )


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (because, 1100),
        (if_weather, 900),
        (that, 1300),
        (both, 900),
        (while_, 600),
        (taste, 1500),
        (before, 700),
        (purpose, 900),
    )
}
