"""The trilingual middle: who does what, said in English, French and Korean at once.

A `Subject` and a `Predicate` each hold their three languages. The constructions below (`wanting`,
`able`, ...) wrap a predicate in another, in all three languages together, and `statement` and
`question` make the sentence. Everything a pattern needs is here and in the lexicon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from dragoman.data.phrasebook import english, french
from dragoman.data.phrasebook.english import Tense
from dragoman.data.phrasebook.korean import Ko, Style, attach


class Entry(NamedTuple):
    """One sentence in the three languages."""

    en: str
    fr: str
    ko: str


Pattern = Callable[[Random], Entry | None]
"""Draws one sentence, or None where the draw makes no sense."""


class Words(NamedTuple):
    """A word or phrase in the three languages."""

    en: str = ""
    fr: str = ""
    ko: str = ""


NOTHING = Words()


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a sentence is about.

    Attributes:
        words: The subject as written; its Korean is bare, without a particle, and empty where
            Korean leaves the subject out.
        person: 0 to 5: I, you, he or she, we, polite or plural you, they.
        feminine: The grammatical gender in French.
        plural: Whether adjectives are plural.
        honorific: Whether Korean honours this person in the verb.
    """

    words: Words
    person: int = 2
    feminine: bool = False
    plural: bool = False
    honorific: bool = False

    @property
    def topic(self) -> str:
        """The Korean topic (은/는), or nothing."""
        return attach(self.words.ko, "은") if self.words.ko else ""

    @property
    def nominative(self) -> str:
        """The Korean nominative (이/가), or nothing."""
        if self.words.ko == "저":
            return "제가"
        return attach(self.words.ko, "이") if self.words.ko else ""

    @property
    def pronoun(self) -> Words:
        """The pronoun that takes the subject up again in English and French."""
        if self.person == 2:
            return Words("she", "elle") if self.feminine else Words("he", "il")
        if self.person == 5:
            return Words("they", "elles" if self.feminine else "ils")
        return Words(self.words.en, self.words.fr)


class Forms(NamedTuple):
    """A French adjective's four forms."""

    masculine: str
    feminine: str
    masculines: str
    feminines: str

    def of(self, *, feminine: bool, plural: bool) -> str:
        """The form for a gender and number."""
        return self[int(feminine) + 2 * int(plural)]


@dataclass(frozen=True, slots=True)
class Predicate:
    """What is said of a subject.

    Attributes:
        en: The English verb and what follows it.
        fr: The French verb and what follows it, with `{se}` for a reflexive pronoun.
        ko: The Korean predicate.
        fr_negative: What follows the French verb under negation, where that differs.
        forms: The French adjective that follows the verb, to agree with the subject.
        tags: What the lexicon says of it: am, pm, habit, event, ...
    """

    en: tuple[str, str]
    fr: tuple[str, str]
    ko: Ko
    fr_negative: str | None = None
    forms: Forms | None = None
    tags: frozenset[str] = frozenset()

    def fr_tail(self, subject: Subject, *, negative: bool = False) -> str:
        """What follows the French verb."""
        if self.forms:
            form = self.forms.of(feminine=subject.feminine, plural=subject.plural)
            return f"{form} {self.fr[1]}".strip()
        if negative and self.fr_negative is not None:
            return french.reflexive(self.fr_negative, subject.person)
        return french.reflexive(self.fr[1], subject.person)

    def infinitive(self, subject: Subject, *, negative: bool = False) -> str:
        """The French infinitive with what follows it, for somebody to do."""
        verb = self.fr[0]
        if verb.startswith("se "):
            verb = french.reflexive("{se} ", subject.person) + verb[3:]
        return f"{verb} {self.fr_tail(subject, negative=negative)}".strip()

    @property
    def base(self) -> str:
        """The English base form with what follows it."""
        return f"{self.en[0]} {self.en[1]}".strip()

    @property
    def gerund(self) -> str:
        """The English -ing form with what follows it."""
        return f"{english.verb(self.en[0]).gerund} {self.en[1]}".strip()

    @property
    def participle(self) -> str:
        """The English past participle with what follows it."""
        return f"{english.verb(self.en[0]).participle} {self.en[1]}".strip()


@dataclass(frozen=True, slots=True)
class Say:
    """How a subject and a predicate are put together.

    Attributes:
        tense: The tense of the outermost verb, in all three languages.
        negation: English not, never or not yet, by its French word; empty affirms.
        adverb: An adverb beside the verb, such as often.
        when: Words for the time, last in English and French, after the topic in Korean.
        style: The Korean style.
    """

    tense: Tense = "present"
    negation: str = ""
    adverb: Words = NOTHING
    when: Words = NOTHING
    style: Style = "polite"


PLAIN = Say()
_IMPERFECT = ("être", "avoir", "vouloir", "devoir", "pouvoir", "savoir")


def _fr_tense(predicate: Predicate, tense: Tense) -> french.Tense:
    return "imperfect" if tense == "past" and predicate.fr[0] in _IMPERFECT else tense


def join(*parts: str) -> str:
    """Join the parts that are not empty with spaces."""
    return " ".join(filter(None, parts))


def en_clause(subject: Subject, predicate: Predicate, say: Say = PLAIN) -> str:
    """The English statement, without punctuation."""
    verb, tail = predicate.en
    never = say.negation == "jamais"
    core = english.clause(
        subject.words.en,
        subject.person,
        verb,
        say.tense,
        negative=bool(say.negation) and not never,
        adverb="never" if never else say.adverb.en,
    )
    return join(core, tail, "yet" if say.negation == "pas encore" else "", say.when.en)


def en_question(subject: Subject, predicate: Predicate, say: Say = PLAIN) -> str:
    """The English question, without punctuation."""
    verb, tail = predicate.en
    core = english.question(
        subject.words.en, subject.person, verb, say.tense, negative=bool(say.negation)
    )
    return join(core, tail, say.when.en)


def fr_clause(subject: Subject, predicate: Predicate, say: Say = PLAIN) -> str:
    """The French statement, without punctuation."""
    tail = predicate.fr_tail(subject, negative=bool(say.negation))
    core = french.clause(
        subject.words.fr,
        subject.person,
        predicate.fr[0],
        _fr_tense(predicate, say.tense),
        feminine=subject.feminine,
        plural=subject.plural,
        negation=say.negation,
        adverb=say.adverb.fr,
        agrees=not tail.startswith("les "),
    )
    return join(core, tail, say.when.fr)


def ko_clause(
    subject: Subject, predicate: Predicate, say: Say = PLAIN, topic: str | None = None
) -> str:
    """The Korean sentence, without punctuation; the same for a statement and a question."""
    ko = predicate.ko
    adverb = say.adverb.ko
    if say.negation:
        ko = ko.negated()
        adverb = {"jamais": "절대", "pas encore": "아직"}.get(say.negation, adverb)
    end = ko.finish(say.tense, style=say.style, honorific=subject.honorific)
    return join(subject.topic if topic is None else topic, say.when.ko, adverb, end)


def entry(en: str, fr: str, ko: str, mark: str = ".") -> Entry:
    """Three clauses as sentences: capitals, elision, punctuation."""
    space = "" if mark == "." else " "
    return Entry(english.tidy(en) + mark, french.tidy(fr) + space + mark, ko + mark)


def statement(subject: Subject, predicate: Predicate, say: Say = PLAIN) -> Entry:
    """A statement in the three languages."""
    return entry(
        en_clause(subject, predicate, say),
        fr_clause(subject, predicate, say),
        ko_clause(subject, predicate, say),
    )


def question(
    subject: Subject, predicate: Predicate, say: Say = PLAIN, word: Words = NOTHING
) -> Entry:
    """A question in the three languages, with a question word if one is given."""
    topic = join(subject.topic, word.ko)
    return entry(
        join(word.en, en_question(subject, predicate, say)),
        join(word.fr, "est-ce que", fr_clause(subject, predicate, say)),
        ko_clause(subject, predicate, say, topic),
        "?",
    )


def _wrapped(
    predicate: Predicate, subject: Subject, en: tuple[str, str], fr: tuple[str, str], ko: Ko
) -> Predicate:
    """A predicate inside another: `en` and `fr` give the outer verb and its link."""
    return replace(
        predicate,
        en=(en[0], join(en[1], predicate.base)),
        fr=(fr[0], join(fr[1], predicate.infinitive(subject))),
        fr_negative=join(fr[1], predicate.infinitive(subject, negative=True)),
        forms=None,
        ko=ko,
    )


def able(predicate: Predicate, subject: Subject) -> Predicate:
    """Can do."""
    return _wrapped(predicate, subject, ("can", ""), ("pouvoir", ""), predicate.ko.able())


def skilled(predicate: Predicate, subject: Subject) -> Predicate:
    """Knows how to do."""
    ko = predicate.ko.skilled()
    return _wrapped(predicate, subject, ("know", "how to"), ("savoir", ""), ko)


def obliged(predicate: Predicate, subject: Subject, en: str = "must") -> Predicate:
    """Must do, or has to do."""
    outer = ("must", "") if en == "must" else ("have", "to")
    return _wrapped(predicate, subject, outer, ("devoir", ""), predicate.ko.obliged())


def needing(predicate: Predicate, subject: Subject) -> Predicate:
    """Needs to do."""
    ko = predicate.ko.obliged()
    return _wrapped(predicate, subject, ("need", "to"), ("avoir", "besoin de"), ko)


def wanting(predicate: Predicate, subject: Subject) -> Predicate:
    """Wants to do."""
    ko = predicate.ko.wanted(by_other=subject.person in (2, 5))
    return _wrapped(predicate, subject, ("want", "to"), ("vouloir", ""), ko)


def liking(predicate: Predicate, subject: Subject) -> Predicate:
    """Likes to do; under negation French keeps the partitive (n'aime pas manger du pain)."""
    liked = _wrapped(predicate, subject, ("like", "to"), ("aimer", ""), predicate.ko.liked())
    return replace(liked, fr_negative=None)


def going(predicate: Predicate, subject: Subject) -> Predicate:
    """Is going to do."""
    ko = predicate.ko.planned(honorific=subject.honorific)
    return _wrapped(predicate, subject, ("be", "going to"), ("aller", ""), ko)


def deciding(predicate: Predicate, subject: Subject) -> Predicate:
    """Decides to do."""
    ko = Ko(predicate.ko.form(predicate.ko.stem + "기로"), "하")
    return _wrapped(predicate, subject, ("decide", "to"), ("décider", "de"), ko)


def progressive(predicate: Predicate) -> Predicate:
    """Is doing; French says it in the plain present."""
    return replace(
        predicate,
        en=("be", predicate.gerund),
        ko=predicate.ko.progressive(),
    )


def perfect(predicate: Predicate) -> Predicate:
    """Has done, with the tense of each language's own: French and Korean past."""
    return replace(predicate, en=("have+", predicate.participle))
