"""The product that is fast on every CPU is the ordinary product."""

import pytest
import torch
from torch.nn import functional

from dragoman.nn.linear import Linear, linear, matmul_nt


def test_matmul_nt():
    torch.manual_seed(1)
    x, weight = torch.randn(7, 5), torch.randn(11, 5)
    torch.testing.assert_close(matmul_nt(x, weight), x @ weight.t())


@pytest.mark.parametrize("shape", [(1, 5), (7, 5), (2, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_value_and_gradients(shape, bias):
    torch.manual_seed(1)
    leaves = [torch.randn(*shape), torch.randn(11, 5), *([torch.randn(11)] if bias else [])]
    upstream = torch.randn(*shape[:-1], 11)
    results = []
    for product in (linear, functional.linear):
        own = [leaf.clone().requires_grad_() for leaf in leaves]
        out = product(*own)
        out.backward(upstream)
        results.append([out.detach(), *(leaf.grad for leaf in own)])
    for found, wanted in zip(*results, strict=True):
        torch.testing.assert_close(found, wanted)


def test_gradients_agree_with_finite_differences():
    torch.manual_seed(1)
    x, weight = torch.randn(3, 4), torch.randn(2, 4, requires_grad=True)
    bias = torch.randn(2, requires_grad=True)
    linear(x, weight, bias).pow(2).sum().backward()
    for leaf in (weight, bias):
        for place in [(0,) * leaf.dim(), (1,) * leaf.dim()]:
            with torch.no_grad():
                values = []
                for shift in (1e-2, -1e-2):
                    moved = leaf.clone()
                    moved[place] += shift
                    pair = (moved, bias) if leaf is weight else (weight, moved)
                    values.append(float(linear(x, *pair).pow(2).sum()))
            slope = (values[0] - values[1]) / 2e-2
            assert float(leaf.grad[place]) == pytest.approx(slope, rel=1e-2, abs=1e-2)


def test_only_what_is_asked_for_gets_a_gradient():
    x, weight = torch.randn(3, 4), torch.randn(2, 4, requires_grad=True)
    linear(x, weight).sum().backward()
    assert x.grad is None
    torch.testing.assert_close(weight.grad, x.sum(dim=0).expand(2, 4))
    frozen = torch.randn(3, 4, requires_grad=True)
    linear(frozen, weight.detach()).sum().backward()
    torch.testing.assert_close(frozen.grad, weight.detach().sum(dim=0).expand(3, 4))


def test_views_are_read_rightly():
    """Rows that are not contiguous, a weight that is a slice of a larger one."""
    torch.manual_seed(1)
    whole, x = torch.randn(6, 10), torch.randn(5, 3, 4)
    view, turned = whole[:, 2:6], x.transpose(0, 1)
    torch.testing.assert_close(linear(turned, view), functional.linear(turned, view))
    torch.testing.assert_close(matmul_nt(x[0].t(), x[1].t()), x[0].t() @ x[1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_go_the_ordinary_way(dtype):
    x, weight = torch.randn(3, 4, dtype=dtype), torch.randn(2, 4, dtype=dtype)
    assert torch.equal(linear(x, weight), functional.linear(x, weight))


def test_a_batch_of_no_rows():
    weight = torch.randn(2, 4)
    assert linear(torch.randn(0, 4), weight).shape == (0, 2)


def test_linear_is_pytorchs():
    torch.manual_seed(1)
    found = Linear(4, 3)
    wanted = torch.nn.Linear(4, 3)
    wanted.load_state_dict(found.state_dict())
    x = torch.randn(2, 5, 4)
    torch.testing.assert_close(found(x), wanted(x))


def test_autocast_goes_the_ordinary_way():
    x, weight = torch.randn(3, 4), torch.randn(2, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(x, weight).dtype == torch.bfloat16


def test_rows_that_lie_apart_are_put_together():
    """A step of a batch, as a loop over the steps gives it: what its gradient needs is kept side by side."""
    torch.manual_seed(1)
    x, weight = torch.randn(4, 3, 5), torch.randn(6, 5, requires_grad=True)
    step = x[:, 1]
    assert not step.is_contiguous()
    product = linear(step, weight)
    saved = [one for one in _saved(product.grad_fn) if one.shape == step.shape]
    assert saved
    assert all(one.is_contiguous() for one in saved)
    torch.testing.assert_close(product, step @ weight.t())


def _saved(node):
    """All that the products before have kept for their gradients."""
    kept = list(getattr(node, "saved_tensors", ()))
    return kept + [one for before, _ in node.next_functions if before for one in _saved(before)]
