"""A bundle that reads the words beside a source writes what its network writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.helpers.bundles import stepper, write_tiny

from dragoman.config import ModelConfig
from dragoman.contracts.tiny import VOCAB, plant, stir
from dragoman.data.batches import pad_sources
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.text.neighbours import framed

SPACE = 6
WORD, STRANGE = [SPACE, 9, 10], [SPACE, 11, VOCAB, VOCAB + 1, 14]
LEFT, RIGHT = [SPACE, 7, 8, SPACE, 15], [SPACE, 16, 17]
ROWS = [framed(WORD, (LEFT, RIGHT)), framed(STRANGE, ([], [*RIGHT, VOCAB])), WORD, [9, 9]]


@pytest.mark.parametrize("choice", [{"decoder": "transducer"}, {"reverse_source": True}])
def test_it_agrees_with_its_network(tmp_path: Path, choice: dict[str, object]):
    """With letters that no vocabulary has, a source alone, and one that begins with no space."""
    plant(1)
    sizes = {"embedding_size": 6, "hidden_size": 8, "dropout": 0.0, "word_buckets": 50}
    beside = {"context_words": 2, "context_size": 4, "generator": "pointer"}
    config = ModelConfig.model_validate(sizes | beside | choice)
    network = Seq2Seq(config, VOCAB, VOCAB, space=SPACE)
    stir(network)
    whole, bundle = (
        TorchStepper(network),
        stepper(write_tiny(tmp_path / "bundle", network=network)),
    )
    src, last = pad_sources(ROWS), np.array([2] * len(ROWS))
    wanted, found = whole.start(src), bundle.start(src)
    for ids in ([9, 5, 12, 7], [10, 11, 4, 13], [8, 12, 9, 3]):
        one, other = whole.step(last, wanted), bundle.step(last, found)
        for mine, theirs in (
            (one.distribution.all(), other.distribution.all()),
            (one.weights, other.weights),
        ):
            assert theirs == pytest.approx(mine, abs=2e-5)
        last, wanted, found = np.array(ids), one.state, other.state
