import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dragoman.text.normalise import Normaliser

SYLLABLES = "".join(map(chr, range(0xAC00, 0xD7A4)))
NORMALISERS = [
    Normaliser(),
    Normaliser(lowercase=True, final_stop="drop"),
    Normaliser(hangul="jamo"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301te\u0301", "été"),
        ("  deux\t\n mots ", "deux mots"),
        ("Où est-ce\u00a0?", "Où est-ce ?"),
        ("«\u202f10\u2009000\u202f»", "« 10 000 »"),
        ("\ufeffzé\u200bro\u00ad", "zéro"),
        ("e\u200b\u0301", "é"),
        ("nul\x00 et \x1bfin", "nul et fin"),
        ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
        ("a▁b", "a_b"),
        ("half \ud83d a character", "half \ufffd a character"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_plain_form(text: str, expected: str) -> None:
    assert Normaliser()(text) == expected


def test_case() -> None:
    assert Normaliser(lowercase=True)("ÉTÉ à Paris") == "été à paris"
    assert Normaliser()("ÉTÉ") == "ÉTÉ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Il dort.", "Il dort"),
        ("Il dort .", "Il dort"),
        ("彼は寝る。", "彼は寝る"),
        ("Il dort...", "Il dort..."),
        ("Il dort…", "Il dort…"),
        ("Il dort. Il rêve.", "Il dort. Il rêve"),
        ("Il dort ?", "Il dort ?"),
        (".", "."),
    ],
)
def test_final_stop(text: str, expected: str) -> None:
    assert Normaliser(final_stop="drop")(text) == expected
    assert Normaliser()(text) == text


def test_every_syllable_survives_jamo() -> None:
    jamo = Normaliser(hangul="jamo")
    text = "ㅋㅋ".join(SYLLABLES)
    apart = jamo(text)
    assert not set(apart) & set(SYLLABLES)
    assert jamo.undo(apart) == text
    assert jamo.undo(jamo(SYLLABLES)) == SYLLABLES


def test_jamo_leaves_all_else_whole() -> None:
    assert Normaliser(hangul="jamo")("한é ㅋㅋ") == "\u1112\u1161\u11abé ㅋㅋ"


@pytest.mark.parametrize("normaliser", NORMALISERS)
@given(text=st.text(max_size=30))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_twice_is_once_and_composed_is_decomposed(normaliser: Normaliser, text: str) -> None:
    once = normaliser(text)
    assert normaliser(once) == once
    assert normaliser(unicodedata.normalize("NFD", text)) == once
    assert normaliser(unicodedata.normalize("NFC", text)) == once
    assert normaliser(normaliser.undo(once)) == once


@pytest.mark.parametrize(
    "options", [{"hangul": "letters"}, {"final_stop": None}, {"uppercase": True}]
)
def test_unknown_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Normaliser(**options)
