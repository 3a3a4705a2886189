"""The contracts of TOKENIZERS."""

from __future__ import annotations

import pytest

from dragoman.contracts.rows import rows
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS, PAD, SOS, SPECIALS, UNK

TEXTS = [
    "the cat sees the dog.",
    "the dog sees the black cat!",
    "j'ai faim, et toi ?",
    "l'été dernier, nous avons vu la mer.",
    "나는 학교에 간다.",
    "어제 나는 책을 읽었다.",
    'a  b, 12 34 (c) "d"',
]
FAR_TEXTS = ["Ωμέγα", "🙂🙂", "the 猫", "zzzz", " ", "\t\n", "<pad> <unk> <sos> <eos>", "▁▁ a"]


def train(kind: str, vocab_size: int = 300, normaliser: Normaliser | None = None) -> Tokenizer:
    """Learn a vocabulary from a few sentences."""
    options = TokenizerOptions(kind, vocab_size, normaliser=normaliser or Normaliser())
    return Tokenizer.train(TEXTS * 3, options)


@pytest.mark.parametrize("kind", rows("TOKENIZERS"))
class TestTokenizer:
    """A tokenizer turns text into ids and back."""

    def test_known_text_comes_back(self, kind: str) -> None:
        """Decoding undoes encoding, but for what the normaliser did."""
        tokenizer = train(kind)
        for text in TEXTS:
            ids = tokenizer.encode(text)
            assert UNK not in ids
            assert tokenizer.decode(ids) == tokenizer.normaliser.undo(tokenizer.normaliser(text))

    def test_jamo_come_back_as_syllables(self, kind: str) -> None:
        """Korean that was taken apart is put together again."""
        tokenizer = train(kind, normaliser=Normaliser(hangul="jamo"))
        assert tokenizer.decode(tokenizer.encode(TEXTS[4])) == TEXTS[4]

    def test_the_first_tokens_are_the_special_ones(self, kind: str) -> None:
        """In their order, whatever the text."""
        tokenizer = train(kind)
        assert tuple(tokenizer.tokens([PAD, UNK, SOS, EOS])) == SPECIALS

    @pytest.mark.parametrize("text", FAR_TEXTS)
    def test_any_text_is_read(self, kind: str, text: str) -> None:
        """What was never seen is <unk> or pieces; a text never names PAD, SOS or EOS."""
        tokenizer = train(kind)
        ids = tokenizer.encode(text)
        assert all(0 <= number < tokenizer.vocab_size for number in ids)
        assert not {PAD, SOS, EOS} & set(ids)
        assert len(tokenizer.display(ids)) == len(ids)
        assert not set(SPECIALS) & set(tokenizer.decode(ids).split())

    def test_an_empty_text_has_no_tokens(self, kind: str) -> None:
        """And no tokens are an empty text."""
        tokenizer = train(kind)
        assert tokenizer.encode("") == []
        assert tokenizer.decode([]) == ""

    def test_a_batch_is_its_texts(self, kind: str) -> None:
        """Whatever their lengths."""
        tokenizer = train(kind)
        texts = [*TEXTS, "", *FAR_TEXTS]
        assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]

    def test_special_tokens_say_nothing(self, kind: str) -> None:
        """Wherever they stand."""
        tokenizer = train(kind)
        ids = tokenizer.encode(TEXTS[0])
        assert tokenizer.decode([SOS, *ids[:2], PAD, *ids[2:], EOS, PAD]) == tokenizer.decode(ids)

    def test_the_same_texts_give_the_same_vocabulary(self, kind: str) -> None:
        """To the byte."""
        assert train(kind).to_json() == train(kind).to_json()

    @pytest.mark.parametrize("vocab_size", [30, 60, 300])
    def test_the_vocabulary_is_no_larger_than_asked(self, kind: str, vocab_size: int) -> None:
        """Special tokens counted."""
        assert len(SPECIALS) < train(kind, vocab_size).vocab_size <= vocab_size

    def test_save_and_load(self, kind: str) -> None:
        """Everything is in the JSON."""
        tokenizer = train(kind, normaliser=Normaliser(lowercase=True))
        found = Tokenizer.from_json(tokenizer.to_json())
        assert found.to_json() == tokenizer.to_json()
        assert found.vocab_size == tokenizer.vocab_size
        for text in [*TEXTS, *FAR_TEXTS, "The CAT"]:
            assert found.encode(text) == tokenizer.encode(text)
            assert found.decode(tokenizer.encode(text)) == tokenizer.decode(tokenizer.encode(text))
