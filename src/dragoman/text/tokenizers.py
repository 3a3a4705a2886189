"""Tokenizers: words, characters, BPE and unigram pieces, on the `tokenizers` library.

A space is written as ▁ before the word that follows it, so that tokens put side by side give the text back
exactly: `j'ai faim.` -> `▁j'` `ai` `▁faim` `.`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import tokenizers as library
from tokenizers import models, pre_tokenizers, trainers

from dragoman.errors import ModelError
from dragoman.text.normalise import Normaliser
from dragoman.text.vocabulary import EOS, PAD, SOS, SPECIALS, UNK

_VERSION = 1
_SPACE = "▁"
# A word with its marks and its elision, or any other single character: punctuation stands alone.
_PIECE = rf"{_SPACE}?[\p{{L}}\p{{M}}\p{{N}}_]+['’]?|{_SPACE}?[^\p{{L}}\p{{M}}\p{{N}}_{_SPACE}]|{_SPACE}"


@dataclass(frozen=True)
class TokenizerOptions:
    """What to train.

    Attributes:
        kind: A row of TOKENIZERS.
        vocab_size: Most tokens, the four special ones included.
        min_frequency: How often a token must occur to be kept.
        normaliser: What is done to the text first.
    """

    kind: str = "bpe"
    vocab_size: int = 8000
    min_frequency: int = 1
    normaliser: Normaliser = field(default_factory=Normaliser)


class Tokenizer:
    """Text to ids and back; everything needed to do so is in `to_json`.

    Args:
        normaliser: What is done to the text first.
        pieces: The library's tokenizer, whose first four tokens are PAD, UNK, SOS and EOS.
    """

    def __init__(self, normaliser: Normaliser, pieces: library.Tokenizer) -> None:
        self.normaliser = normaliser
        self._pieces = pieces

    @classmethod
    def train(cls, texts: Iterable[str], options: TokenizerOptions) -> Tokenizer:
        """Learn a vocabulary; the same texts give the same one."""
        clean = [options.normaliser(text) for text in texts]
        return cls(options.normaliser, TOKENIZERS[options.kind](clean, options))

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return self._pieces.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids, without SOS and EOS."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Turn texts into ids."""
        clean = [_mark(self.normaliser(text)) for text in texts]
        return [encoding.ids for encoding in self._pieces.encode_batch_fast(clean)]

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Name tokens as they are stored."""
        return [self._pieces.id_to_token(number) or SPECIALS[UNK] for number in ids]

    def display(self, ids: Iterable[int]) -> list[str]:
        """Name tokens as people read them: without ▁, a space of its own as ␣."""
        shown = (self.normaliser.undo(token) for token in self.tokens(ids))
        return [token.removeprefix(_SPACE) or "␣" for token in shown]

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; special tokens say nothing."""
        text = "".join(self.tokens(number for number in ids if number >= len(SPECIALS)))
        return self.normaliser.undo(text.replace(_SPACE, " ").strip())

    def to_json(self) -> str:
        """Write everything that `from_json` needs."""
        pieces = json.loads(self._pieces.to_str())
        content = {"dragoman_tokenizer": _VERSION, "normaliser": asdict(self.normaliser), "pieces": pieces}
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Tokenizer:
        """Read what `to_json` wrote.

        Raises:
            ModelError: It is damaged, or something else.
        """
        try:
            content: Any = json.loads(text)
            version = content["dragoman_tokenizer"]
            normaliser = Normaliser(**content["normaliser"])
            pieces = library.Tokenizer.from_str(json.dumps(content["pieces"]))
        # The library raises bare Exceptions for what it cannot read.
        except Exception as error:
            raise ModelError(f"not a tokenizer of dragoman's, or a damaged one ({error}).") from None
        if version != _VERSION:
            raise ModelError(f"a tokenizer of format {version}; this version of dragoman reads {_VERSION}.")
        if [pieces.id_to_token(number) for number in (PAD, UNK, SOS, EOS)] != list(SPECIALS):
            raise ModelError(f"a tokenizer whose first tokens are not {' '.join(SPECIALS)}.")
        return cls(normaliser, pieces)


def _mark(text: str) -> str:
    return _SPACE + text.replace(" ", _SPACE) if text else ""


def _assemble(model: models.Model, pieces: str | None) -> library.Tokenizer:
    tokenizer = library.Tokenizer(model)
    pattern = library.Regex(pieces or "[\\s\\S]")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, behavior="isolated")
    return tokenizer


def _train_words(texts: Sequence[str], options: TokenizerOptions, pieces: str = _PIECE) -> library.Tokenizer:
    """Whole words and punctuation marks; what is rare or new is <unk>."""
    tokenizer = _assemble(models.WordLevel({SPECIALS[UNK]: UNK}, unk_token=SPECIALS[UNK]), pieces)
    trainer = trainers.WordLevelTrainer(
        vocab_size=options.vocab_size,
        min_frequency=options.min_frequency,
        show_progress=False,
        special_tokens=list(SPECIALS),
    )
    return _train(tokenizer, texts, trainer)


def _train_characters(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Every character a token."""
    return _train_words(texts, options, r"[\s\S]")


def _train_bpe(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909), on characters."""
    tokenizer = _assemble(models.BPE(unk_token=SPECIALS[UNK]), _PIECE)
    trainer = trainers.BpeTrainer(
        vocab_size=options.vocab_size,
        min_frequency=max(2, options.min_frequency),
        show_progress=False,
        special_tokens=list(SPECIALS),
        limit_alphabet=max(100, options.vocab_size // 2),
    )
    return _train(tokenizer, texts, trainer)


def _train_unigram(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Unigram language model pieces (Kudo 2018, arXiv:1804.10959)."""
    tokenizer = _assemble(models.Unigram(), _PIECE)
    trainer = trainers.UnigramTrainer(
        vocab_size=options.vocab_size,
        show_progress=False,
        special_tokens=list(SPECIALS),
        unk_token=SPECIALS[UNK],
    )
    return _train(tokenizer, texts, trainer)


def _train(tokenizer: library.Tokenizer, texts: Sequence[str], trainer: trainers.Trainer) -> library.Tokenizer:
    """Train, then forget that special tokens are special: in a person's text they are plain text."""
    tokenizer.train_from_iterator((_mark(text) for text in texts), trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return library.Tokenizer.from_str(json.dumps(content))


TOKENIZERS: dict[str, Callable[[Sequence[str], TokenizerOptions], library.Tokenizer]] = {
    "word": _train_words,
    "char": _train_characters,
    "bpe": _train_bpe,
    "unigram": _train_unigram,
}
