"""The fused cross-entropy is PyTorch's, in value and in all three gradients."""

import pytest
import torch
from torch.nn import functional

from dragoman.training.losses import cross_entropy


def make(rows, vocab=50, width=16, scale=1.0):
    torch.manual_seed(rows)
    leaves = [scale * torch.randn(rows, width), torch.randn(vocab, width), torch.randn(vocab)]
    return [leaf.requires_grad_() for leaf in leaves], torch.randint(0, vocab, (rows,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257, 513])
def test_value_and_gradients(rows, smoothing):
    leaves, gold = make(rows)
    found = cross_entropy(*leaves, gold, smoothing)
    (found.smoothed * 0.37).backward()
    grads = [leaf.grad.clone() for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    logits = functional.linear(*leaves)
    options = {"reduction": "sum", "label_smoothing": smoothing}
    wanted = functional.cross_entropy(logits, gold, **options)
    (wanted * 0.37).backward()
    torch.testing.assert_close(found.smoothed, wanted, rtol=1e-5, atol=1e-3)
    plain = functional.cross_entropy(logits, gold, reduction="sum")
    torch.testing.assert_close(found.cross_entropy, plain.detach(), rtol=1e-5, atol=1e-3)
    assert int(found.num_right) == int((logits.argmax(dim=1) == gold).sum())
    assert not found.cross_entropy.requires_grad
    for grad, leaf in zip(grads, leaves, strict=True):
        torch.testing.assert_close(grad, leaf.grad, rtol=1e-4, atol=1e-5)


def test_by_hand():
    # Logits (log 3, 0): p = (3/4, 1/4). Right: the second. Smoothing 0.2 over two tokens:
    # 0.1 and 0.9 of the two losses log(4/3) and log 4.
    x, weight = torch.ones(1, 1, requires_grad=True), torch.zeros(2, 1)
    bias = torch.tensor([3.0, 1.0]).log()
    found = cross_entropy(x, weight, bias, torch.tensor([1]), 0.2)
    first, second = torch.tensor(4 / 3).log(), torch.tensor(4.0).log()
    torch.testing.assert_close(found.cross_entropy, second)
    torch.testing.assert_close(found.smoothed.detach(), 0.1 * first + 0.9 * second)
    assert int(found.num_right) == 0


def test_large_logits_do_not_overflow():
    leaves, gold = make(20, scale=1000.0)
    found = cross_entropy(*leaves, gold, 0.1)
    found.smoothed.backward()
    logits = functional.linear(*leaves).detach().double()
    wanted = functional.cross_entropy(logits, gold, reduction="sum", label_smoothing=0.1)
    assert float(found.smoothed.detach()) == pytest.approx(float(wanted), rel=1e-5)
    assert all(torch.isfinite(leaf.grad).all() for leaf in leaves)


def test_a_loss_that_is_not_a_number_stays_visible():
    leaves, gold = make(4)
    with torch.no_grad():
        leaves[0][2, 0] = float("nan")
    found = cross_entropy(*leaves, gold, 0.1)
    found.smoothed.backward()
    assert torch.isnan(found.smoothed)
    assert torch.isnan(leaves[1].grad).any()


def test_without_gradients():
    leaves, gold = make(30)
    with torch.inference_mode():
        found = cross_entropy(*leaves, gold, 0.1)
    wanted = cross_entropy(*leaves, gold, 0.1)
    assert torch.equal(found.smoothed, wanted.smoothed.detach())
    assert not found.smoothed.requires_grad


def test_other_types_go_the_ordinary_way():
    leaves, gold = make(30)
    wanted = cross_entropy(*leaves, gold, 0.1)
    double = [leaf.detach().double() for leaf in leaves]
    found = cross_entropy(*double, gold, 0.1)
    torch.testing.assert_close(found.smoothed, wanted.smoothed.detach(), rtol=1e-5, atol=1e-3)
    assert int(found.num_right) == int(wanted.num_right)


def test_bfloat16_products_give_nearly_the_same_loss_and_gradients():
    leaves, gold = make(30)
    wanted = cross_entropy(*leaves, gold, 0.1)
    wanted.smoothed.backward()
    features = leaves[0].detach().bfloat16().requires_grad_()
    weight, bias = (leaf.detach().clone().requires_grad_() for leaf in leaves[1:])
    found = cross_entropy(features, weight, bias, gold, 0.1)
    found.smoothed.backward()
    assert found.smoothed.dtype == weight.grad.dtype == torch.float32
    assert features.grad.dtype == torch.bfloat16
    torch.testing.assert_close(found.smoothed, wanted.smoothed.detach(), rtol=1e-2, atol=1e-2)
    for mine, leaf in zip((features, weight, bias), leaves, strict=True):
        error = (mine.grad.float() - leaf.grad).norm() / leaf.grad.norm()
        assert error < 0.02
