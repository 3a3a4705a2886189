"""The whole network on one screen: encode, start, step, forward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.bridges import BRIDGES
from dragoman.nn.decoder import Decoded
from dragoman.nn.decoders import DECODERS
from dragoman.nn.dropout import VariationalDropout, WordDropout
from dragoman.nn.encoders import ENCODERS
from dragoman.nn.generators import GENERATORS, Looked
from dragoman.nn.state import Copies, Encoded, State
from dragoman.nn.surroundings import Surroundings, own_part
from dragoman.text.vocabulary import PAD, UNK


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
        tgt_ids: For a model that copies: what each source token is as a target id (`dragoman.text.copying`);
            the same id unless given.
        space: The source token that begins each word, for a model that reads the words beside its sources.
    """

    tgt_ids: Tensor

    def __init__(
        self,
        config: ModelConfig,
        src_vocab_size: int,
        tgt_vocab_size: int,
        tgt_ids: Sequence[int] | None = None,
        space: int | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.surroundings = None
        if config.context_words:
            self.surroundings = Surroundings(config, src_vocab_size, space)
        self.src_embedding = _embedding(src_vocab_size, config.embedding_size)
        tied = config.tie_embeddings
        self.tgt_embedding = (
            self.src_embedding if tied else _embedding(tgt_vocab_size, config.embedding_size)
        )
        rate = config.dropout if config.embedding_dropout is None else config.embedding_dropout
        self.embedding_dropout = VariationalDropout(rate)
        rate = config.word_dropout if config.tgt_word_dropout is None else config.tgt_word_dropout
        self.word_dropout = WordDropout(config.word_dropout)
        self.tgt_word_dropout = WordDropout(rate)
        width = config.embedding_size + (config.context_size if config.context_words else 0)
        read = config.model_copy(update={"embedding_size": width})
        self.encoder = ENCODERS[config.encoder](read)
        self.bridge = BRIDGES[config.bridge](config)
        self.decoder = DECODERS[config.decoder](config, self.encoder.memory_size)
        rate = config.dropout if config.output_dropout is None else config.output_dropout
        self.output_dropout = VariationalDropout(rate)
        self.generator = GENERATORS[config.generator](config, self.tgt_embedding)
        same = range(src_vocab_size) if tgt_ids is None else tgt_ids
        self.register_buffer("tgt_ids", torch.tensor(same), persistent=False)
        # Ids from here on are words of the sentence at hand.
        self.num_known_ids = max(tgt_vocab_size, max(same) + 1)

    def start(self, src: Int[Tensor, "batch src_len"]) -> State:
        """Read the source; make the decoder's state before its first step.

        Args:
            src: Token ids, PAD at the end of the shorter rows; every row has a token. Ids past the vocabulary's are
                words that only can be copied. A source may have its surroundings beside it.
        """
        encoded = self._encode(src)
        return self.decoder.start(encoded, self.bridge(encoded))

    def _encode(self, src: Int[Tensor, "batch src_len"]) -> Encoded:
        own = src if self.surroundings is None else own_part(src)
        embedded = self._embed(own, self.src_embedding, self.word_dropout)
        if self.surroundings is not None:
            beside = self.surroundings(src)[:, None].expand(-1, own.shape[1], -1)
            embedded = torch.cat([embedded, beside.to(embedded.dtype)], dim=2)
        encoded = self.encoder(embedded, own != PAD)
        if self.generator.copies:
            return replace(encoded, copies=self.copies(own))
        return encoded

    def copies(self, src: Int[Tensor, "batch src_len"]) -> Copies:
        """Say what copying each source token would say."""
        own = src - self.src_embedding.num_embeddings
        known = self.tgt_ids[src.where(own < 0, UNK)]
        ids = known.where(own < 0, own + self.num_known_ids)
        return Copies(ids, max(self.num_known_ids, int(ids.max()) + 1))

    def step(self, last_ids: Int[Tensor, " rows"], state: State) -> Stepped:
        """Read one token a row (SOS first), and say how likely each next one is."""
        embedded = self._embed_tgt(last_ids[:, None])[:, 0]
        decoded, state = self.decoder.step(embedded, self.decoder.heed(last_ids, state))
        outputs = decoded.outputs[:, 0]
        weights = None if decoded.weights is None else decoded.weights[:, 0]
        looked, copies = None, state.encoded.copies
        if copies is not None and weights is not None:
            ids = copies.ids.repeat_interleave(state.beams, 0)
            looked = Looked(weights, ids, copies.width)
        return Stepped(self.generator(outputs, looked), weights, state)

    def forward(
        self, src: Int[Tensor, "batch src_len"], tgt_in: Int[Tensor, "rows tgt_len"]
    ) -> Decoded:
        """Read the source and the right target (teacher forcing).

        Args:
            src: Token ids.
            tgt_in: A target a source; or equally many of each, side by side, for which a source is read once.

        Returns:
            What `self.generator` makes a distribution of, for every step.
        """
        state = self.start(src)
        if len(tgt_in) > len(src):
            state = state.select(_side_by_side(src, len(tgt_in)))
        state = self.decoder.heed(tgt_in, state)
        decoded = self.decoder.sequence(self._embed_tgt(tgt_in), state)
        return Decoded(self.output_dropout(decoded.outputs), decoded.weights)

    def log_probs(
        self, decoded: Decoded, src: Int[Tensor, "batch src_len"]
    ) -> Float[Tensor, "rows steps width"]:
        """Make of what `forward` gave the log-probability of every token at every step."""
        return self.generator(decoded.outputs, self.looked(decoded, src))

    def looked(self, decoded: Decoded, src: Int[Tensor, "batch src_len"]) -> Looked | None:
        """Say what could be copied at every step; None if the model does not copy."""
        if decoded.weights is None or not self.generator.copies:
            return None
        copies = self.copies(src if self.surroundings is None else own_part(src))
        rows = _side_by_side(src, len(decoded.weights))
        ids = copies.ids[rows, None].expand(-1, decoded.weights.shape[1], -1)
        return Looked(decoded.weights, ids, copies.width)

    def _embed_tgt(self, ids: Int[Tensor, "batch steps"]) -> Float[Tensor, "batch steps width"]:
        return self._embed(ids, self.tgt_embedding, self.tgt_word_dropout)

    def _embed(
        self, ids: Int[Tensor, "batch steps"], table: nn.Embedding, dropout: WordDropout
    ) -> Float[Tensor, "batch steps width"]:
        # What is past the table is a word that the source alone knows; it is read as UNK.
        known = ids.where(ids < table.num_embeddings, UNK)
        return self.embedding_dropout(dropout(table(known)))


def _side_by_side(src: Tensor, rows: int) -> Int[Tensor, " rows"]:
    """Say which source each of so many rows belongs to."""
    return torch.arange(len(src), device=src.device).repeat_interleave(rows // len(src))


def _embedding(size: int, width: int) -> nn.Embedding:
    table = nn.Embedding(size, width)
    nn.init.normal_(table.weight, std=width**-0.5)
    return table
