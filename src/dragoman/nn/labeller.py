"""The network that labels, on one screen: reader -> encoder -> head; and the same in numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.dropout import VariationalDropout
from dragoman.nn.encoders import ENCODERS
from dragoman.nn.heads import HEADS, Emissions
from dragoman.nn.readers import READERS

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


class Labeller(nn.Module):
    """Text -> labels, one for each word (many-to-many) or one for all (many-to-one).

    Args:
        config: The parts and their sizes.
        src_vocab_size: Source tokens.
        num_labels: Labels to choose from.
        space: The id that begins each word, where the tokens are characters.
    """

    def __init__(
        self, config: ModelConfig, src_vocab_size: int, num_labels: int, space: int | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.reader = READERS[config.reader](config, src_vocab_size, space)
        rate = config.dropout if config.embedding_dropout is None else config.embedding_dropout
        self.embedding_dropout = VariationalDropout(rate)
        self.encoder = ENCODERS[config.encoder](config)
        rate = config.dropout if config.output_dropout is None else config.output_dropout
        self.output_dropout = VariationalDropout(rate)
        self.head = HEADS[config.head](config, self.encoder.memory_size, num_labels)

    def forward(self, src: Int[Tensor, "batch src_len"]) -> Emissions:
        """Score the labels of a batch of texts.

        Args:
            src: Token ids, each row ended by EOS, PAD after the shorter rows; every row has another token.
        """
        read = self.reader(src)
        encoded = self.encoder(self.embedding_dropout(read.vectors), read.mask)
        return self.head(replace(encoded, memory=self.output_dropout(encoded.memory)))


@dataclass(frozen=True)
class TorchEmitted:
    """Emissions in numpy; see `Emissions`."""

    scores: Floats
    mask: NDArray[np.bool_]
    weights: Floats | None


class TorchEmitter:
    """A trained network as a `dragoman.search.labelling.Emitter`.

    Args:
        model: Put into evaluation mode.
    """

    def __init__(self, model: Labeller) -> None:
        self.model = model.eval()
        self.device = next(model.parameters()).device

    @torch.inference_mode()
    def emit(self, src: Ids) -> TorchEmitted:
        """Read the texts."""
        found = self.model(torch.from_numpy(np.ascontiguousarray(src)).to(self.device))
        weights = None if found.weights is None else _array(found.weights)
        return TorchEmitted(_array(found.scores), found.mask.cpu().numpy(), weights)

    @torch.inference_mode()
    def transitions(self) -> tuple[Floats, Floats, Floats] | None:
        """Give start, between and end, if labels depend on each other."""
        found = self.model.head.transitions()
        return None if found is None else (_array(found[0]), _array(found[1]), _array(found[2]))


def _array(tensor: Tensor) -> Floats:
    return tensor.double().cpu().numpy()
