"""A torch distribution is the same thing as one in memory; shapes are checked."""

import jaxtyping
import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchDistribution, TorchStepper
from dragoman.search.stepper import ArrayDistribution, Distribution, Stepper


@pytest.fixture
def pair():
    torch.manual_seed(1)
    log_probs = torch.randn(3, 7).log_softmax(dim=1)
    return TorchDistribution(log_probs), ArrayDistribution(log_probs.numpy().copy())


def check(found: Distribution, wanted: Distribution):
    np.testing.assert_array_equal(found.all(), wanted.all())
    for k in (1, 2, 4, 99):
        for one, other in zip(found.top(k), wanted.top(k), strict=True):
            assert one.shape == other.shape == (3, min(k, 7))
            # Tokens that may not be said are equally bad, so in any order.
            finite = np.isfinite(wanted.top(k)[0])
            np.testing.assert_array_equal(one[finite], other[finite])
    ids = np.array([1, 0, 6])
    np.testing.assert_array_equal(found.gather(ids), wanted.gather(ids))


def test_both_kinds_of_distribution_agree(pair):
    check(*pair)
    before = pair[1].all().copy()
    for banned in ((0, 3), [6], {1: [2, 5], 0: [1]}, {}):
        check(*(one.forbid(banned) for one in pair))
    for allowed in ({0: [3]}, {2: [1, 4], 1: [0]}, {}):
        check(*(one.only(allowed) for one in pair))
    assert np.isneginf(pair[0].only({0: [3]}).all()[0]).sum() == 6
    assert np.isneginf(pair[0].forbid((0, 3)).all()).sum() == 6
    np.testing.assert_array_equal(pair[0].all(), before)
    np.testing.assert_array_equal(pair[1].all(), before)


def test_what_is_forbidden_stays_forbidden(pair):
    """`only` does not bring back what an earlier filter took away."""
    for one in pair:
        left = one.forbid((3,)).only({0: [3, 4]}).all()[0]
        assert np.isfinite(left).nonzero()[0].tolist() == [4]


def test_the_stepper_is_in_evaluation_mode_and_without_gradients():
    model = Seq2Seq(ModelConfig(embedding_size=4, hidden_size=6, dropout=0.5), 9, 9).train()
    stepper = TorchStepper(model)
    assert isinstance(stepper, Stepper)
    assert not model.training
    src = np.array([[5, 6, 3], [7, 3, 0]])
    first, second = (stepper.step(np.array([2, 2]), stepper.start(src)) for _ in range(2))
    np.testing.assert_array_equal(first.distribution.all(), second.distribution.all())
    assert not first.state.recurrent.h.requires_grad
    assert first.weights is not None
    assert first.weights.shape == (2, 3)
    assert first.weights[1, 2] == 0
    memory, hidden = stepper.look(first.state)
    assert memory.shape == (3, 6)
    np.testing.assert_array_equal(hidden, first.state.recurrent.h[-1, 0].numpy())


def test_shapes_are_checked_in_the_tests():
    """A wrong shape at a boundary is an error that names it, before anything is computed."""
    model = Seq2Seq(ModelConfig(embedding_size=4, hidden_size=6), 9, 9)
    with pytest.raises(jaxtyping.TypeCheckError, match="src"):
        model.start(torch.tensor([5, 6, 3]))
    with pytest.raises(jaxtyping.TypeCheckError, match="tgt_in"):
        model(torch.tensor([[5, 3]]), torch.zeros(1, 2))
