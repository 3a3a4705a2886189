"""The whole network on one screen: encode, start, step, forward."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.bridges import BRIDGES
from dragoman.nn.decoder import Decoded
from dragoman.nn.decoders import DECODERS
from dragoman.nn.dropout import VariationalDropout, WordDropout
from dragoman.nn.encoders import ENCODERS
from dragoman.nn.generators import GENERATORS
from dragoman.nn.state import State
from dragoman.text.vocabulary import PAD


@dataclass(frozen=True)
class Stepped:
    """One step's log-probabilities, where it looked, and the state after it."""

    log_probs: Float[Tensor, "rows vocab"]
    weights: Float[Tensor, "rows src_len"] | None
    state: State


class Seq2Seq(nn.Module):
    """Encoder -> context vector -> decoder -> distribution (Sutskever 2014; with attention, Luong 2015).

    Args:
        config: The parts and their sizes.
        src_vocab_size: Source tokens.
        tgt_vocab_size: Target tokens.
    """

    def __init__(self, config: ModelConfig, src_vocab_size: int, tgt_vocab_size: int) -> None:
        super().__init__()
        self.config = config
        self.src_embedding = _embedding(src_vocab_size, config.embedding_size)
        tied = config.tie_embeddings
        self.tgt_embedding = (
            self.src_embedding if tied else _embedding(tgt_vocab_size, config.embedding_size)
        )
        rate = config.dropout if config.embedding_dropout is None else config.embedding_dropout
        self.embedding_dropout = VariationalDropout(rate)
        self.word_dropout = WordDropout(config.word_dropout)
        self.encoder = ENCODERS[config.encoder](config)
        self.bridge = BRIDGES[config.bridge](config)
        self.decoder = DECODERS[config.decoder](config, self.encoder.memory_size)
        rate = config.dropout if config.output_dropout is None else config.output_dropout
        self.output_dropout = VariationalDropout(rate)
        self.generator = GENERATORS[config.generator](config, self.tgt_embedding)

    def start(self, src: Int[Tensor, "batch src_len"]) -> State:
        """Read the source; make the decoder's state before its first step.

        Args:
            src: Token ids, PAD at the end of the shorter rows; every row has a token.
        """
        encoded = self.encoder(self._embed(src, self.src_embedding), src != PAD)
        return self.decoder.start(encoded, self.bridge(encoded))

    def step(self, last_ids: Int[Tensor, " rows"], state: State) -> Stepped:
        """Read one token a row (SOS first), and say how likely each next one is."""
        embedded = self._embed(last_ids[:, None], self.tgt_embedding)[:, 0]
        decoded, state = self.decoder.step(embedded, self.decoder.heed(last_ids, state))
        weights = None if decoded.weights is None else decoded.weights[:, 0]
        return Stepped(self.generator(decoded.outputs[:, 0]), weights, state)

    def forward(
        self, src: Int[Tensor, "batch src_len"], tgt_in: Int[Tensor, "batch tgt_len"]
    ) -> Decoded:
        """Read the source and the right target (teacher forcing).

        Returns:
            What `self.generator` makes a distribution of, for every step.
        """
        state = self.decoder.heed(tgt_in, self.start(src))
        decoded = self.decoder.sequence(self._embed(tgt_in, self.tgt_embedding), state)
        return Decoded(self.output_dropout(decoded.outputs), decoded.weights)

    def _embed(
        self, ids: Int[Tensor, "batch steps"], table: nn.Embedding
    ) -> Float[Tensor, "batch steps width"]:
        return self.embedding_dropout(self.word_dropout(table(ids)))


def _embedding(size: int, width: int) -> nn.Embedding:
    table = nn.Embedding(size, width)
    nn.init.normal_(table.weight, std=width**-0.5)
    return table
