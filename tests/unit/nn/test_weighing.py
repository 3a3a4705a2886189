"""Weights of scores, by hand, against bisection, and with their slopes."""

import numpy as np
import pytest
import torch

from dragoman.nn.weighing import WEIGHINGS, entmax15, sparsemax


def test_sparsemax_by_hand():
    # The two best: tau = (1 + 0.5 - 1) / 2 = 0.25; the third is below.
    found = sparsemax(torch.tensor([[1.0, 0.5, -1.0, -torch.inf]]))
    torch.testing.assert_close(found, torch.tensor([[0.75, 0.25, 0.0, 0.0]]))


def test_entmax15_by_hand():
    # z / 2 = 0, -0.2, -0.85: t^2 + (t + 0.2)^2 = 1 at t = -0.8, and -0.85 is below.
    found = entmax15(torch.tensor([[3.0, 2.6, 1.3, -torch.inf]]))
    torch.testing.assert_close(found, torch.tensor([[0.64, 0.36, 0.0, 0.0]]))


def bisected(z, power):
    """max((z - t), 0) ** power whose sum is 1."""
    low, high = z.max() - 1, z.max()
    for _ in range(60):
        t = (low + high) / 2
        low, high = (t, high) if (np.maximum(z - t, 0) ** power).sum() > 1 else (low, t)
    return np.maximum(z - low, 0) ** power


@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_both_are_what_bisection_finds(spread):
    scores = spread * np.random.default_rng(1).normal(size=(20, 9))
    for row in scores:
        z = torch.from_numpy(row)[None]
        np.testing.assert_allclose(sparsemax(z)[0], bisected(row, 1), atol=1e-9)
        np.testing.assert_allclose(entmax15(z)[0], bisected(row / 2, 2), atol=1e-9)


@pytest.mark.parametrize("name", WEIGHINGS)
def test_its_gradient_is_its_slope(name):
    torch.manual_seed(3)
    scores = torch.randn(3, 2, 6, dtype=torch.float64, requires_grad=True)
    assert name == "softmax" or (WEIGHINGS[name](scores) == 0).any()
    if name != "softmax":  # which is float32 by design
        assert torch.autograd.gradcheck(WEIGHINGS[name], [scores])
