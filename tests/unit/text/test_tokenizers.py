import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dragoman.errors import ModelError
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import TOKENIZERS, Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS, PAD, SOS, SPECIALS, UNK

KINDS = list(TOKENIZERS)
TEXTS = [
    "« Où est-ce ? » demanda l'étudiant.",
    "J'ai 3,14 € ; c'est l’U.S. Army...",
    "Le chat noir dort, le chien noir aussi.",
    "I am a student, and you are a student!",
    "Elle dit : 'oui'. \"Non\", dit-il (très bas).",
    "👩\u200d💻 🇫🇷 ❤\ufe0f 👍🏽 क्षत्रिय। می\u200cخواهم",
    "학생입니다 ㅋㅋ. e\u0301 x\u0302 <eos> a_b",
]
WORDS = sorted({word for text in TEXTS for word in text.split()})
LETTERS = sorted(set("".join(map(Normaliser(), TEXTS))))


def train(kind: str, texts: list[str] = TEXTS, vocab_size: int = 1000, **options: Any) -> Tokenizer:
    return Tokenizer.train(texts, TokenizerOptions(kind, vocab_size, **options))


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return train(request.param)


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != "whole"])
def word_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """A tokenizer that knows words by themselves, and not only whole texts."""
    return train(request.param)


@pytest.fixture(scope="module", params=["char", "bpe", "unigram"])
def open_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """A tokenizer that can spell any word of known characters."""
    return train(request.param)


def read(tokenizer: Tokenizer, text: str) -> list[str]:
    return tokenizer.tokens(tokenizer.encode(text))


def returns(tokenizer: Tokenizer, text: str) -> bool:
    ids = tokenizer.encode(text)
    expected = tokenizer.normaliser.undo(tokenizer.normaliser(text))
    return UNK not in ids and tokenizer.decode(ids) == expected


def test_training_texts_return(tokenizer: Tokenizer) -> None:
    assert all(returns(tokenizer, text) for text in TEXTS)


@given(words=st.lists(st.sampled_from(WORDS), max_size=8))
@settings(max_examples=50, derandomize=True, database=None, deadline=None)
def test_known_words_return(word_tokenizer: Tokenizer, words: list[str]) -> None:
    assert returns(word_tokenizer, " ".join(words))


@given(text=st.text(st.sampled_from([*LETTERS, *"   ▁<>"]), max_size=30))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_known_characters_return(open_tokenizer: Tokenizer, text: str) -> None:
    # Two known characters may compose to one that is new.
    assume(set(open_tokenizer.normaliser(text)) <= set(LETTERS))
    assert returns(open_tokenizer, text)


@given(text=st.text(max_size=30))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_any_text_is_safe(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert all(0 <= number < tokenizer.vocab_size for number in ids)
    assert not {PAD, SOS, EOS} & set(ids)
    assert len(tokenizer.display(ids)) == len(ids)
    tokenizer.decode(ids)


def test_words_and_punctuation() -> None:
    words = train("word")
    assert read(words, "J'ai l’étudiant.") == ["▁J'", "ai", "▁l’", "étudiant", "."]
    assert read(words, "« Où est-ce ? »") == ["▁«", "▁Où", "▁est", "-", "ce", "▁?", "▁»"]
    assert read(words, "3,14 U.S. 'oui'")[:3] == ["▁3", ",", "14"]
    assert read(words, "'oui'") == ["▁'", "oui", "'"]
    assert read(words, "👩\u200d💻 🇫🇷 ❤\ufe0f 👍🏽")[1:] == ["▁🇫🇷", "▁❤\ufe0f", "▁👍🏽"]
    assert read(words, "क्षत्रिय। می\u200cخواهم") == ["▁क्षत्रिय", "।", "▁می\u200cخواهم"]


def test_display() -> None:
    words = train("word")
    ids = [SOS, *words.encode("a student. Zut"), EOS]
    assert words.display(ids) == ["<sos>", "a", "student", ".", "<unk>", "<eos>"]
    assert words.decode(ids) == "a student."
    assert train("char").display(train("char").encode("a b")) == ["␣", "a", "␣", "b"]


def test_an_unknown_word_leaves_no_double_space() -> None:
    characters = train("char")
    assert characters.decode(characters.encode("a ★ b")) == "a b"
    assert UNK in characters.encode("a ★ b")


def test_batch_is_one_by_one(tokenizer: Tokenizer) -> None:
    texts = [*TEXTS, "", "unseen ★ text"]
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]
    assert tokenizer.encode_batch([]) == []
    assert tokenizer.encode("") == []


def test_specials_come_first(tokenizer: Tokenizer) -> None:
    assert (PAD, UNK, SOS, EOS) == (0, 1, 2, 3)
    assert tokenizer.tokens(range(4)) == list(SPECIALS)
    assert [tokenizer.id_of(token) for token in SPECIALS] == [0, 1, 2, 3]
    assert tokenizer.decode([PAD, UNK, SOS, EOS]) == ""


@pytest.mark.parametrize("special", SPECIALS)
def test_a_special_written_in_a_text_is_text(special: str) -> None:
    for kind in KINDS:
        tokenizer = train(kind, [f"a {special} b{special}", f"{special}", f"{special}{special}"])
        for text in (special, f"a {special} b", f"b{special}{special}"):
            assert not {PAD, SOS, EOS} & set(tokenizer.encode(text))
            assert kind in ("word", "spaced", "whole") or returns(tokenizer, text)


def test_id_of() -> None:
    words = train("word")
    assert words.encode("student") == [words.id_of("▁student")]
    assert words.id_of("student") is None


def test_composed_and_decomposed_are_one(tokenizer: Tokenizer) -> None:
    for text in TEXTS:
        assert tokenizer.encode(unicodedata.normalize("NFD", text)) == tokenizer.encode(text)


def test_case() -> None:
    tokenizer = train("bpe", normaliser=Normaliser(lowercase=True))
    assert tokenizer.encode("LE CHAT") == tokenizer.encode("le chat")
    assert tokenizer.decode(tokenizer.encode("LE CHAT")) == "le chat"


def test_every_syllable_survives_jamo() -> None:
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))
    jamo = train("char", [syllables, "ㅋㅋ"], normaliser=Normaliser(hangul="jamo"))
    assert jamo.vocab_size < 80
    assert returns(jamo, syllables)
    assert returns(jamo, "ㅋㅋ".join(syllables))
    assert returns(jamo, " ".join(syllables))


def test_limits() -> None:
    texts = ["a a a b b c ddd ddd"]
    for kind in KINDS:
        assert train(kind, texts, 7).vocab_size <= 7
        assert train(kind, []).vocab_size >= len(SPECIALS)
    assert train("word", texts, min_frequency=2).tokens(range(4, 7)) == ["▁a", "▁b", "▁ddd"]
    for kind in ("char", "bpe", "unigram"):
        kept = train(kind, texts, min_frequency=2)
        assert (kept.id_of("b") or kept.id_of("▁b")) is not None
        assert kept.encode("c")[-1] == UNK


def test_same_texts_give_the_same_file() -> None:
    texts = [" ".join(WORDS[i % 17 : i % 17 + i % 7 + 2]) for i in range(200)]
    script = (
        "import json, sys; from dragoman.text.tokenizers import *;"
        "texts = json.load(sys.stdin);"
        "print([Tokenizer.train(texts, TokenizerOptions(k, 150)).to_json() for k in TOKENIZERS])"
    )
    here = str([train(kind, texts, 150).to_json() for kind in KINDS])
    for hash_seed in "12":
        there = subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(texts),
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        assert there.stdout.strip() == here
        assert not there.stderr


def test_json_round_trip(tokenizer: Tokenizer) -> None:
    again = Tokenizer.from_json(tokenizer.to_json())
    assert again.to_json() == tokenizer.to_json()
    assert again.normaliser == tokenizer.normaliser
    assert again.encode_batch(TEXTS) == tokenizer.encode_batch(TEXTS)


def test_options_travel_with_the_file() -> None:
    normaliser = Normaliser(lowercase=True, final_stop="drop", hangul="jamo")
    tokenizer = train("bpe", normaliser=normaliser)
    assert Tokenizer.from_json(tokenizer.to_json()).normaliser == normaliser


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"x"', '{"version": "1.0"}'])
def test_foreign_json(text: str) -> None:
    with pytest.raises(ModelError, match="not a tokenizer that dragoman wrote"):
        Tokenizer.from_json(text)


def _drop_a_piece(content: Any) -> None:
    vocabulary = content["pieces"]["model"]["vocab"]
    del vocabulary["▁noir" if "▁noir" in vocabulary else "▁le"]


DAMAGES: list[tuple[str, Callable[[Any], Any]]] = [
    ("format 2", lambda content: content.update(dragoman_tokenizer=2)),
    ("damaged", lambda content: content.pop("normaliser")),
    ("damaged", lambda content: content["normaliser"].update(hangul="letters")),
    ("damaged", lambda content: content["normaliser"].update(stem=True)),
    ("damaged", lambda content: content.pop("pieces")),
    ("damaged", lambda content: content["pieces"].pop("model")),
    ("damaged", lambda content: content["pieces"]["model"].update(unk_token="?")),
    ("first tokens", lambda content: content["pieces"]["model"]["vocab"].update({"<pad>": 3})),
    ("damaged", _drop_a_piece),
]


@pytest.mark.parametrize("kind", ["word", "bpe"])
@pytest.mark.parametrize(("message", "damage"), DAMAGES)
def test_damaged_json(kind: str, message: str, damage: Callable[[Any], Any]) -> None:
    content = json.loads(train(kind, ["le chien noir", "le chat noir"]).to_json())
    damage(content)
    with pytest.raises(ModelError, match=message) as caught:
        Tokenizer.from_json(json.dumps(content))
    assert "\n" not in str(caught.value)
