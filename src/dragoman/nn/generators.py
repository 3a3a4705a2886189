"""Generators: the decoder's output -> a distribution over the vocabulary."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.nn.linear import Linear, linear


class Generator(nn.Module):
    """What every row of GENERATORS is: `project` to features, then ``features @ weight.T + bias``.

    The last product is kept apart so that the loss can fuse it with the softmax.
    """

    bias: nn.Parameter

    def __init__(self, config: ModelConfig, embedding: nn.Embedding) -> None:
        super().__init__()
        del config
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings))

    @property
    def weight(self) -> Float[Tensor, "vocab features"]:
        """The last map."""
        raise NotImplementedError

    def project(self, outputs: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch features"]:
        """Bring the decoder's outputs to the last map's width."""
        return outputs

    def forward(self, outputs: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch vocab"]:
        """Return the log-probability of every token."""
        return linear(self.project(outputs), self.weight, self.bias).log_softmax(dim=-1)


class SoftmaxGenerator(Generator):
    """softmax(W s + b), with a map of its own."""

    def __init__(self, config: ModelConfig, embedding: nn.Embedding) -> None:
        super().__init__(config, embedding)
        self.W = Linear(config.hidden_size, embedding.num_embeddings, bias=False)

    @property
    def weight(self) -> Float[Tensor, "vocab features"]:
        """W."""
        return self.W.weight


class TiedGenerator(Generator):
    """softmax(E P s + b), E the target embedding (Press & Wolf 2017, arXiv:1608.05859), P a map to its width."""

    def __init__(self, config: ModelConfig, embedding: nn.Embedding) -> None:
        super().__init__(config, embedding)
        self.embedding = embedding
        self.P = Linear(config.hidden_size, config.embedding_size, bias=False)

    @property
    def weight(self) -> Float[Tensor, "vocab features"]:
        """E."""
        return self.embedding.weight

    def project(self, outputs: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch features"]:
        """Return P s."""
        return self.P(outputs)


GENERATORS: dict[str, type[Generator]] = {"softmax": SoftmaxGenerator, "tied": TiedGenerator}
