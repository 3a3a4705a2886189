"""Readers: ids of a text -> one vector for each thing that is labelled: its tokens, or its words."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.dropout import WordDropout
from dragoman.text.vocabulary import EOS, PAD, SOS

_CHARACTER_SIZE = 32
_WINDOW = 5
_LONGEST = 4
# Odd constants of 63 bits, of SplitMix64 (Steele et al. 2014, doi:10.1145/2714064.2660195) and its kin.
_MIX = (0x1E3779B97F4A7C15, 0x3F58476D1CE4E5B9, 0x14D049BB133111EB)


@dataclass(frozen=True)
class Read:
    """What the encoder reads: vectors, and where they are real."""

    vectors: Float[Tensor, "batch units width"]
    mask: Bool[Tensor, "batch units"]


class Reader(nn.Module):
    """What every row of READERS is.

    Args:
        config: Sizes.
        vocab_size: Source tokens.
        space: The id that begins each word, where the tokens are characters.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, space: int | None) -> None:
        super().__init__()
        del config, vocab_size, space

    def forward(self, src: Int[Tensor, "batch src_len"]) -> Read:
        """Read a batch of texts.

        Args:
            src: Token ids, each row ended by EOS, PAD after the shorter rows.
        """
        raise NotImplementedError


class TokenReader(Reader):
    """A vector for each token; EOS gets none."""

    def __init__(self, config: ModelConfig, vocab_size: int, space: int | None) -> None:
        super().__init__(config, vocab_size, space)
        self.table = _table(vocab_size, config.embedding_size)
        self.word_dropout = WordDropout(config.word_dropout)

    def forward(self, src: Int[Tensor, "batch src_len"]) -> Read:
        """Look the tokens up."""
        tokens = src[:, :-1]
        return Read(self.word_dropout(self.table(tokens)), (tokens != PAD) & (tokens != EOS))


class WordReader(Reader):
    """A vector for each word, by its pieces and by its letters; needs characters as tokens.

    One half is the mean of the vectors of the word itself and of its n-grams, the space at either end among them
    (fastText, Bojanowski et al. 2017, arXiv:1607.04606, section 3.2). Hashes choose their rows in a table of fixed
    size, so that there is no list of words and none is unknown; it begins at zero, and so says nothing of pieces never
    seen. The other half is a convolution over the characters, the greatest value of each feature (Ma & Hovy 2016,
    arXiv:1603.01354, section 2.1). Word dropout takes only the word itself away: its pieces learn to do without.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, space: int | None) -> None:
        super().__init__(config, vocab_size, space)
        if space is None:
            raise ValueError("a WordReader needs to know which character begins a word")
        self.space = space
        half = config.embedding_size // 2
        self.pieces = nn.Embedding(config.word_buckets, half)
        nn.init.zeros_(self.pieces.weight)
        self.word_dropout = WordDropout(config.word_dropout)
        self.characters = _table(vocab_size, _CHARACTER_SIZE)
        self.window = nn.Conv1d(
            _CHARACTER_SIZE, config.embedding_size - half, _WINDOW, padding=_WINDOW // 2
        )

    def forward(self, src: Int[Tensor, "batch src_len"]) -> Read:
        """Cut the text at its spaces, and read each word."""
        starts = src == self.space
        word = starts.cumsum(dim=1) - 1
        # Marks of where a text begins and ends stand between words, as spaces do.
        marks = (src == SOS) | (src == EOS)
        inside = (src != PAD) & ~marks & (word >= 0)
        word = word.clamp(min=0)
        counts = starts.sum(dim=1, keepdim=True)
        mask = torch.arange(int(counts.max()), device=src.device)[None] < counts
        # After its last word too a text has what follows every other word: a space.
        spelled = torch.where(marks, self.space, src)
        whole = self.word_dropout(self._words(src, inside, word, mask))
        pieces = self._pieces(spelled, inside, word, whole)
        return Read(torch.cat([pieces, self._spelling(spelled, inside, word, mask)], dim=2), mask)

    def _words(
        self, src: Tensor, inside: Tensor, word: Tensor, mask: Tensor
    ) -> Float[Tensor, "batch units half"]:
        """Look each word up by the sum of its characters' hashes, each mixed with its place."""
        places = torch.arange(src.shape[1], device=src.device).expand_as(src)
        start = torch.where(src == self.space, places, 0).cummax(dim=1).values
        codes = _mix((src * _MIX[0]) ^ ((places - start + 1) * _MIX[1])) * inside
        zero = torch.zeros(mask.shape, dtype=torch.int64, device=src.device)
        return self._rows(zero.scatter_add(1, word, codes))

    def _pieces(
        self, spelled: Tensor, inside: Tensor, word: Tensor, whole: Tensor
    ) -> Float[Tensor, "batch units half"]:
        """Average a word's own vector and those of its n-grams."""
        total, count = whole, torch.ones_like(whole[:, :, :1])
        codes = spelled
        for size in range(2, _LONGEST + 1):
            codes = codes[:, :-1] * _MIX[1] + spelled[:, size - 1 :]
            # All characters but the last, which may be the next word's space, are of one word.
            first, last = slice(None, 1 - size), slice(size - 2, -1)
            real = (inside[:, first] & inside[:, last] & (word[:, first] == word[:, last]))[
                ..., None
            ]
            rows = self._rows(_mix(codes)) * real
            where = word[:, first, None]
            total = total.scatter_add(1, where.expand_as(rows), rows)
            count = count.scatter_add(1, where, real.to(count.dtype))
        return total / count

    def _rows(self, codes: Int[Tensor, "batch codes"]) -> Float[Tensor, "batch codes half"]:
        return self.pieces((codes ^ (codes >> 31)) % self.pieces.num_embeddings)

    def _spelling(
        self, spelled: Tensor, inside: Tensor, word: Tensor, mask: Tensor
    ) -> Float[Tensor, "batch units half"]:
        """Slide a window over the text, and keep the most that each feature reaches in a word."""
        vectors = self.characters(spelled) * (spelled != PAD)[:, :, None]
        seen = self.window(vectors.transpose(1, 2)).transpose(1, 2).relu() * inside[:, :, None]
        # Nothing is below 0, so that zeros to begin with are never the greatest wrongly.
        zero = seen.new_zeros(*mask.shape, seen.shape[2])
        return zero.scatter_reduce(1, word[:, :, None].expand_as(seen), seen, "amax")


def _mix(codes: Int[Tensor, "batch codes"]) -> Int[Tensor, "batch codes"]:
    return (codes ^ (codes >> 29)) * _MIX[2]


def _table(size: int, width: int) -> nn.Embedding:
    table = nn.Embedding(size, width)
    nn.init.normal_(table.weight, std=width**-0.5)
    return table


READERS: dict[str, type[Reader]] = {"tokens": TokenReader, "words": WordReader}
