"""English word forms and clauses: do-support, inversion, contracted negation, a and an."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

Tense = Literal["present", "past", "future"]

_IRREGULAR = {
    row.split()[0]: tuple(row.split())
    for row in """
have has had had having
do does did done doing
go goes went gone going
eat eats ate eaten eating
drink drinks drank drunk drinking
buy buys bought bought buying
sell sells sold sold selling
read reads read read reading
write writes wrote written writing
see sees saw seen seeing
find finds found found finding
lose loses lost lost losing
forget forgets forgot forgotten forgetting
make makes made made making
take takes took taken taking
get gets got gotten getting
give gives gave given giving
send sends sent sent sending
sleep sleeps slept slept sleeping
leave leaves left left leaving
come comes came come coming
speak speaks spoke spoken speaking
know knows knew known knowing
understand understands understood understood understanding
meet meets met met meeting
swim swims swam swum swimming
run runs ran run running
sing sings sang sung singing
think thinks thought thought thinking
say says said said saying
wear wears wore worn wearing
feel feels felt felt feeling
put puts put put putting
teach teaches taught taught teaching
become becomes became become becoming
break breaks broke broken breaking
bring brings brought brought bringing
drive drives drove driven driving
sit sits sat sat sitting
cost costs cost cost costing
pay pays paid paid paying
begin begins began begun beginning
draw draws drew drawn drawing
ride rides rode ridden riding
show shows showed shown showing
""".strip().splitlines()
}
_PRESENT_BE = ("am", "are", "is", "are", "are", "are")
_PAST_BE = ("was", "were", "was", "were", "were", "were")
_NEGATED = {"can": "can't", "will": "won't", "am": "am not", "must": "must not"}
_ARTICLE = re.compile(r"\b(a|A)(?= (?:[aeiou](?!niv|ne\b|uro)|hour|honest))")


class Verb(NamedTuple):
    """The five forms of a verb."""

    base: str
    third: str
    past: str
    participle: str
    gerund: str


@cache
def verb(base: str) -> Verb:
    """Inflect a verb: from the table of irregular ones, or by rule."""
    if base in _IRREGULAR:
        return Verb(*_IRREGULAR[base])
    if base.endswith("y") and base[-2] not in "aeiou":
        return Verb(base, f"{base[:-1]}ies", f"{base[:-1]}ied", f"{base[:-1]}ied", f"{base}ing")
    third = base + ("es" if base.endswith(("s", "sh", "ch", "x", "z")) else "s")
    stem = base
    if base.endswith("e"):
        stem = base[:-1]
        return Verb(base, third, f"{base}d", f"{base}d", f"{stem}ing")
    if base in ("stop", "plan", "shop", "jog", "prefer"):
        stem = base + base[-1]
    return Verb(base, third, f"{stem}ed", f"{stem}ed", f"{stem}ing")


def finite(base: str, person: int, tense: Tense = "present") -> list[str]:
    """The finite verb as [auxiliary, rest] where it has an auxiliary, else as [verb].

    `have+` is the auxiliary have, in contrast with have, to own.
    """
    if tense == "future":
        return ["will", base]
    if base == "be":
        return [(_PAST_BE if tense == "past" else _PRESENT_BE)[person], ""]
    if base in ("can", "must"):
        return [base, ""]
    if base == "have+":
        return ["has" if person == 2 else "have", ""]
    forms = verb(base)
    if tense == "past":
        return [forms.past]
    return [forms.third if person == 2 else base]


def _supported(base: str, person: int, tense: Tense) -> list[str]:
    """The finite verb split in two, by means of do where it has no auxiliary of its own."""
    words = finite(base, person, tense)
    if len(words) == 2:
        return words
    return ["did" if tense == "past" else "does" if person == 2 else "do", base]


def _no(auxiliary: str) -> str:
    return _NEGATED.get(auxiliary, auxiliary + "n't")


def clause(
    subject: str, person: int, base: str, tense: Tense, *, negative: bool, adverb: str = ""
) -> str:
    """Subject and verb of a statement, the adverb where English puts it."""
    if negative:
        auxiliary, rest = _supported(base, person, tense)
        words = [subject, _no(auxiliary), adverb, rest]
    else:
        auxiliary, *rest = finite(base, person, tense)
        words = [subject, auxiliary, adverb, *rest] if rest else [subject, adverb, auxiliary]
    return " ".join(filter(None, words))


def question(subject: str, person: int, base: str, tense: Tense, *, negative: bool) -> str:
    """Verb and subject of a question, inverted."""
    auxiliary, rest = _supported(base, person, tense)
    if negative and auxiliary == "am":
        return f"am {subject} not {rest}".strip()
    return f"{_no(auxiliary) if negative else auxiliary} {subject} {rest}".strip()


def tidy(text: str) -> str:
    """Write an for a before a vowel sound, and begin with a capital letter."""
    text = _ARTICLE.sub(r"\1n", text)
    return text[0].upper() + text[1:]
