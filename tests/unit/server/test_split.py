"""Texts taken apart, and put together again."""

import time

import pytest

from dragoman.server.split import split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three", ["One.", "Two!", "Three"]),
        ('He said: "Go." She went.', ['He said: "Go."', "She went."]),
        ("  one\n\n two ", ["one", "two"]),
        ("그래요. 네!", ["그래요.", "네!"]),
        ("あ。い", ["あ。", "い"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_and_what_stands_between_them(text, sentences):
    found = split(text)
    assert list(found.sentences) == sentences
    assert found.join(list(found.sentences)) == text


def test_what_is_too_long_to_be_language_is_cut():
    assert [len(one) for one in split("x" * 300).sentences] == [120, 120, 60]
    words = split("ab " * 400)
    assert max(map(len, words.sentences)) <= 400
    assert " ".join(words.sentences) == ("ab " * 400).strip()
    assert split("a " + "y" * 120 + " b").sentences == ("a " + "y" * 120 + " b",)


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 20_000 + "a",
        "." * 20_000,
        "a" + "\n" * 20_000 + "a",
        "." + "'" * 20_000 + "a",
        "x" * 20_000,
    ],
)
def test_no_text_takes_long(text):
    began = time.perf_counter()
    split(text)
    assert time.perf_counter() - began < 0.2
