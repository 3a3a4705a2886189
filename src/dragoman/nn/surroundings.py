"""Surroundings: the words before and after a source -> one vector that says where it stands.

A row of ids may hold more than the source: ``left SOS source EOS right EOS``. The network writes of the source alone;
the words beside it are read by their pieces and letters, and a recurrence over them, in both directions, gives the
vector that the encoder sees beside each of the source's tokens.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.encoders import RecurrentEncoder
from dragoman.nn.readers import WordReader
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK

# How often, in training, a source is read alone, so that the network can do without its surroundings.
_ALONE = 0.1


class Surroundings(nn.Module):
    """The words of a window, each read as `WordReader` reads it, and a bidirectional recurrence over them.

    Args:
        config: Sizes.
        vocab_size: Source tokens, which are characters.
        space: The id that begins each word.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, space: int | None) -> None:
        super().__init__()
        size = config.context_size
        self.vocab_size, self.size = vocab_size, size
        own = reading_config(config)
        self.reader = WordReader(own, vocab_size, space)
        self.embedding_dropout = VariationalDropout(config.dropout)
        self.encoder = RecurrentEncoder(own)
        self.dropout = VariationalDropout(config.dropout)

    def forward(self, rows: Int[Tensor, "batch row_len"]) -> Float[Tensor, "batch size"]:
        """Say where each row's source stands; all 0 where it stands alone."""
        known = rows.where(rows < self.vocab_size, UNK)
        read = self.reader(known)
        encoded = self.encoder(self.embedding_dropout(read.vectors), read.mask)
        starts = rows == self.reader.space
        word = (starts.cumsum(dim=1) - 1).clamp_min(0)
        chosen = torch.zeros_like(read.mask, dtype=torch.long)
        chosen = chosen.scatter_add(1, word, (starts & _inside(rows)).long())
        share = chosen.to(encoded.memory.dtype) / chosen.sum(dim=1, keepdim=True).clamp_min(1)
        vectors = (share[:, :, None] * encoded.memory).sum(dim=1)
        beside = (rows == SOS).any(dim=1, keepdim=True)
        if self.training:
            beside = beside & (torch.rand_like(vectors[:, :1]) >= _ALONE)
        return self.dropout(vectors[:, None])[:, 0] * beside


def reading_config(config: ModelConfig) -> ModelConfig:
    """Give the sizes of what reads the words beside a source."""
    return config.model_copy(
        update={
            "embedding_size": config.context_size,
            "hidden_size": config.context_size,
            "encoder_layers": 1,
            "bidirectional": True,
            "reverse_source": False,
            "word_dropout": config.context_dropout,
        }
    )


def own_part(rows: Int[Tensor, "batch row_len"]) -> Int[Tensor, "batch src_len"]:
    """Cut the sources out of their rows: each ended by EOS, PAD after the shorter ones."""
    inside = _inside(rows)
    places = torch.arange(rows.shape[1], device=rows.device)
    start = torch.where(inside, places, rows.shape[1]).amin(dim=1, keepdim=True)
    lengths = inside.sum(dim=1, keepdim=True) + 1
    wanted = torch.arange(int(lengths.max()), device=rows.device)[None]
    found = rows.gather(1, (start + wanted).clamp_max(rows.shape[1] - 1))
    return found.where(wanted < lengths, PAD)


def _inside(rows: Int[Tensor, "batch row_len"]) -> Bool[Tensor, "batch row_len"]:
    """Say which tokens are the source's own, EOS not among them."""
    begun = (rows == SOS).cumsum(dim=1)
    begun = begun + 1 - begun[:, -1:]  # A row without SOS is all source.
    ended = ((rows == EOS) & (begun > 0)).cumsum(dim=1)
    return (begun > 0) & (ended == 0) & (rows != SOS) & (rows != PAD)
