"""Batches of freshly cut words are a function of torch's seed, which each step sets: so resuming sees the same."""

import numpy as np
import pytest
import torch

from dragoman.config import TrainingConfig, build_config
from dragoman.data.batches import Example, make_batch
from dragoman.errors import ConfigError
from dragoman.tables import check_config
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.training.folder import Tokenizers
from dragoman.training.subwords import collate_of

TEXTS = ["the students study the student", "a student's studies", "two students", "the study"] * 2


def tokenizers(src, tgt=None):
    found = Tokenizer.train(TEXTS, TokenizerOptions(src, 60))
    return Tokenizers(
        found, found if tgt is None else Tokenizer.train(TEXTS, TokenizerOptions(tgt))
    )


def examples(sides):
    return [Example(sides.src.encode(text), sides.tgt.encode(text)) for text in TEXTS[:3]]


def collated(sides, seed, **options):
    torch.manual_seed(seed)
    return collate_of(TrainingConfig(**options), sides)(examples(sides))


def test_a_seed_is_a_batch():
    sides = tokenizers("bpe")
    first, again, other = (collated(sides, seed, bpe_dropout=0.5) for seed in (1, 1, 2))
    assert np.array_equal(first.src, again.src)
    assert np.array_equal(first.tgt_in, again.tgt_in)
    assert not np.array_equal(first.src, other.src)
    # Both sides are cut, each by itself, and the decoder reads what it should write.
    plain = make_batch(examples(sides))
    assert first.tgt_out.shape != plain.tgt_out.shape
    assert np.array_equal(first.tgt_in[first.tgt_in != 2][:4], first.tgt_out[0, :4])


def test_the_side_without_such_pieces_stays():
    sides = tokenizers("unigram", "char")
    plain = make_batch(examples(sides))
    drawn = collated(sides, 1, unigram_alpha=0.1)
    assert np.array_equal(drawn.tgt_out, plain.tgt_out)
    assert drawn.src.shape != plain.src.shape or not np.array_equal(drawn.src, plain.src)


def test_switched_off_nothing_is_drawn():
    assert collate_of(TrainingConfig(), tokenizers("bpe")) is make_batch


@pytest.mark.parametrize("options", [{"bpe_dropout": 0.1}, {"unigram_alpha": 0.2}])
def test_it_needs_pieces_to_cut(options):
    with pytest.raises(ConfigError, match="needs text"):
        collate_of(TrainingConfig(**options), tokenizers("char"))


def test_decoders_that_are_aligned_with_the_source_refuse_it():
    recipe = {"model": {"decoder": "monotonic"}, "training": {"bpe_dropout": 0.1}}
    with pytest.raises(ConfigError, match="cut words anew"):
        check_config(build_config(recipe))
