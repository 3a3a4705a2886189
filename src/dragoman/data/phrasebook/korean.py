"""Korean word forms: particles and conjugation, built syllable by syllable from jamo.

A verb or adjective is given by its stem: the dictionary form without its final 다. A `Ko` is a
predicate, the words before the stem and the stem itself; each construction (negation, wanting,
being able, ...) wraps one predicate in the next, and `Ko.finish` puts the sentence ending on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

Tense = Literal["present", "past", "future"]
Style = Literal["polite", "formal", "asking"]
"""해요, 합니다 and its question 합니까."""

_FIRST = ord("가")
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

_FORMAL: dict[Style, str] = {"formal": "다", "asking": "까"}
_PARTICLES = {"은": "는", "이": "가", "을": "를", "과": "와", "으로": "로", "이나": "나"}

_D_IRREGULAR = ("듣", "걷")
_B_REGULAR = ("입", "잡", "좁", "뽑", "씹", "집", "접")
_S_IRREGULAR = ("낫", "짓")
_LEU_REGULAR = ("들르", "따르", "치르")
_HONORIFIC = {"먹": "드시", "마시": "드시", "자": "주무시", "말하": "말씀하시"}


def _split(syllable: str) -> tuple[int, str, str]:
    """Take a Hangul syllable apart into the index of its lead, its vowel and its tail."""
    code = ord(syllable) - _FIRST
    return code // 588, _VOWELS[code % 588 // 28], _TAILS[code % 28]


def _join(lead: int, vowel: str, tail: str = " ") -> str:
    return chr(_FIRST + lead * 588 + _VOWELS.index(vowel) * 28 + _TAILS.index(tail))


def _tail(word: str) -> str:
    return _split(word[-1])[2]


def _with_tail(word: str, tail: str) -> str:
    lead, vowel, _ = _split(word[-1])
    return word[:-1] + _join(lead, vowel, tail)


@cache
def attach(word: str, particle: str) -> str:
    """Put a particle on a word, in the shape that the word's last syllable asks for.

    Args:
        word: A word that ends in Hangul.
        particle: Its shape after a consonant (은, 이, 을, 과, 으로, 이나), or an unvarying one;
            what follows it after a space stays as it is.
    """
    first, space, rest = particle.partition(" ")
    tail = _tail(word)
    closed = tail != " " and not (first == "으로" and tail == "ㄹ")
    return word + (first if closed else _PARTICLES.get(first, first)) + space + rest


def _bright(vowel: str) -> bool:
    return vowel in "ㅏㅑㅗ"


def _b_irregular(stem: str) -> bool:
    return _tail(stem) == "ㅂ" and not stem.endswith(_B_REGULAR)


@cache
def infinitive(stem: str) -> str:
    """The 아/어 form, with vowel harmony, contraction and the irregular classes."""
    head, last = stem[:-1], stem[-1]
    lead, vowel, tail = _split(last)
    if last == "하":
        return head + "해"
    if last == "르" and not stem.endswith(_LEU_REGULAR):
        bright = _bright(_split(head[-1])[1])
        return _with_tail(head, "ㄹ") + ("라" if bright else "러")
    if _b_irregular(stem):
        return _with_tail(stem, " ") + ("와" if last == "돕" else "워")
    if stem.endswith(_D_IRREGULAR):
        return _with_tail(stem, "ㄹ") + ("아" if _bright(vowel) else "어")
    if stem.endswith(_S_IRREGULAR):
        return _with_tail(stem, " ") + ("아" if _bright(vowel) else "어")
    if tail == "ㅎ" and vowel in "ㅏㅑㅓ" and len(stem) > 1:
        return head + _join(lead, "ㅒ" if vowel == "ㅑ" else "ㅐ")
    if tail != " ":
        return stem + ("아" if _bright(vowel) else "어")
    if vowel == "ㅡ":
        bright = bool(head) and _bright(_split(head[-1])[1])
        return head + _join(lead, "ㅏ" if bright else "ㅓ")
    contracted = {"ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ"}
    if vowel in contracted:
        return head + _join(lead, contracted[vowel])
    return stem if vowel in "ㅏㅓㅐㅔㅕ" else stem + "어"


@cache
def eu(stem: str, ending: str) -> str:
    """Put on an ending that takes a linking 으 after a consonant.

    Args:
        stem: The stem.
        ending: A lone tail consonant (ㄴ, ㄹ), perhaps with more after it, or whole syllables
            (면, 시, 러), all without the 으.
    """
    tail = _tail(stem)
    jamo = ending[0] in _TAILS
    if tail == "ㄹ":
        if jamo or ending[0] in "시세니":
            stem = _with_tail(stem, " ")
    elif _b_irregular(stem):
        stem = _with_tail(stem, " ") + "우"
    elif stem.endswith(_D_IRREGULAR):
        stem = _with_tail(stem, "ㄹ") + "으"
    elif stem.endswith(_S_IRREGULAR):
        stem = _with_tail(stem, " ") + "으"
    elif tail == "ㅎ" and len(stem) > 1 and _split(stem[-1])[1] in "ㅏㅑㅓ":
        stem = _with_tail(stem, " ")
    elif tail != " ":
        stem += "으"
    return _with_tail(stem, ending[0]) + ending[1:] if jamo else stem + ending


def formal(stem: str, style: Style) -> str:
    """The 합니다 ending, or the question 합니까."""
    if _tail(stem) in " ㄹ":
        return f"{_with_tail(stem, 'ㅂ')}니{_FORMAL[style]}"
    return f"{stem}습니{_FORMAL[style]}"


def _past(stem: str) -> str:
    """The past stem: 마시 gives 마셨, 먹 gives 먹었."""
    return _with_tail(infinitive(stem), "ㅆ")


@dataclass(frozen=True, slots=True)
class Ko:
    """A predicate: the words before the stem, then the stem.

    Attributes:
        head: What comes before: object, place, or, for the copula 이, the noun it leans on.
        stem: The stem of the verb or adjective.
        adjective: Whether the stem is an adjective's, or one that conjugates like it.
        exists: Whether 있 or 없 says where somebody is, whose honorific is 계시.
        honoured: Whether the honorific is already on, here or on an inner verb.
    """

    head: str
    stem: str
    adjective: bool = False
    exists: bool = False
    honoured: bool = False

    def form(self, form: str) -> str:
        """The predicate with the stem in the given form."""
        leans = self.stem in ("이", "이시", "시") or not self.head
        return self.head + form if leans else f"{self.head} {form}"

    def before(self, words: str) -> Ko:
        """The same predicate with words put before it."""
        return replace(self, head=f"{words} {self.head}".strip()) if words else self

    def modified(self, adverb: str) -> Ko:
        """The same predicate with an adverb right before its stem."""
        return replace(self, head=f"{self.head} {adverb}".strip()) if adverb else self

    def negated(self) -> Ko:
        """-지 않다, -지 못하다 of understanding; 아니다, 없다, 모르다 for 이다, 있다, 알다."""
        if self.stem == "이":
            return Ko(attach(self.head, "이"), "아니", adjective=True)
        if self.stem == "알" or (self.stem == "있" and not self.exists):
            return replace(self, stem="없" if self.stem == "있" else "모르")
        no = "못하" if self.stem == "이해하" else "않"
        return Ko(self.form(self.stem + "지"), no, self.adjective)

    def progressive(self) -> Ko:
        """-고 있다: to be doing."""
        return Ko(self.form(self.stem + "고"), "있", exists=True)

    def able(self) -> Ko:
        """-(으)ㄹ 수 있다: can."""
        return Ko(self.form(eu(self.stem, "ㄹ") + " 수"), "있")

    def skilled(self) -> Ko:
        """-(으)ㄹ 줄 알다: to know how to."""
        return Ko(self.form(eu(self.stem, "ㄹ") + " 줄"), "알")

    def obliged(self) -> Ko:
        """-아/어야 하다: must."""
        return Ko(self.form(infinitive(self.stem) + "야"), "하")

    def wanted(self, *, by_other: bool) -> Ko:
        """-고 싶다: to want to; of somebody else -고 싶어 하다."""
        return Ko(self.form(self.stem + "고"), "싶어 하" if by_other else "싶", not by_other)

    def liked(self) -> Ko:
        """-는 것을 좋아하다: to like doing."""
        return Ko(self.adnominal() + " 것을", "좋아하")

    def experienced(self) -> Ko:
        """-아/어 본 적이 있다: to have ever done."""
        tried = "본 적이" if self.stem == "보" else infinitive(self.stem) + " 본 적이"
        return Ko(self.form(tried), "있")

    def planned(self, *, honorific: bool = False) -> Ko:
        """-(으)ㄹ 거(예요): will; the honorific, if any, goes on the inner verb."""
        inner = self.honorific() if honorific else self
        return Ko(inner.form(eu(inner.stem, "ㄹ") + " 거"), "이", adjective=True, honoured=True)

    def honorific(self) -> Ko:
        """The predicate with -(으)시-, or with the verb that replaces it in honorific speech."""
        if self.honoured:
            return self
        if self.stem == "이":
            stem = "이시" if _tail(self.head) != " " else "시"
        elif self.exists and self.stem in ("있", "없"):
            stem = "계시" if self.stem == "있" else "안 계시"
        else:
            stem = _HONORIFIC.get(self.stem) or eu(self.stem, "시")
        return replace(self, stem=stem, honoured=True)

    def adnominal(self) -> str:
        """The form before a noun: -는 of a verb, -(으)ㄴ of an adjective."""
        if self.adjective:
            return self.form(eu(self.stem, "ㄴ"))
        stem = _with_tail(self.stem, " ") if _tail(self.stem) == "ㄹ" else self.stem
        return self.form(stem + "는")

    def reason(self) -> str:
        """-아서/어서: because."""
        return self.form("이라서" if self.stem == "이" else infinitive(self.stem) + "서")

    def condition(self) -> str:
        """-(으)면: if."""
        return self.form(eu(self.stem, "면"))

    def quoted(self, tense: Tense = "present") -> str:
        """-다고: that, before a verb of thinking or saying."""
        if tense == "future":
            return self.form(eu(self.stem, "ㄹ") + " 거라고")
        if self.stem == "이":
            return self.form("이라고" if _tail(self.head) != " " else "라고")
        if tense == "past":
            return self.form(_past(self.stem) + "다고")
        if self.adjective or self.stem in ("있", "없"):
            return self.form(self.stem + "다고")
        plain = _with_tail(self.stem, "ㄴ") if _tail(self.stem) in " ㄹ" else self.stem + "는"
        return self.form(plain + "다고")

    def finish(
        self, tense: Tense = "present", *, style: Style = "polite", honorific: bool = False
    ) -> str:
        """The predicate with its sentence ending.

        Args:
            tense: The tense.
            style: 해요, 합니다 or 합니까.
            honorific: Whether the subject is somebody to be honoured.
        """
        if tense == "future":
            return self.planned(honorific=honorific).finish(style=style)
        ko = self.honorific() if honorific else self
        if style != "polite" and ko.stem == "이" and ko.head.endswith(" 거"):
            return formal(ko.head, style)
        return ko.form(ko._past_ending(style) if tense == "past" else ko._ending(style))

    def _closed(self) -> bool:
        return bool(self.head) and _tail(self.head) != " "

    def _ending(self, style: Style) -> str:
        if style != "polite":
            if self.stem == "이":
                return "입니" + _FORMAL[style]
            return formal(self.stem, style)
        if self.stem == "이":
            return "이에요" if self._closed() else "예요"
        if self.stem == "아니":
            return "아니에요"
        if self.honoured and self.stem.endswith("시"):
            return self.stem[:-1] + "세요"
        return infinitive(self.stem) + "요"

    def _past_ending(self, style: Style) -> str:
        copula = "이었" if self._closed() else "였"
        stem = copula if self.stem == "이" else _past(self.stem)
        return stem + "어요" if style == "polite" else formal(stem, style)
