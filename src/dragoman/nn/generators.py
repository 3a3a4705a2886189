"""Generators: the decoder's output -> a distribution over the vocabulary, and over the source's words to copy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from dragoman.config import ModelConfig
from dragoman.nn.linear import Linear, linear


@dataclass(frozen=True)
class Looked:
    """Where a decoder looked at each step, and what copying from there would say.

    Attributes:
        weights: Attention; they sum to 1 over the source.
        ids: The source's tokens as target ids.
        width: Number of ids that there are in this batch: the vocabulary's, and those of the sources' own words.
    """

    weights: Float[Tensor, "*batch src_len"]
    ids: Int[Tensor, "*batch src_len"]
    width: int


class Generator(nn.Module):
    """What every row of GENERATORS is: `project` to features, then ``features @ weight.T + bias``.

    The last product is kept apart so that the loss can fuse it with the softmax.

    Attributes:
        copies: Whether it also copies from the source, so that its distribution is more than that softmax.
        reads_context: Whether it can also be given what attention found (`context_output`).
    """

    bias: nn.Parameter
    copies = False
    reads_context = False

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

    def logits(self, outputs: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch vocab"]:
        """Return what the softmax makes probabilities of."""
        return linear(self.project(outputs), self.weight, self.bias)

    def probabilities(
        self, outputs: Float[Tensor, "*batch hidden"], looked: Looked
    ) -> Float[Tensor, "*batch width"]:
        """Return the probability of every token, in float32, where the generator `copies`: what its loss is made of."""
        raise NotImplementedError

    def forward(
        self, outputs: Float[Tensor, "*batch hidden"], looked: Looked | None = None
    ) -> Float[Tensor, "*batch width"]:
        """Return the log-probability of every token.

        Args:
            outputs: The decoder's.
            looked: Where it looked for each of them; only a generator that copies asks.
        """
        del looked
        return self.logits(outputs).log_softmax(dim=-1)


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
    """softmax(E P s + b), E the target embedding (Press & Wolf 2017, arXiv:1608.05859), P a map to its width.

    With `context_output` s is [h~; c], c what attention found. If c ends in the words' own vectors (`word_memory`), P
    begins by giving them on as they are, so that a word's vector need not pass the recurrence to become its translation
    (Nguyen & Chiang 2018, arXiv:1710.01329, section 4, whose tanh and second map are left out: P c is averaged
    instead of c).
    """

    reads_context = True

    def __init__(self, config: ModelConfig, embedding: nn.Embedding) -> None:
        super().__init__(config, embedding)
        self.embedding = embedding
        self.P = Linear(config.output_size, config.embedding_size, bias=False)
        if config.context_output and config.word_memory:
            with torch.no_grad():
                self.P.weight[:, -config.embedding_size :] = torch.eye(config.embedding_size)

    @property
    def weight(self) -> Float[Tensor, "vocab features"]:
        """E."""
        return self.embedding.weight

    def project(self, outputs: Float[Tensor, "*batch hidden"]) -> Float[Tensor, "*batch features"]:
        """Return P s."""
        return self.P(outputs)


class PointerGenerator(TiedGenerator):
    """p_gen P_vocab(w) + (1 - p_gen) sum of a_i where source token i is w (See et al. 2017, arXiv:1704.04368, eq. 9).

    P_vocab is the tied generator's softmax. p_gen = sigmoid(w . s + b) is decided by the decoder's output alone,
    which holds what eq. 8 also reads: the context, the state, and by way of that the input.
    """

    copies = True

    def __init__(self, config: ModelConfig, embedding: nn.Embedding) -> None:
        super().__init__(config, embedding)
        self.hidden_size = config.hidden_size
        self.gate = Linear(config.hidden_size, 1)
        nn.init.constant_(self.gate.bias, -config.copy_bias)

    def probabilities(
        self, outputs: Float[Tensor, "*batch hidden"], looked: Looked
    ) -> Float[Tensor, "*batch width"]:
        """Return the mixture, in float32 whatever the products were made in."""
        p_gen = self.gate(outputs[..., : self.hidden_size]).float().sigmoid()
        generated = p_gen * self.logits(outputs).softmax(dim=-1, dtype=torch.float32)
        mixed = functional.pad(generated, (0, looked.width - generated.shape[-1]))
        return mixed.scatter_add(-1, looked.ids, (1 - p_gen) * looked.weights.float())

    def forward(
        self, outputs: Float[Tensor, "*batch hidden"], looked: Looked | None = None
    ) -> Float[Tensor, "*batch width"]:
        """Return the log-probability of every token; -inf for the words of other sources."""
        if looked is None:
            raise ValueError("a pointer has to know where the decoder looked")
        return self.probabilities(outputs, looked).log()


GENERATORS: dict[str, type[Generator]] = {
    "softmax": SoftmaxGenerator,
    "tied": TiedGenerator,
    "pointer": PointerGenerator,
}
