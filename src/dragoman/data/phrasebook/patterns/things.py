"""Things: what they are like, what they cost, whose they are, who gives them to whom."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Forms, Pattern, Predicate, Say, Subject, Words
from dragoman.data.phrasebook.korean import Ko, attach
from dragoman.data.phrasebook.lexicon.people import FAMILY, NAMES, YOU
from dragoman.data.phrasebook.lexicon.tables import Adjective, Noun, Possessor, rows
from dragoman.data.phrasebook.lexicon.things import (
    BOOKS,
    CLOTHES,
    COLOURS,
    DEVICES,
    DISHES,
    DRINKS,
    DWELLINGS,
    FOODS,
    FURNITURE,
    HUNDREDS,
    NUMBERS,
    QUALITIES,
    SMALL,
)
from dragoman.data.phrasebook.lexicon.times import FUTURE, PAST
from dragoman.data.phrasebook.patterns import draw

_CARRIED = [n for n in SMALL if n.en in ("bag", "umbrella", "dictionary", "notebook")]
_DESCRIBED: list[tuple[list[Noun], frozenset[str]]] = [
    (CLOTHES, frozenset({"clothes", "thing"})),
    (CLOTHES, frozenset({"clothes", "thing"})),
    (_CARRIED, frozenset({"small", "thing"})),
    (BOOKS[:4], frozenset({"book"})),
    (DEVICES, frozenset({"device", "thing"})),
    (FURNITURE, frozenset({"furniture", "thing"})),
    (DWELLINGS, frozenset({"home"})),
    (DWELLINGS[:2], frozenset({"price"})),
    ([*DISHES, *DRINKS, *FOODS], frozenset({"food"})),
]
_FITTING: list[tuple[list[Noun], list[Adjective]]] = [
    (things, [q for q in QUALITIES if q.kinds & kinds]) for things, kinds in _DESCRIBED
]
_OWNERS: tuple[Possessor, ...] = ("my", "my", "your", "his", "her", "our")


def _subject(words: Words, noun: Noun, *, plural: bool = False) -> Subject:
    return Subject(words, 5 if plural else 2, noun.feminine, plural)


def _pointed(rng: Random, noun: Noun) -> Subject:
    """This thing, or somebody's."""
    if noun.mass or rng.random() < 0.5:
        return _subject(noun.this, noun)
    if noun.en in ("house", "room", "apartment", "garden"):
        return _subject(noun.of("my", ko="우리" if noun.en == "house" else None), noun)
    return _subject(noun.of(rng.choice(_OWNERS)), noun)


def quality(rng: Random) -> Entry | None:
    """This book is interesting; her car isn't expensive; is this coat comfortable?"""
    things, qualities = rng.choice(_FITTING)
    noun, one = rng.choice(things), rng.choice(qualities)
    who, does, roll = _pointed(rng, noun), one.predicate, rng.randrange(4)
    if roll == 0:
        return g.question(who, does)
    if roll == 1:
        return g.statement(who, does, Say(negation="pas"))
    degree = rng.choice((Words("very", "très", "아주"), Words("too", "trop", "너무"), Words()))
    if one.en == "delicious" and degree.en:
        return None
    fr = Forms(*(g.join(degree.fr, form) for form in one.fr))
    en = ("be", g.join(degree.en, one.en))
    return g.statement(who, replace(does, en=en, forms=fr, ko=does.ko.modified(degree.ko)))


def comparison(rng: Random) -> Entry | None:
    """This shirt is more expensive than my dress."""
    things, qualities = rng.choice(_FITTING[:-1])
    one = rng.choice(qualities)
    noun = rng.choice(things)
    who = _pointed(rng, noun)
    if things is not DWELLINGS and rng.random() < 0.4:
        noun = rng.choice(things)
    than = noun.of(rng.choice(_OWNERS[:1] + _OWNERS[2:]))
    if than.en == who.words.en or than.ko == who.words.ko:
        return None
    fr = Forms(*(f"plus {form}" for form in one.fr))
    does = Predicate(
        ("be", f"{one.comparative_en} than {than.en}"),
        ("être", f"que {than.fr}"),
        one.predicate.ko.modified("더").before(f"{than.ko}보다"),
        forms=fr,
    )
    if rng.random() < 0.2:
        return g.question(who, does)
    return g.statement(who, does, Say(negation=rng.choice(("", "", "pas"))))


def colour(rng: Random) -> Entry | None:
    """I bought a red dress; my car is black; she wants a blue bag."""
    things = rng.choice((CLOTHES, CLOTHES, _CARRIED[:2], DEVICES, FURNITURE))
    noun, one = rng.choice(things), rng.choice(COLOURS)
    if rng.random() < 0.35:
        who = _pointed(rng, noun)
        roll = rng.randrange(3)
        if roll == 0:
            return g.question(who, one.predicate)
        return g.statement(who, one.predicate, Say(negation="pas" if roll == 1 else ""))
    form = one.fr.of(feminine=noun.feminine, plural=False)
    bare = noun.indefinite
    ko = f"{one.predicate.ko.adnominal()} {noun.ko}"
    does = Predicate(
        ("buy", f"a {one.en} {noun.en}"),
        ("acheter", f"{bare.fr} {form}"),
        Ko(attach(ko, "을"), "사"),
    )
    who, roll = draw.someone(rng), rng.randrange(5)
    if roll == 0:
        return g.statement(who, g.wanting(does, who))
    if roll == 1:
        return g.question(draw.asked(rng), does, Say(tense="past"))
    if roll == 2:
        having = Predicate(("have", does.en[1]), ("avoir", does.fr[1]), Ko(attach(ko, "이"), "있"))
        return g.statement(who, having)
    when = draw.time_for(rng, does, PAST)
    return g.statement(who, does, Say(tense="past", when=when)) if when else None


_SUMS = [(en, fr, ko) for en, fr, _, ko in NUMBERS[4:]]


def price(rng: Random) -> Entry | None:
    """This shirt costs twenty euros; how much does this book cost?"""
    noun = rng.choice([*CLOTHES, *BOOKS[:4], *_CARRIED, *FURNITURE, *DEVICES])
    who = _pointed(rng, noun) if rng.random() < 0.5 else _subject(noun.this, noun)
    if rng.random() < 0.1:
        return g.entry(
            f"how much does {who.words.en} cost",
            f"combien coûte {who.words.fr}",
            f"{who.topic} 얼마예요",
            "?",
        )
    dear = noun in FURNITURE or noun in DEVICES
    en, fr, ko = rng.choice(HUNDREDS) if dear else rng.choice(_SUMS)
    does = Predicate(("cost", f"{en} euros"), ("coûter", f"{fr} euros"), Ko(f"{ko} 유로", "이"))
    if rng.random() < 0.2:
        return g.question(who, does)
    return g.statement(who, does, Say(negation=rng.choice(("", "", "pas"))))


def owned(rng: Random) -> Entry | None:
    """This is my umbrella; is this Marie's bag? This isn't your key."""
    noun = rng.choice([*SMALL, *BOOKS, *DEVICES, *CLOTHES])
    if rng.random() < 0.5:
        thing = noun.of(rng.choice(_OWNERS))
        if thing.en.startswith("your"):
            thing = noun.of("your", ko="당신의")
    else:
        owner = rng.choice([*NAMES, *FAMILY[:4], *FAMILY[5:12]])
        thing = Words(
            f"{owner.words.en}'s {noun.en}",
            f"{noun.the.fr} de {owner.words.fr}",
            f"{owner.words.ko}의 {noun.ko}",
        )
    does = Predicate(("be", thing.en), ("être", thing.fr), Ko(thing.ko, "이"))
    this = Subject(Words("this", "ce", "이것"))
    roll = rng.randrange(3)
    if roll == 0 or thing.en.startswith("your"):
        return g.question(this, does)
    return g.statement(this, does, Say(negation="pas" if roll == 1 else ""))


_MINE = rows("""
mine | moi | 제 것
yours | toi | 당신 것
his | lui | 그의 것
hers | elle | 그녀의 것
ours | nous | 우리 것
""")


def mine(rng: Random) -> Entry | None:
    """This key is mine; is this bag Paul's?"""
    noun = rng.choice([*SMALL, *BOOKS, *DEVICES, *CLOTHES, *FURNITURE])
    who = _subject(noun.this, noun)
    if rng.random() < 0.5:
        en, fr, ko = rng.choice(_MINE)
    else:
        owner = rng.choice([*NAMES, *FAMILY[:4], *FAMILY[5:12]]).words
        en, fr, ko = f"{owner.en}'s", owner.fr, f"{owner.ko} 것"
    does = Predicate(("be", en), ("être", f"à {fr}"), Ko(ko, "이"))
    roll = rng.randrange(3)
    if roll == 0 or en == "yours":
        return g.question(who, does)
    return g.statement(who, does, Say(negation="pas" if roll == 1 else ""))


_GIFTS = [n for n in [*SMALL, *BOOKS, *CLOTHES, *DEVICES] if n.en not in ("key", "bottle", "cup")]
_GIVING = (
    ("give", "donner", "주"),
    ("send", "envoyer", "보내"),
    ("show", "montrer", "보여 주"),
)


def giving(rng: Random) -> Entry | None:
    """Paul gave a book to Marie; I will send a letter to my parents."""
    en, fr, ko = rng.choice(_GIVING)
    noun, to, who = rng.choice(_GIFTS), rng.choice([*NAMES, *FAMILY]), draw.someone(rng)
    if to.words == who.words or to.words.en in who.words.en or (noun.en == "car" and en == "send"):
        return None
    if to.honorific and ko == "주":
        ko = "드리"
    elif to.honorific and ko == "보여 주":
        ko = "보여 드리"
    particle = "께" if to.honorific else "에게"
    head = f"{to.words.ko}{particle} {attach(noun.ko, '을')}"
    extra, _, stem = ko.rpartition(" ")
    does = Predicate(
        (en, f"{noun.indefinite.en} to {to.words.en}"),
        (fr, f"{noun.indefinite.fr} à {to.words.fr}"),
        Ko(g.join(head, extra), stem),
    )
    roll = rng.randrange(5)
    if roll == 0:
        return g.question(YOU, does, Say(tense="past"))
    if roll == 1:
        return g.statement(who, g.wanting(does, who))
    times, tense = (PAST, "past") if roll < 4 else (FUTURE, "future")
    when = draw.time_for(rng, does, times)
    if when is None:
        return None
    return g.statement(who, does, Say(tense="past" if tense == "past" else "future", when=when))


def needing(rng: Random) -> Entry | None:
    """I need a pen; do you need a map?"""
    noun, who = rng.choice([*SMALL, *DEVICES, *CLOTHES, *BOOKS[:1], *FURNITURE]), draw.someone(rng)
    does = Predicate(
        ("need", noun.indefinite.en),
        ("avoir", f"besoin de {noun.indefinite.fr}"),
        Ko(attach(noun.ko, "이"), "필요하", adjective=True),
    )
    roll = rng.randrange(4)
    if roll == 0:
        return g.question(draw.asked(rng), does)
    if roll == 1:
        does = replace(does, fr_negative=f"besoin de {noun.fr}")
        return g.statement(who, does, Say(negation="pas"))
    return g.statement(who, does)


_ORDERS = rows("""
coffee | coffees | café m | 커피 | 잔
tea | teas | thé m | 차 | 잔
beer | beers | bière f | 맥주 | 잔
orange juice | orange juices | jus d'orange m | 오렌지 주스 | 잔
hot chocolate | hot chocolates | chocolat chaud m | 핫초코 | 잔
sandwich | sandwiches | sandwich m | 샌드위치 | 개
salad | salads | salade f | 샐러드 | 개
ice cream | ice creams | glace f | 아이스크림 | 개
soup | soups | soupe f | 수프 | 그릇
cake | cakes | gâteau m | 케이크 | 개
apple | apples | pomme f | 사과 | 개
banana | bananas | banane f | 바나나 | 개
orange | oranges | orange f | 오렌지 | 개
ticket | tickets | billet m | 표 | 장
newspaper | newspapers | journal m | 신문 | 부
map | maps | carte f | 지도 | 장
""")
_ORDER_FR = {
    "hot chocolates": "chocolats chauds",
    "cakes": "gâteaux",
    "newspapers": "journaux",
    "orange juices": "jus d'orange",
    "sandwiches": "sandwichs",
}


def order(rng: Random) -> Entry | None:
    """I would like two coffees and a sandwich, please."""
    wanted: list[Words] = []
    for en, plural, fr, ko, counter in rng.sample(_ORDERS, rng.choice((1, 2, 2))):
        number, nombre, korean, _ = rng.choice(NUMBERS[:4])
        french, _, gender = fr.rpartition(" ")
        one = number == "one"
        many = _ORDER_FR.get(plural, f"{french}s")
        wanted.append(
            Words(
                f"a {en}" if one else f"{number} {plural}",
                f"{'une' if gender == 'f' else 'un'} {french}" if one else f"{nombre} {many}",
                f"{ko} {korean} {counter}",
            )
        )
    first, *more = wanted
    both = first
    if more:
        linked = f"{attach(first.ko, '과')} {more[0].ko}"
        both = Words(f"{first.en} and {more[0].en}", f"{first.fr} et {more[0].fr}", linked)
    title = rng.choice(
        (
            (", please", ", s'il vous plaît", " 주세요"),
            (", sir", ", monsieur", " 주십시오"),
            (", madam", ", madame", " 주십시오"),
        )
    )
    return g.entry(
        f"I would like {both.en}{title[0]}", f"je voudrais {both.fr}{title[1]}", both.ko + title[2]
    )


PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (quality, 1200),
        (comparison, 900),
        (colour, 900),
        (price, 700),
        (owned, 800),
        (mine, 600),
        (giving, 1100),
        (needing, 700),
        (order, 900),
    )
}
