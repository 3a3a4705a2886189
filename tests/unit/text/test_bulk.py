"""Ids in bulk are those of one text after the other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.text.bulk import BulkEncoder, Rows
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


@pytest.mark.parametrize("name", TOKENIZERS)
def test_bulk_is_one_by_one(name):
    """Also when all words are forgotten over and over, as `most_words` makes it here."""
    encoder = BulkEncoder(TOKENIZER[name], most_words=20, few=0)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(texts)
    def check(batch):
        assert encoder(batch).lists() == [TOKENIZER[name].encode(text) for text in batch]

    check()
    assert encoder(TEXTS).lists() == TOKENIZER[name].encode_batch(TEXTS)


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
