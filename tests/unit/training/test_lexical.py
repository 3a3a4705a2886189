"""A lexical start: what an untrained model says where it looks at a word."""

import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig, build_config
from dragoman.data.lexicon import Lexicon
from dragoman.errors import ConfigError
from dragoman.nn.model import Seq2Seq
from dragoman.tables import check_config
from dragoman.training.lexical import start_lexically

SIZE = 40


def started(tied, width=16):
    """A model, and a lexicon in which 4 + n is 20 + n with t = 1, for eight words."""
    torch.manual_seed(2)
    words = np.arange(4, 12)
    counts = np.bincount(words), np.bincount(words + 16)
    lexicon = Lexicon(SIZE, words * SIZE + words + 16, np.ones(len(words)), counts)
    config = ModelConfig(
        embedding_size=width,
        hidden_size=8,
        generator="tied",
        word_memory=True,
        context_output=True,
        tie_embeddings=tied,
    )
    model = Seq2Seq(config, SIZE, SIZE)
    start_lexically(model, lexicon)
    return model, words


# Vectors may be wider than there are words.
@pytest.mark.parametrize("width", [16, 64])
@pytest.mark.parametrize("tied", [True, False])
@torch.no_grad()
def test_a_word_looked_at_is_translated_as_the_lexicon_says(tied, width):
    model, words = started(tied, width)
    vectors = model.src_embedding.weight[words]
    nothing_else = torch.cat(
        [torch.zeros(len(words), 16), vectors], 1
    )  # h~ and what was said, 8 wide
    scores = model.generator.logits(nothing_else) - model.generator.bias
    assert scores.argmax(1).tolist() == (words + 16).tolist()
    said = scores[torch.arange(len(words)), torch.from_numpy(words + 16)]
    # 2 log(1 + 1000 t) at t = 1, but for what is left of the random beginning.
    assert (said / (2 * np.log(1001)) - 1).abs().max() < 0.3


@pytest.mark.parametrize("tied", [True, False])
def test_embeddings_begin_as_large_as_they_would(tied):
    model, _ = started(tied)
    for table in (model.src_embedding, model.tgt_embedding):
        assert 0.8 < float(table.weight.detach().square().mean().sqrt()) * 4 < 1.3


def test_it_needs_a_way_from_attention_to_the_softmax():
    with pytest.raises(ConfigError, match="lexical_start needs"):
        check_config(build_config({"training": {"lexical_start": True}}))
