"""Ids in bulk are those of one text after the other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.text.bulk import BulkEncoder, Rows
from dragoman.text.known import KnownWords
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import TOKENIZERS, Tokenizer, TokenizerOptions

TEXTS = [
    "I am a student.",
    "je suis l'étudiant ici , oui",
    "<V> <PST> geh'n",
    "a ▁ b_c  d",
    "나는 학생입니다 .",
    "",
]
# Joiners, marks, flags, tags, a syllable, and U+0600, which makes one character of itself and what follows.
SIGNS = " '’.,<>aAé1_▁\u0301\u200d\u0600\u0d4e\u00a0\t학👍🏽🇫🇷\u200b\ud800\0ΣΑ.。"
TOKENIZER = {
    name: Tokenizer.train(TEXTS * 3, TokenizerOptions(name, 120, 1, Normaliser(True)))
    for name in TOKENIZERS
}
texts = st.lists(st.text(st.sampled_from(SIGNS), max_size=12), max_size=6)


def anew(name, text):
    """Cut a text as a whole, as if none of its words had been met."""
    tokenizer = TOKENIZER[name]
    return tokenizer.encode_clean([tokenizer.normaliser(text)])[0]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_bulk_is_one_by_one(name):
    """Also when all words are forgotten over and over, as `most_words` makes it here."""
    encoder = BulkEncoder(TOKENIZER[name], most_words=20, few=0)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(texts)
    def check(batch):
        assert encoder(batch).lists() == [anew(name, text) for text in batch]

    check()
    assert encoder(TEXTS).lists() == [anew(name, text) for text in TEXTS]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(texts)
def test_texts_are_normalised_together_as_alone(batch):
    for options in ((False, "keep", "syllables"), (True, "drop", "jamo")):
        normaliser = Normaliser(*options)
        assert normaliser.each(batch) == [normaliser(text) for text in batch]


def test_a_known_word_is_not_cut_again(monkeypatch):
    encoder = BulkEncoder(TOKENIZER["bpe"], few=0)
    wanted = encoder(TEXTS).lists()
    monkeypatch.setattr(Tokenizer, "encode_clean", None)
    assert encoder(TEXTS[::-1]).lists() == wanted[::-1]


def test_rows_are_cut_chosen_and_joined():
    rows = Rows.of([[4, 5, 6], [], [7, 8]])
    assert rows.cut(2).lists() == [[4, 5], [], [7, 8]]
    assert rows.take(rows.starts.argsort(kind="stable")[::-1]).lists() == [[7, 8], [], [4, 5, 6]]
    assert Rows.join([rows, rows.cut(1)]).lists() == [[4, 5, 6], [], [7, 8], [4], [], [7]]
    assert Rows.join([]).lists() == []


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_text_is_its_words(name):
    """Also when all words are forgotten over and over, and where a sign takes the space after it along."""
    tokenizer = TOKENIZER[name]
    forgetful = KnownWords(tokenizer.encode_clean, most_characters=20)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(texts)
    def check(batch):
        wanted = [anew(name, text) for text in batch]
        assert tokenizer.encode_batch(batch) == wanted
        if tokenizer.by_words:
            assert forgetful(tokenizer.normaliser.each(batch)) == wanted

    check()
    assert tokenizer.encode_batch(TEXTS) == [anew(name, text) for text in TEXTS]


def test_a_word_that_was_met_is_not_cut_again():
    tokenizer = TOKENIZER["bpe"]
    wanted = tokenizer.encode_batch(TEXTS)
    known = KnownWords(tokenizer.encode_clean)
    clean = tokenizer.normaliser.each(TEXTS)
    assert known(clean) == wanted
    known._cut = None
    assert known(clean[::-1]) == wanted[::-1]


def test_words_are_remembered_up_to_a_bound():
    known = KnownWords(TOKENIZER["bpe"].encode_clean, most_characters=100)
    for number in range(200):
        known([f"word {number} and {'long' * number}"])
        assert sum(map(len, known._known)) <= 100
