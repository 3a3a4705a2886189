"""What a copying model may say besides its vocabulary: the source's own tokens, unknown ones among them.

Ids past a vocabulary's stand for tokens that it lacks. A source's unknown tokens are numbered from the source
vocabulary's size on, in the order in which they first occur; equal ones have the same id. Past the target
vocabulary's ids stand first the source tokens that it lacks, which are the same for all texts, then the
unknown tokens of the text at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dragoman.text.neighbours import Beside, framed
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import SPECIALS, UNK


@dataclass(frozen=True)
class Opened:
    """A source over an open vocabulary.

    Attributes:
        ids: Its tokens.
        unknown: What the ids past the source vocabulary's stand for.
        num_cut: How many tokens were cut off its end.
        beside: What stands before and after it, where a model reads that too.
    """

    ids: list[int]
    unknown: tuple[str, ...] = ()
    num_cut: int = 0
    beside: Beside | None = None

    @property
    def row(self) -> list[int]:
        """What the encoder reads."""
        return framed(self.ids, self.beside)

    def cut(self, most: int | None) -> Opened:
        """Leave the first tokens; what is unknown among the others cannot be copied any more."""
        if most is None or len(self.ids) <= most:
            return self
        ids = self.ids[:most]
        # They are numbered as they occur, so that the first ones remain.
        gone = max(self.ids) - max(ids) if self.unknown else 0
        kept = max(0, len(self.unknown) - gone)
        return Opened(ids, self.unknown[:kept], len(self.ids) - most, self.beside)


class Copying:
    """How source tokens are said on the target side.

    Args:
        src: The source's tokenizer.
        tgt: The target's; it may be the same one.

    Attributes:
        tgt_ids: For each source id what it is on the target side.
    """

    def __init__(self, src: Tokenizer, tgt: Tokenizer) -> None:
        self.src, self.tgt = src, tgt
        self._lacking: list[str] = []
        self.tgt_ids = list(range(len(SPECIALS)))
        for token in src.tokens(range(len(SPECIALS), src.vocab_size)):
            found = tgt.id_of(token)
            if found is None:
                found = tgt.vocab_size + len(self._lacking)
                self._lacking.append(token)
            self.tgt_ids.append(found)

    def open(self, texts: Sequence[str]) -> list[Opened]:
        """Turn sources into ids, without EOS."""
        encoded = self.src.encode_batch(texts)
        return [
            self._open(text, ids) if UNK in ids else Opened(ids)
            for text, ids in zip(texts, encoded, strict=True)
        ]

    def encode_targets(self, texts: Sequence[str], sources: Sequence[Opened]) -> list[list[int]]:
        """Turn targets into ids; what is in neither the vocabulary nor the target's source is UNK."""
        encoded = self.tgt.encode_batch(texts)
        for text, ids, source in zip(texts, encoded, sources, strict=True):
            if UNK in ids:
                words = self.words(source.unknown)
                known = {word: self.tgt.vocab_size + n for n, word in enumerate(words)}
                tokens = iter(self.tgt.unknown(text))
                ids[:] = [known.get(next(tokens), UNK) if one == UNK else one for one in ids]
        return encoded

    def words(self, unknown: Sequence[str]) -> tuple[str, ...]:
        """Give what the ids past the target vocabulary's stand for, in a source with these unknown tokens."""
        return (*self._lacking, *unknown)

    def decode(self, ids: Sequence[int], unknown: Sequence[str] = ()) -> str:
        """Turn target ids into text, in a source with these unknown tokens."""
        return self.tgt.decode(ids, self.words(unknown))

    def _open(self, text: str, ids: list[int]) -> Opened:
        numbers: dict[str, int] = {}
        tokens = iter(self.src.unknown(text))
        opened = [
            numbers.setdefault(next(tokens), self.src.vocab_size + len(numbers))
            if one == UNK
            else one
            for one in ids
        ]
        return Opened(opened, tuple(numbers))
