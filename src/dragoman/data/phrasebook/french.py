"""French word forms and clauses: conjugation, agreement, negation, elision and contraction."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

Tense = Literal["present", "past", "future", "imperfect"]

_FUTURE = ("ai", "as", "a", "ons", "ez", "ont")
_REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
_WITH_ETRE = frozenset(
    [
        "aller",
        "venir",
        "partir",
        "sortir",
        "arriver",
        "rester",
        "rentrer",
        "entrer",
        "devenir",
        "monter",
        "descendre",
        "tomber",
        "naître",
        "revenir",
        "retourner",
    ]
)
_STRONG = {
    "acheter": "achèt",
    "préférer": "préfèr",
    "espérer": "espèr",
    "répéter": "répèt",
    "lever": "lèv",
    "promener": "promèn",
    "appeler": "appell",
    "essayer": "essai",
    "payer": "pai",
    "envoyer": "envoi",
    "nettoyer": "nettoi",
}
_FUTURE_STEM = {
    "préférer": "préférer",
    "espérer": "espérer",
    "répéter": "répéter",
    "envoyer": "enverr",
}
_PARTICIPLE = {"ouvrir": "ouvert", "offrir": "offert"}
_IRREGULAR = {
    row.split()[0]: row.split()[1:]
    for row in """
être suis es est sommes êtes sont été ser
avoir ai as a avons avez ont eu aur
aller vais vas va allons allez vont allé ir
faire fais fais fait faisons faites font fait fer
prendre prends prends prend prenons prenez prennent pris prendr
apprendre apprends apprends apprend apprenons apprenez apprennent appris apprendr
comprendre comprends comprends comprend comprenons comprenez comprennent compris comprendr
boire bois bois boit buvons buvez boivent bu boir
lire lis lis lit lisons lisez lisent lu lir
écrire écris écris écrit écrivons écrivez écrivent écrit écrir
voir vois vois voit voyons voyez voient vu verr
vouloir veux veux veut voulons voulez veulent voulu voudr
pouvoir peux peux peut pouvons pouvez peuvent pu pourr
devoir dois dois doit devons devez doivent dû devr
savoir sais sais sait savons savez savent su saur
connaître connais connais connaît connaissons connaissez connaissent connu connaîtr
venir viens viens vient venons venez viennent venu viendr
devenir deviens deviens devient devenons devenez deviennent devenu deviendr
revenir reviens reviens revient revenons revenez reviennent revenu reviendr
partir pars pars part partons partez partent parti partir
sortir sors sors sort sortons sortez sortent sorti sortir
dormir dors dors dort dormons dormez dorment dormi dormir
sentir sens sens sent sentons sentez sentent senti sentir
mettre mets mets met mettons mettez mettent mis mettr
conduire conduis conduis conduit conduisons conduisez conduisent conduit conduir
dire dis dis dit disons dites disent dit dir
vivre vis vis vit vivons vivez vivent vécu vivr
éteindre éteins éteins éteint éteignons éteignez éteignent éteint éteindr
courir cours cours court courons courez courent couru courr
""".strip().splitlines()
}
_IMPERFECT = ("ais", "ais", "ait", "ions", "iez", "aient")

_VOWEL = "aeiouàâéèêëîïôœ"
_ASPIRATED = ("haut", "huit", "hamburger", "haricot")
_BEFORE_VOWEL = re.compile(
    r"(?<![\w'-])(je|ne|de|le|la|me|te|se|que|ce|ma|ta|sa|beau|nouveau|vieux|si)"
    rf" (?=([{_VOWEL}h]\w*|y\b))",
    re.IGNORECASE,
)
_EUPHONIC = {"ma": "mon", "ta": "ton", "sa": "son", "ce": "cet"}
_BEFORE_NOUN = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil"}
_NOUNS = ("ami", "appareil", "appartement", "hôtel", "ordinateur", "oiseau")
_CONTRACTED = re.compile(r"\b(de|à) (les?) ", re.IGNORECASE)
_CONTRACTION = {"de le": "du ", "de les": "des ", "à le": "au ", "à les": "aux "}


class Verb(NamedTuple):
    """What a clause needs of a verb: six present forms, participle, future stem, auxiliary."""

    present: tuple[str, ...]
    participle: str
    future: str
    auxiliary: str


@cache
def verb(infinitive: str) -> Verb:
    """Conjugate a verb: from the table of irregular ones, or by its class."""
    auxiliary = "être" if infinitive in _WITH_ETRE else "avoir"
    if infinitive in _IRREGULAR:
        *present, participle, future = _IRREGULAR[infinitive]
        return Verb(tuple(present), participle, future, auxiliary)
    stem = infinitive[:-2]
    if infinitive in _PARTICIPLE or infinitive.endswith("er"):
        strong = _STRONG.get(infinitive, stem)
        soft = stem
        if stem.endswith("g"):
            soft = stem + "e"
        elif stem.endswith("c"):
            soft = stem[:-1] + "ç"
        present = (strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez")
        future = _FUTURE_STEM.get(infinitive, strong + infinitive[-2:])
        participle = _PARTICIPLE.get(infinitive, stem + "é")
        return Verb((*present, strong + "ent"), participle, future, auxiliary)
    if infinitive.endswith("re"):
        endings = ("s", "s", "", "ons", "ez", "ent")
        return Verb(
            tuple(stem + ending for ending in endings), stem + "u", infinitive[:-1], auxiliary
        )
    endings = ("is", "is", "it", "issons", "issez", "issent")
    return Verb(tuple(stem + ending for ending in endings), stem + "i", infinitive, auxiliary)


def reflexive(tail: str, person: int) -> str:
    """Put the reflexive pronoun of a person in place of each `{se}`."""
    return tail.replace("{se}", _REFLEXIVE[person]) if "{" in tail else tail


def agree(form: str, *, feminine: bool, plural: bool) -> str:
    """A participle or regular adjective in the gender and number of what it speaks of."""
    form += "e" if feminine else ""
    return form + "s" if plural and not form.endswith(("s", "x")) else form


def finite(infinitive: str, person: int, tense: Tense = "present") -> str:
    """One finite, simple form."""
    forms = verb(infinitive)
    if tense == "future":
        return forms.future + _FUTURE[person]
    if tense == "imperfect":
        stem = "ét" if infinitive == "être" else forms.present[3].removesuffix("ons")
        return stem + _IMPERFECT[person]
    return forms.present[person]


def imperative(infinitive: str, *, polite: bool) -> str:
    """The command, to somebody called tu or, politely, vous."""
    form = verb(infinitive).present[4 if polite else 1]
    if not polite and form.endswith(("es", "as")):
        return form[:-1]
    return form


def clause(
    subject: str,
    person: int,
    infinitive: str,
    tense: Tense,
    *,
    feminine: bool = False,
    plural: bool = False,
    negation: str = "",
    adverb: str = "",
    agrees: bool = True,
) -> str:
    """Subject and verb of a clause, with clitics, auxiliary, negation and adverb in place.

    Args:
        subject: The subject as written.
        person: 0 to 5: je, tu, il, nous, vous, ils.
        infinitive: The verb; a leading `se` makes it reflexive.
        tense: `past` is the passé composé.
        feminine: The subject's gender.
        plural: The subject's number.
        negation: What goes with ne: pas, jamais, ...
        adverb: An adverb that follows the finite verb.
        agrees: Whether the participle after être agrees with the subject.
    """
    pronominal = infinitive.startswith("se ")
    infinitive = infinitive.removeprefix("se ")
    clitic = _REFLEXIVE[person] if pronominal else ""
    if tense == "past":
        forms = verb(infinitive)
        auxiliary = "être" if pronominal else forms.auxiliary
        participle = forms.participle
        if auxiliary == "être" and agrees:
            participle = agree(participle, feminine=feminine, plural=plural)
        middle, end = finite(auxiliary, person), participle
    else:
        middle, end = finite(infinitive, person, tense), ""
    words = (subject, "ne" if negation else "", clitic, middle, negation, adverb, end)
    return " ".join(filter(None, words))


def _euphony(match: re.Match[str]) -> str:
    """The shape of a little word before a vowel, with its space or apostrophe."""
    word, following = match[1], match[2].lower()
    lower = word.lower()
    if following.startswith(_ASPIRATED) or following == "onze":
        return word + " "
    if lower == "si":
        return "s'" if following in ("il", "ils") else "si "
    if lower in _BEFORE_NOUN:
        return (_BEFORE_NOUN[lower] if following.startswith(_NOUNS) else word) + " "
    if lower in _EUPHONIC and following not in ("est", "était"):
        return _EUPHONIC[lower] + " "
    return word[:-1] + "'"


def _contraction(match: re.Match[str]) -> str:
    return _CONTRACTION[f"{match[1].lower()} {match[2]}"]


def tidy(text: str) -> str:
    """Elide, contract, and begin with a capital letter."""
    text = _BEFORE_VOWEL.sub(_euphony, text)
    text = _CONTRACTED.sub(_contraction, text)
    return text[0].upper() + text[1:]
