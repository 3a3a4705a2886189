"""Tokenizers: words, characters, BPE and unigram pieces, on the `tokenizers` library.

A space is written as ▁ before the word that follows it, so that tokens put side by side give the
text back exactly: `j'ai faim.` -> `▁j'` `ai` `▁faim` `.`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

import tokenizers as library
from tokenizers import models, pre_tokenizers, trainers

from dragoman.errors import ModelError
from dragoman.text.known import KnownWords
from dragoman.text.normalise import Normaliser
from dragoman.text.vocabulary import (
    EOS,
    INSERT,
    INSERT_TOKEN,
    PAD,
    SOS,
    SPECIALS,
    STEP,
    STEP_TOKEN,
    UNK,
)

# The library's threads do not survive a fork (data loaders, servers), and it warns of each.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

_VERSION = 1
SPACE = "▁"
# Letters, marks, digits, and the joiners of Persian and Indic words.
LETTER = r"[\p{L}\p{M}\p{N}_\x{200C}\x{200D}]"
# A word and its elision, or any other single character as people count them (a flag is one):
# punctuation stands alone.
WORDS = rf"{SPACE}?{LETTER}+(?:['’](?={LETTER}))?|{SPACE}?(?!{SPACE})\X|{SPACE}"
CHARACTERS = r"[\s\S]"
SPACED = rf"{SPACE}?[^{SPACE}]+|{SPACE}"
WHOLE = r"[\s\S]+"
TAGGED = rf"{SPACE}?<[^<>{SPACE}]+>|[\s\S]"
_BY_WORDS = (WORDS, CHARACTERS, SPACED, TAGGED)
# For private use, and in no corpus: to see whether a tokenizer knows what to do with the unknown.
_UNSEEN = "\ue000"


@dataclass(frozen=True)
class TokenizerOptions:
    """What to train.

    Attributes:
        kind: A row of TOKENIZERS.
        vocab_size: Most tokens, the four special ones included.
        min_frequency: How often a word, a character or a BPE merge (which needs two anyway) must
            occur to be kept.
        normaliser: What is done to the text first.
        actions: The tokens that stand next, as a decoder that walks along the source needs them.
    """

    kind: str = "bpe"
    vocab_size: int = 8000
    min_frequency: int = 1
    normaliser: Normaliser = field(default_factory=Normaliser)
    actions: tuple[str, ...] = ()

    @property
    def specials(self) -> list[str]:
        """The tokens that stand first."""
        return [*SPECIALS, *self.actions]


class Tokenizer:
    """Text to ids and back; everything needed to do so is in `to_json`.

    Args:
        normaliser: What is done to the text first.
        pieces: The library's tokenizer, whose first four tokens are PAD, UNK, SOS and EOS.
    """

    def __init__(self, normaliser: Normaliser, pieces: library.Tokenizer) -> None:
        self.normaliser = normaliser
        self._pieces = pieces
        # By number: as they are stored, and as people read them.
        self._names = _Named(lambda number: pieces.id_to_token(number) or SPECIALS[UNK])
        self._shown = _Named(lambda number: self._show(self._names[number]))

    @classmethod
    def train(cls, texts: Iterable[str], options: TokenizerOptions) -> Tokenizer:
        """Learn a vocabulary; the same texts give the same one."""
        clean = [options.normaliser(text) for text in texts]
        return cls(options.normaliser, TOKENIZERS[options.kind](clean, options))

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return self._pieces.get_vocab_size()

    @cached_property
    def silent(self) -> range:
        """The tokens that say nothing: the special ones, and the actions of a decoder that walks along the source."""
        actions = {STEP: STEP_TOKEN, INSERT: INSERT_TOKEN}
        there = takewhile(lambda number: self.id_of(actions[number]) == number, actions)
        return range(len(SPECIALS) + len(list(there)))

    @property
    def acts(self) -> bool:
        """Whether some tokens are actions, so that a text alone does not say by which tokens it was written."""
        return len(self.silent) > len(SPECIALS)

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids, without SOS and EOS."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Turn texts into ids."""
        clean = self.normaliser.each(texts)
        return self._words(clean) if self.by_words else self.encode_clean(clean)

    @cached_property
    def _words(self) -> KnownWords:
        return KnownWords(self.encode_clean)

    def encode_clean(self, texts: Sequence[str]) -> list[list[int]]:
        """Turn texts that are normalised already into ids."""
        encodings = self._pieces.encode_batch_fast([_mark(text) for text in texts])
        return [encoding.ids for encoding in encodings]

    @cached_property
    def by_words(self) -> bool:
        """Whether every token belongs to one word, between two spaces; a label may be several."""
        splitter = self._pieces.pre_tokenizer
        splits = json.loads(splitter.__getstate__()) if splitter else {}
        return splits.get("pattern") in [{"Regex": one} for one in _BY_WORDS]

    def unknown(self, text: str) -> list[str]:
        """Give the tokens of a text that `encode` turns into UNK, as they stand in it, in their order."""
        clean = _mark(self.normaliser(text))
        encoding = self._pieces.encode(clean)
        places = zip(encoding.ids, encoding.offsets, strict=True)
        return [clean[start:stop] for number, (start, stop) in places if number == UNK]

    def id_of(self, token: str) -> int | None:
        """Look up a token as it is stored, such as `▁student`; None if there is no such token."""
        return self._pieces.token_to_id(token)

    def tokens(self, ids: Iterable[int], words: Sequence[str] = ()) -> list[str]:
        """Name tokens as they are stored; `words` are those that ids past the vocabulary's stand for."""
        names = self._names
        if not words:
            return [names[number] for number in ids]
        size = self.vocab_size
        return [
            words[number - size] if 0 <= number - size < len(words) else names[number]
            for number in ids
        ]

    def display(self, ids: Iterable[int], words: Sequence[str] = ()) -> list[str]:
        """Name tokens as people read them: without ▁, a space of its own as ␣."""
        if words:
            return [self._show(token) for token in self.tokens(ids, words)]
        shown = self._shown
        return [shown[number] for number in ids]

    def _show(self, token: str) -> str:
        return self.normaliser.undo(token).removeprefix(SPACE) or "␣"

    def decode(self, ids: Iterable[int], words: Sequence[str] = ()) -> str:
        """Turn ids into text; special tokens, UNK among them, say nothing."""
        first = self.silent.stop
        text = "".join(self.tokens([number for number in ids if number >= first], words))
        return self.normaliser.undo(" ".join(text.replace(SPACE, " ").split()))

    def to_json(self) -> str:
        """Write everything that `from_json` needs."""
        content = {
            "dragoman_tokenizer": _VERSION,
            "normaliser": asdict(self.normaliser),
            "pieces": json.loads(self._pieces.to_str()),
        }
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Tokenizer:
        """Read what `to_json` wrote.

        Raises:
            ModelError: It is damaged, something else, or of another version.
        """
        try:
            content: Any = json.loads(text)
            version = content["dragoman_tokenizer"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ModelError(
                "not a tokenizer that dragoman wrote, or a damaged one; copy it anew."
            ) from None
        if version != _VERSION:
            raise ModelError(
                f"a tokenizer of format {version!r}, but this dragoman reads format {_VERSION}."
            )
        try:
            normaliser = Normaliser(**content["normaliser"])
            pieces = _load(content["pieces"])
            pieces.encode(_UNSEEN)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # The library's panics are no Exceptions.
            reason = str(error).partition("\n")[0]
            raise ModelError(f"a damaged tokenizer ({reason}); copy it anew.") from None
        if [pieces.id_to_token(number) for number in (PAD, UNK, SOS, EOS)] != list(SPECIALS):
            raise ModelError(f"a tokenizer whose first tokens are not {' '.join(SPECIALS)}.")
        if max(pieces.get_vocab().values()) >= pieces.get_vocab_size():
            raise ModelError("a damaged tokenizer, whose ids leave gaps; copy it anew.")
        return cls(normaliser, pieces)


class _Named(dict[int, str]):
    """What numbers are called, each asked for once: a look-up that has an answer runs no Python."""

    def __init__(self, name: Callable[[int], str]) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, number: int) -> str:
        name = self[number] = self._name(number)
        return name


def _mark(text: str) -> str:
    return SPACE + text.replace(" ", SPACE) if text else ""


def _frequent_characters(texts: Sequence[str], options: TokenizerOptions) -> Sequence[str]:
    """Drop rare characters, so that an alphabet leaves half of a large vocabulary to pieces."""
    room = max(0, options.vocab_size - len(SPECIALS) - len(SPACE))
    room = min(room, max(100, options.vocab_size // 2))
    counts = Counter("".join(texts))
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    frequent = [c for c in ranked[:room] if counts[c] >= options.min_frequency]
    rare = {ord(character): None for character in counts.keys() - frequent}
    return [text.translate(rare) for text in texts] if rare else texts


def _train(
    model: models.Model, pattern: str, trainer: trainers.Trainer, texts: Iterable[str]
) -> dict[str, Any]:
    tokenizer = library.Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(library.Regex(pattern), behavior="isolated")
    tokenizer.train_from_iterator((_mark(text) for text in texts), trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    # Special tokens keep their ids, but written in a text they are plain text.
    content["added_tokens"] = []
    return content


def _load(content: dict[str, Any]) -> library.Tokenizer:
    return library.Tokenizer.from_str(json.dumps(content))


def _train_words(
    texts: Sequence[str], options: TokenizerOptions, pattern: str = WORDS
) -> library.Tokenizer:
    """Whole words and punctuation marks; what is rare or new is <unk>."""
    trainer = trainers.WordLevelTrainer(
        vocab_size=options.vocab_size,
        min_frequency=options.min_frequency,
        show_progress=False,
        special_tokens=options.specials,
    )
    model = models.WordLevel({SPECIALS[UNK]: UNK}, unk_token=SPECIALS[UNK])
    return _load(_train(model, pattern, trainer, texts))


def _train_characters(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Every character a token."""
    return _train_words(texts, options, CHARACTERS)


def _train_spaced(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Whatever stands between two spaces: phones, labels, text that others have tokenised."""
    return _train_words(texts, options, SPACED)


def _train_whole(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """The whole text a token: a label, which may be several words."""
    return _train_words(texts, options, WHOLE)


def _train_tagged(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Every character a token, and every <tag>: a language, a grammatical feature."""
    return _train_words(texts, options, TAGGED)


def _train_bpe(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909), on characters."""
    trainer = trainers.BpeTrainer(
        vocab_size=options.vocab_size,
        min_frequency=max(2, options.min_frequency),
        show_progress=False,
        special_tokens=options.specials,
    )
    model = models.BPE(unk_token=SPECIALS[UNK])
    return _load(_train(model, WORDS, trainer, _frequent_characters(texts, options)))


def _train_unigram(texts: Sequence[str], options: TokenizerOptions) -> library.Tokenizer:
    """Unigram language model pieces (Kudo 2018, arXiv:1804.10959).

    The library sums in the order of a hash map, new in every run, and in that order too it gives
    the characters that its EM lost a place among the least likely. Scores are therefore rounded,
    and those characters all made least likely, so that the same texts give the same file.
    """
    trainer = trainers.UnigramTrainer(
        vocab_size=options.vocab_size,
        show_progress=False,
        special_tokens=options.specials,
        unk_token=SPECIALS[UNK],
    )
    content = _train(models.Unigram(), WORDS, trainer, _frequent_characters(texts, options))
    vocabulary: list[tuple[str, float]] = content["model"]["vocab"]
    specials, learned = vocabulary[: len(SPECIALS)], vocabulary[len(SPECIALS) :]
    least = min((score for _, score in learned), default=0.0)
    lost = least + 0.0001 * sum(len(token) == 1 for token, _ in learned)
    scores = {
        token: round(least if len(token) == 1 and score < lost else score, 6)
        for token, score in learned
    }
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    content["model"]["vocab"] = [*specials, *ranked]
    return _load(content)


TOKENIZERS: dict[str, Callable[[Sequence[str], TokenizerOptions], library.Tokenizer]] = {
    "word": _train_words,
    "char": _train_characters,
    "spaced": _train_spaced,
    "tagged": _train_tagged,
    "whole": _train_whole,
    "bpe": _train_bpe,
    "unigram": _train_unigram,
}
