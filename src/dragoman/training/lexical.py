"""A lexical start: before its first step a model translates word by word, as a lexicon of the corpus says.

With `model.word_memory` and `model.context_output` a word's vector goes straight from attention to the softmax: what
attention a finds adds sum over i of a_i E_y . Q e(x_i) to the score of a target token y, e and E the embeddings. They
begin as the best factors of so narrow a table that

    E_y . Q e(x) ~ 2 log(1 + 1000 t(y | x)),

t the lexicon's (`dragoman.data.lexicon`); that a decoder needs a lexicon's probabilities beside its own where data is
scarce is Arthur et al. 2016's observation (arXiv:1606.02006), who add them to every softmax. Here they are a beginning,
and nothing is left of the lexicon in the model. The oftener two words occur, the closer their score is met. As a
by-product words with like translations begin alike.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dragoman.data.batches import Ids
from dragoman.data.lexicon import Lexicon
from dragoman.nn.generators import TiedGenerator
from dragoman.nn.model import Seq2Seq

_SHARP, _SURE = 1000.0, 2.0
# How much of the random beginning is left: what the lexicon lacks is told apart by it.
_NOISE = 0.3
# More directions than are kept, and passes over the table, make the factors better (Halko et al. 2011, section 4).
_MORE, _PASSES = 32, 3


@torch.no_grad()
def start_lexically(model: Seq2Seq, lexicon: Lexicon) -> None:
    """Set the embeddings, and how the generator reads the words that attention found.

    Args:
        model: With `word_memory` and `context_output`.
        lexicon: Of its corpus.
    """
    generator, sources = model.generator, model.src_embedding.weight
    assert isinstance(generator, TiedGenerator)
    targets, width = generator.weight, sources.shape[1]
    table = _table(lexicon, (len(sources), len(targets)))
    factors, signs = (_together if targets is sources else _apart)(table, lexicon, width)
    # A vocabulary of fewer tokens than directions has no use for the others.
    used = len(signs)
    read = _SURE * signs.diag()
    for weight, factor in zip((sources, targets), factors, strict=False):
        # As large as embeddings begin.
        scale = (factor.square().mean() * width).rsqrt()
        weight.mul_(_NOISE)[:, :used] += (factor * scale).to(weight.device)
        read /= scale ** (2 / len(factors))
    generator.P.weight[:, -width:] = torch.eye(width)
    generator.P.weight[:, -width:][:used, :used] = read


def _table(lexicon: Lexicon, shape: tuple[int, int]) -> Tensor:
    links = torch.from_numpy(lexicon.links)
    places = torch.stack([links // lexicon.tgt_size, links % lexicon.tgt_size])
    values = torch.from_numpy(lexicon.probabilities).mul(_SHARP).log1p().float()
    return torch.sparse_coo_tensor(places, values, shape, check_invariants=True).coalesce()


def _weights(counts: Ids, size: int) -> Tensor:
    """Say how much a token counts in what the factors miss, squared: as much as it occurs."""
    padded = np.zeros(size)
    padded[: len(counts)] = counts
    return torch.from_numpy(padded / counts.mean()).clamp_min(0.01).sqrt().float()[:, None]


def _directions(table: Tensor, width: int) -> int:
    return min(width + _MORE, *table.shape)


def _apart(table: Tensor, lexicon: Lexicon, width: int) -> tuple[list[Tensor], Tensor]:
    """Factor the table into vectors of source and of target tokens; all directions are read as they are."""
    weights = [_weights(one, size) for one, size in zip(lexicon.counts, table.shape, strict=True)]
    weighed = table * weights[0] * weights[1].t()
    left, values, right = torch.svd_lowrank(weighed, _directions(table, width), _PASSES)
    factors = [
        side[:, :width] * values[:width].sqrt() / weight
        for side, weight in zip((left, right), weights, strict=True)
    ]
    return factors, torch.ones(factors[0].shape[1])


def _together(table: Tensor, lexicon: Lexicon, width: int) -> tuple[list[Tensor], Tensor]:
    """Factor t(y | x) and t(x | y) at once into one vector a token, and the signs of its directions."""
    size = len(table)
    weight = torch.maximum(*(_weights(one, size) for one in lexicon.counts))
    weighed = ((table + table.t()).coalesce() * weight * weight.t()).coalesce()
    basis = torch.svd_lowrank(weighed, _directions(table, width), _PASSES)[0]
    values, vectors = torch.linalg.eigh(basis.t() @ (weighed @ basis))
    best = values.abs().argsort(descending=True)[:width]
    vectors = basis @ vectors[:, best] * values[best].abs().sqrt()
    return [vectors / weight], values[best].sign()
