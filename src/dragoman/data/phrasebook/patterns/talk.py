"""Talking to somebody: greetings, requests, permission, proposals, formal answers."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dragoman.data.phrasebook import french
from dragoman.data.phrasebook import grammar as g
from dragoman.data.phrasebook.grammar import Entry, Pattern, Predicate, Say, Subject, Words
from dragoman.data.phrasebook.korean import Ko, eu, infinitive
from dragoman.data.phrasebook.lexicon.actions import LIVING, REQUESTS, SPEAKING
from dragoman.data.phrasebook.lexicon.people import MADAM, MOODS, NAMES, SIR, YOU, I
from dragoman.data.phrasebook.lexicon.tables import rows
from dragoman.data.phrasebook.lexicon.things import DRINKS, FOODS, SMALL
from dragoman.data.phrasebook.lexicon.times import DAYS, FUTURE, PAST
from dragoman.data.phrasebook.patterns import draw

_TITLES = (
    (Words("Sir", "Monsieur", "선생님"), SIR),
    (Words("Madam", "Madame", "사모님"), MADAM),
)
_ON = Subject(Words("we", "on", "우리"))


def _name(rng: Random) -> Words:
    """A name to call somebody by, or nothing."""
    return rng.choice(NAMES).words if rng.random() < 0.85 else Words()


def _call(who: Words, said: Entry) -> Entry:
    """Put a name or title before a sentence."""
    if not who.en:
        return said
    en, fr = (text[0].lower() + text[1:] for text in said[:2])
    if said.en.startswith("I "):
        en = said.en
    return Entry(f"{who.en}, {en}", f"{who.fr}, {fr}", f"{who.ko}, {said.ko}")


def _asked_for(rng: Random) -> Predicate:
    return rng.choice(REQUESTS) if rng.random() < 0.7 else draw.action(rng, draw.FAVOURS)


def _command(does: Predicate, *, polite: bool, negative: bool = False) -> str:
    """The French command."""
    verb, tail = french.imperative(does.fr[0], polite=polite), does.fr_tail(SIR, negative=negative)
    return g.join("ne", verb, "pas", tail) if negative else g.join(verb, tail)


def please(rng: Random) -> Entry | None:
    """Could you close the door, please? Please open the window."""
    does = _asked_for(rng)
    ko = does.ko.form(infinitive(does.ko.stem))
    roll = rng.randrange(4)
    if roll == 0:
        return g.entry(
            f"please {does.base}", f"{_command(does, polite=True)}, s'il vous plaît", f"{ko} 주세요"
        )
    title = rng.choice((*_TITLES, *_TITLES, (Words(), SIR)))[0]
    if title.en:
        does = rng.choice(REQUESTS)
        ko = does.ko.form(infinitive(does.ko.stem))
    if roll == 1:
        en, fr = f"please {does.base}", f"{_command(does, polite=True)}, s'il vous plaît"
        return _call(title, g.entry(en, fr, f"{ko} 주십시오" if title.en else f"{ko} 주세요"))
    en = f"could you {does.base}, please"
    fr = f"pourriez-vous {does.infinitive(SIR)}, s'il vous plaît"
    return _call(
        title, g.entry(en, fr, f"{ko} 주시겠습니까" if title.en else f"{ko} 주시겠어요", "?")
    )


def command(rng: Random) -> Entry | None:
    """Paul, open the window. Marie, don't close the door."""
    does, name = _asked_for(rng), _name(rng)
    if rng.random() < 0.5:
        fr, ko = _command(does, polite=False), does.ko.honorific().finish()
        return _call(name, g.entry(does.base, fr, ko))
    fr, ko = _command(does, polite=False, negative=True), does.ko.form(f"{does.ko.stem}지 마세요")
    return _call(name, g.entry(f"don't {does.base}", fr, ko))


def favour(rng: Random) -> Entry | None:
    """Marie, can you call a taxi?"""
    does, name = _asked_for(rng), _name(rng)
    ko = f"{does.ko.form(infinitive(does.ko.stem))} 줄 수 있어요"
    said = g.entry(f"can you {does.base}", f"est-ce que tu peux {does.infinitive(YOU)}", ko, "?")
    return _call(name, said)


def may(rng: Random) -> Entry | None:
    """Sir, may I open the window? Paul, may I read this letter?"""
    does = draw.action(rng, draw.DUTIES) if rng.random() < 0.5 else rng.choice(REQUESTS[:8])
    ko = f"{does.ko.form(infinitive(does.ko.stem))}도"
    fr = f"est-ce que je peux {does.infinitive(I)}"
    if rng.random() < 0.4:
        title = rng.choice(_TITLES)[0]
        return _call(title, g.entry(f"may I {does.base}", fr, f"{ko} 됩니까", "?"))
    return _call(_name(rng), g.entry(f"may I {does.base}", fr, f"{ko} 돼요", "?"))


def together(rng: Random) -> Entry | None:
    """Let's go to the cinema together! Shall we drink coffee tomorrow?"""
    does, name = draw.action(rng, draw.SHARED), _name(rng)
    when = draw.time_for(rng, does, FUTURE)
    if when is None:
        return None
    together = does.ko.form(eu(does.ko.stem, "ㄹ까요"))
    said = g.entry(
        f"shall we {does.base} {when.en}",
        f"est-ce que {g.fr_clause(_ON, does)} {when.fr}",
        f"{when.ko} 같이 {together}",
        "?",
    )
    return _call(name, said)


def answer(rng: Random) -> Entry | None:
    """Yes, sir, I work in Seoul. No, madam, I didn't buy a book yesterday."""
    title = rng.choice(_TITLES)[0]
    roll, yes = rng.randrange(5), rng.random() < 0.5
    say = Say(negation="" if yes else "pas", style="formal")
    if roll == 0:
        does = draw.profession(rng)
    elif roll == 1:
        does = rng.choice((rng.choice(SPEAKING), rng.choice(LIVING), rng.choice(MOODS).predicate))
    elif roll == 2:
        does = draw.action(rng, draw.EVENTS)
        when = draw.time_for(rng, does, PAST)
        if when is None:
            return None
        say = replace(say, tense="past", when=when)
    elif roll == 3:
        does = draw.action(rng, draw.EVENTS)
        when = draw.time_for(rng, does, FUTURE)
        if when is None:
            return None
        say = replace(say, tense="future", when=when)
    else:
        does = draw.action(rng, draw.DEEDS)
        does = rng.choice((g.wanting, g.able))(does, I)
    said = g.statement(I, does, say)
    answer = ("Yes", "Oui", "네") if yes else ("No", "Non", "아니요")
    return Entry(
        f"{answer[0]}, {title.en.lower()}, {said.en}",
        f"{answer[1]}, {title.fr.lower()}, {said.fr[0].lower()}{said.fr[1:]}",
        f"{answer[2]}, {title.ko}, {said.ko}",
    )


def would_like(rng: Random) -> Entry | None:
    """I would like to go to Paris tomorrow."""
    does = draw.action(rng, draw.DEEDS)
    when = draw.time_for(rng, does, FUTURE)
    if when is None:
        return None
    when = draw.maybe(rng, when)
    ko = does.ko.wanted(by_other=False).before(when.ko).finish(style="formal")
    return g.entry(
        g.join(f"I would like to {does.base}", when.en),
        g.join(f"je voudrais {does.infinitive(I)}", when.fr),
        f"저는 {ko}",
    )


_GREETINGS = rows("""
Hello, {} | Bonjour, {} | 안녕하세요, {} | .
Good evening, {} | Bonsoir, {} | 안녕하세요, {} | .
Good night, {} | Bonne nuit, {} | 안녕히 주무세요, {} | .
Goodbye, {} | Au revoir, {} | 안녕히 가세요, {} | .
Thank you, {} | Merci, {} | 고마워요, {} | .
Thank you very much, {} | Merci beaucoup, {} | 정말 고마워요, {} | .
Happy birthday, {} | Joyeux anniversaire, {} | 생일 축하해요, {} | !
How are you, {} | Comment vas-tu, {} | 어떻게 지내요, {} | ?
Where are you, {} | Où es-tu, {} | 어디에 있어요, {} | ?
See you tomorrow, {} | À demain, {} | 내일 봐요, {} | .
I am sorry, {} | Je suis désolé, {} | 미안해요, {} | .
My name is {} | Je m'appelle {} | 제 이름은 {}
Welcome to Seoul, {} | Bienvenue à Séoul, {} | 서울에 온 것을 환영해요, {} | !
Welcome to Paris, {} | Bienvenue à Paris, {} | 파리에 온 것을 환영해요, {} | !
""")


def greeting(rng: Random) -> Entry | None:
    """Hello, Marie. Thank you for the gift, Paul."""
    roll, name = rng.random(), rng.choice(NAMES).words
    if roll < 0.4:
        thing = rng.choice([*SMALL, *DRINKS, *FOODS])
        return g.entry(
            f"thank you for the {thing.en}, {name.en}",
            f"merci pour {thing.the.fr}, {name.fr}",
            f"{thing.ko} 고마워요, {name.ko}",
        )
    if roll < 0.7:
        day = rng.choice(DAYS)
        return g.entry(
            f"see you on {day.en}, {name.en}",
            f"à {day.fr}, {name.fr}",
            f"{day.ko}에 봐요, {name.ko}",
        )
    en, fr, ko, *mark = rng.choice(_GREETINGS)
    korean = ko.format(name.ko)
    if not mark:
        korean = Ko(f"제 이름은 {name.ko.removesuffix(' 씨')}", "이").finish()
    return g.entry(en.format(name.en), fr.format(name.fr), korean, mark[0] if mark else ".")


FIXED = [
    Entry(*row)
    for row in rows("""
I am a student. | Je suis étudiant. | 저는 학생이에요.
Hello. | Bonjour. | 안녕하세요.
Thank you. | Merci. | 고마워요.
Thank you, sir. | Merci, monsieur. | 감사합니다, 선생님.
Thank you, madam. | Merci, madame. | 감사합니다, 사모님.
Goodbye. | Au revoir. | 안녕히 가세요.
Good night. | Bonne nuit. | 안녕히 주무세요.
How are you? | Comment vas-tu ? | 어떻게 지내요?
I am fine. | Je vais bien. | 저는 잘 지내요.
I love you. | Je t'aime. | 사랑해요.
I don't know. | Je ne sais pas. | 저는 몰라요.
I don't understand. | Je ne comprends pas. | 저는 이해하지 못해요.
I am sorry. | Je suis désolé. | 미안해요.
Excuse me, sir. | Excusez-moi, monsieur. | 실례합니다, 선생님.
Excuse me, madam. | Excusez-moi, madame. | 실례합니다, 사모님.
See you tomorrow. | À demain. | 내일 봐요.
Happy birthday! | Joyeux anniversaire ! | 생일 축하해요!
What time is it? | Quelle heure est-il ? | 몇 시예요?
What day is it today? | Quel jour sommes-nous aujourd'hui ? | 오늘은 무슨 요일이에요?
What is your name? | Comment t'appelles-tu ? | 이름이 뭐예요?
How old are you? | Quel âge as-tu ? | 몇 살이에요?
Where do you live? | Où est-ce que tu habites ? | 어디에서 살고 있어요?
The bill, please. | L'addition, s'il vous plaît. | 계산서 주세요.
""")
]
"""Sentences that are always in training."""

PATTERNS: dict[str, tuple[Pattern, int]] = {
    pattern.__name__: (pattern, share)
    for pattern, share in (
        (please, 700),
        (command, 800),
        (favour, 500),
        (may, 700),
        (together, 700),
        (answer, 1100),
        (would_like, 600),
        (greeting, 350),
    )
}
