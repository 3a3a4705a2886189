"""Batches whose words are cut into other pieces each time (BPE-dropout, unigram sampling)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from dragoman.config import TrainingConfig
from dragoman.data.batches import Batch, Example, make_batch
from dragoman.errors import ConfigError
from dragoman.text.sampling import SubwordSampler, kind_of
from dragoman.text.tokenizers import Tokenizer
from dragoman.training.folder import Tokenizers

Collate = Callable[[Sequence[Example]], Batch]


def collate_of(config: TrainingConfig, tokenizers: Tokenizers) -> Collate:
    """Choose how examples become batches.

    Raises:
        ConfigError: A setting needs pieces that neither side has.
    """
    strengths = {"BPE": config.bpe_dropout or None, "Unigram": config.unigram_alpha}
    if all(strength is None for strength in strengths.values()):
        return make_batch
    kinds = {kind_of(tokenizers.src), kind_of(tokenizers.tgt)}
    for key, kind in (("bpe_dropout", "BPE"), ("unigram_alpha", "Unigram")):
        if strengths[kind] is not None and kind not in kinds:
            raise ConfigError(
                f'training.{key} needs text.tokenizer = "{kind.lower()}" on a side; both are of another kind.'
            )

    def sampler(tokenizer: Tokenizer) -> SubwordSampler | None:
        strength = strengths.get(kind_of(tokenizer))
        return None if strength is None else SubwordSampler(tokenizer, strength)

    src = sampler(tokenizers.src)
    tgt = src if tokenizers.tgt is tokenizers.src else sampler(tokenizers.tgt)
    return partial(_varied_batch, src=src, tgt=tgt)


def _varied_batch(
    examples: Sequence[Example], src: SubwordSampler | None, tgt: SubwordSampler | None
) -> Batch:
    """Pad examples whose words are cut anew, as torch's generator has it, which each step seeds."""
    draw = np.random.default_rng(int(torch.randint(2**62, ())))
    varied = [
        replace(
            one,
            src=one.src if src is None else src(one.src, draw),
            tgt=one.tgt if tgt is None else tgt(one.tgt, draw),
        )
        for one in examples
    ]
    return make_batch(varied)
