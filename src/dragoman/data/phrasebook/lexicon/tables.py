"""Readers for the lexicon's tables, and the noun and adjective they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dragoman.data.phrasebook.grammar import Forms, Predicate, Words
from dragoman.data.phrasebook.korean import Ko, attach

Possessor = Literal["my", "your", "his", "her", "our", "their"]

_FR_POSSESSIVE = {
    "my": ("mon", "ma", "mes"),
    "your": ("ton", "ta", "tes"),
    "his": ("son", "sa", "ses"),
    "her": ("son", "sa", "ses"),
    "our": ("notre", "notre", "nos"),
    "their": ("leur", "leur", "leurs"),
}
_SHORT_PLURALS = {"man": "men", "woman": "women", "child": "children", "knife": "knives"}


def rows(table: str) -> list[list[str]]:
    """The cells of a table: one line a row, cells parted by bars."""
    return [
        [cell.strip() for cell in line.split("|")] for line in table.strip().splitlines() if line
    ]


def words(table: str) -> list[Words]:
    """A table of phrases: English | French | Korean."""
    return [Words(*row) for row in rows(table)]


def plural_en(noun: str) -> str:
    """The plural of an English noun."""
    if noun in _SHORT_PLURALS:
        return _SHORT_PLURALS[noun]
    if noun.endswith(("s", "sh", "ch", "x", "ato")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def plural_fr(noun: str) -> str:
    """The plural of a French noun; of a compound with de, that of its first word."""
    first, space, rest = noun.partition(" ")
    if first.endswith(("s", "x", "z")):
        plural = first
    elif first.endswith(("eau", "eu")):
        plural = first + "x"
    elif first.endswith("al"):
        plural = first[:-1] + "ux"
    else:
        plural = first + "s"
    return plural + space + rest


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun in the three languages.

    Attributes:
        en: The English singular, or the name of what is not counted.
        fr: The French singular.
        ko: The Korean, which has no number here.
        feminine: The French gender.
        counter: The Korean counter: 개, 권, 마리, ...
        mass: Whether it is not counted.
        kinds: What the tables say of it.
    """

    en: str
    fr: str
    ko: str
    feminine: bool
    counter: str = "개"
    mass: bool = False
    kinds: frozenset[str] = frozenset()

    @property
    def plural(self) -> Words:
        """The bare plural."""
        return Words(plural_en(self.en), plural_fr(self.fr), self.ko)

    @property
    def the(self) -> Words:
        """The definite singular."""
        return Words(f"the {self.en}", f"{'la' if self.feminine else 'le'} {self.fr}", self.ko)

    @property
    def the_plural(self) -> Words:
        """The definite plural."""
        plural = self.plural
        return Words(f"the {plural.en}", f"les {plural.fr}", self.ko)

    @property
    def indefinite(self) -> Words:
        """An indefinite singular, or what French calls partitive for what is not counted."""
        if self.mass:
            return Words(self.en, f"de {'la' if self.feminine else 'le'} {self.fr}", self.ko)
        return Words(f"a {self.en}", f"{'une' if self.feminine else 'un'} {self.fr}", self.ko)

    @property
    def some(self) -> Words:
        """An indefinite plural, or the partitive."""
        if self.mass:
            return self.indefinite
        plural = self.plural
        return Words(plural.en, f"des {plural.fr}", self.ko)

    @property
    def generic(self) -> Words:
        """The noun as a kind: English bare, French definite."""
        if self.mass:
            return Words(self.en, self.the.fr, self.ko)
        return Words(self.plural.en, self.the_plural.fr, self.ko)

    @property
    def this(self) -> Words:
        """The noun that is here."""
        return Words(
            f"this {self.en}", f"{'cette' if self.feminine else 'ce'} {self.fr}", f"이 {self.ko}"
        )

    def of(self, possessor: Possessor, *, plural: bool = False, ko: str | None = None) -> Words:
        """The noun as somebody's.

        Args:
            possessor: Whose.
            plural: Whether there are several.
            ko: The Korean possessor instead of the usual one.
        """
        masculine, feminine, several = _FR_POSSESSIVE[possessor]
        ko = _KO_POSSESSIVE[possessor] if ko is None else ko
        if plural:
            bare = self.plural
            return Words(
                f"{possessor} {bare.en}", f"{several} {bare.fr}", f"{ko} {self.ko}".strip()
            )
        fr = f"{feminine if self.feminine else masculine} {self.fr}"
        return Words(f"{possessor} {self.en}", fr, f"{ko} {self.ko}".strip())


_KO_POSSESSIVE = {
    "my": "제",
    "your": "",
    "his": "그의",
    "her": "그녀의",
    "our": "우리",
    "their": "그들의",
}


def nouns(table: str, *, mass: bool = False) -> list[Noun]:
    """A table of nouns: English | French gender | Korean | counter, kinds."""
    found: list[Noun] = []
    for en, fr, ko, *rest in rows(table):
        french, _, gender = fr.rpartition(" ")
        counter, *kinds = rest[0].split() if rest else ["개"]
        found.append(Noun(en, french, ko, gender == "f", counter, mass, frozenset(kinds)))
    return found


def forms(masculine: str) -> Forms:
    """A French adjective's four forms: by rule, or all written out with slashes."""
    if "/" in masculine:
        return Forms(*masculine.split("/"))
    if masculine.endswith("eux"):
        feminine = masculine[:-1] + "se"
    elif masculine.endswith("er"):
        feminine = masculine[:-2] + "ère"
    elif masculine.endswith("ien"):
        feminine = masculine + "ne"
    elif masculine.endswith("if"):
        feminine = masculine[:-1] + "ve"
    else:
        feminine = masculine if masculine.endswith("e") else masculine + "e"
    plural = masculine if masculine.endswith(("s", "x")) else masculine + "s"
    return Forms(masculine, feminine, plural, feminine + "s")


@dataclass(frozen=True, slots=True)
class Adjective:
    """An adjective in the three languages.

    Attributes:
        en: The English adjective.
        fr: The French forms.
        ko: The Korean stem.
        kinds: What it can be said of.
    """

    en: str
    fr: Forms
    ko: str
    kinds: frozenset[str] = frozenset()

    @property
    def predicate(self) -> Predicate:
        """To be so."""
        head, _, stem = self.ko.rpartition(" ")
        korean = Ko(head, stem, adjective=True)
        return Predicate(("be", self.en), ("être", ""), korean, forms=self.fr)

    @property
    def comparative_en(self) -> str:
        """More so, in English."""
        short = {"good": "better", "bad": "worse", "big": "bigger", "hot": "hotter"}
        if self.en in short:
            return short[self.en]
        if self.en.endswith("y"):
            return self.en[:-1] + "ier"
        if len(self.en) <= 5 or self.en in ("strong", "clever"):
            return self.en.removesuffix("e") + "er"
        return f"more {self.en}"


def adjectives(table: str) -> list[Adjective]:
    """A table of adjectives: English | French | Korean | kinds."""
    return [
        Adjective(en, forms(fr), ko.removesuffix("다"), frozenset(kinds.split()))
        for en, fr, ko, kinds in rows(table)
    ]


def predicate(en: str, fr: str, ko: str, tags: str = "") -> Predicate:
    """A predicate from dictionary phrases.

    Args:
        en: `take a shower`.
        fr: `prendre une douche / de douche`, after the slash what negation makes of it.
        ko: `샤워를 하다`; a leading `adj` in the tags makes it an adjective.
        tags: Words that say when and of whom it can be said.
    """
    affirmative, _, negative = (part.strip() for part in fr.partition("/"))
    en_verb, _, en_tail = en.partition(" ")
    if affirmative.startswith("se "):
        fr_verb, _, fr_tail = affirmative[3:].partition(" ")
        fr_verb = "se " + fr_verb
    else:
        fr_verb, _, fr_tail = affirmative.partition(" ")
    head, _, stem = ko.removesuffix("다").rpartition(" ")
    kinds = frozenset(tags.split())
    korean = Ko(head, stem, adjective="adj" in kinds, exists="exists" in kinds)
    return Predicate((en_verb, en_tail), (fr_verb, fr_tail), korean, negative or None, tags=kinds)


def predicates(table: str) -> list[Predicate]:
    """A table of predicates: English | French | Korean | tags."""
    return [predicate(*row) for row in rows(table)]


def with_object(
    verb: tuple[str, str, str], thing: Words, negative: str | None, tags: str = ""
) -> Predicate:
    """A verb with its object.

    Args:
        verb: English verb, French infinitive, Korean verb after its particle: `를 마시다`.
        thing: The object, with its articles.
        negative: The French object under negation, where it differs.
        tags: The predicate's tags.
    """
    en, fr, ko = verb
    slash = f" / {negative}" if negative else ""
    return predicate(f"{en} {thing.en}", f"{fr} {thing.fr}{slash}", attach(thing.ko, ko), tags)


def indefinite_objects(
    verb: tuple[str, str, str], things: list[Noun], tags: str = ""
) -> list[Predicate]:
    """A verb with each thing as an indefinite object, one or some of it.

    A single counted thing suits an event, several suit a habit.
    """
    found: list[Predicate] = []
    for thing in things:
        if thing.mass:
            found.append(with_object(verb, thing.some, f"de {thing.fr}", tags))
        elif "several" in thing.kinds:
            found.append(with_object(verb, thing.some, f"de {thing.plural.fr}", tags))
        else:
            one = with_object(verb, thing.indefinite, f"de {thing.fr}", f"{tags} event")
            several = with_object(verb, thing.some, f"de {thing.plural.fr}", f"{tags} habit")
            found += [one, several]
    return found
