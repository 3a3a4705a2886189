"""R-Drop is what the paper writes, in value and gradients, and its two passes are those of one batch."""

import math

import pytest
import torch
from torch.nn import functional

from dragoman import api
from dragoman.config import ModelConfig, build_config
from dragoman.data.batches import Example, make_batch
from dragoman.errors import ConfigError
from dragoman.nn.model import Seq2Seq
from dragoman.tables import check_config
from dragoman.training.folder import WEIGHTS
from dragoman.training.r_drop import _FusedRDrop, disagreement, r_drop_cross_entropy
from dragoman.training.validation import Penalties, batch_loss


def make(tokens, vocab=50, width=16, scale=1.0):
    torch.manual_seed(tokens)
    leaves = [scale * torch.randn(2 * tokens, width), torch.randn(vocab, width), torch.randn(vocab)]
    return [leaf.requires_grad_() for leaf in leaves], torch.randint(0, vocab, (tokens,))


def paper(leaves, gold, smoothing, alpha):
    """Eq. 1, 2 and 4, by PyTorch's own functions, and halved."""
    logits = functional.linear(*leaves)
    first, second = logits.log_softmax(1).chunk(2)
    kl = functional.kl_div(second, first, reduction="sum", log_target=True)
    kl = kl + functional.kl_div(first, second, reduction="sum", log_target=True)
    nll = sum(
        functional.cross_entropy(half, gold, reduction="sum", label_smoothing=smoothing)
        for half in logits.chunk(2)
    )
    return (nll + alpha * kl / 2) / 2


@pytest.mark.parametrize(("smoothing", "alpha"), [(0.0, 1.0), (0.1, 5.0), (1.0, 0.5)])
@pytest.mark.parametrize("tokens", [1, 63, 64, 65, 200])
def test_value_and_gradients_are_the_papers(tokens, smoothing, alpha):
    leaves, gold = make(tokens, scale=0.3)
    found = r_drop_cross_entropy(*leaves, gold, smoothing, alpha)
    grads = torch.autograd.grad(found.smoothed * 0.37, leaves)
    wanted = paper(leaves, gold, smoothing, alpha)
    torch.testing.assert_close(found.smoothed, wanted, rtol=1e-5, atol=1e-4)
    for mine, theirs in zip(grads, torch.autograd.grad(wanted * 0.37, leaves), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=2e-5)
    logits = functional.linear(*leaves).detach()
    plain = functional.cross_entropy(logits, torch.cat([gold, gold]), reduction="sum") / 2
    torch.testing.assert_close(found.cross_entropy, plain, rtol=1e-5, atol=1e-4)
    assert int(found.num_right) == int((logits.argmax(1) == torch.cat([gold, gold])).sum()) // 2


def test_the_fused_gradient_is_that_of_the_fused_value():
    leaves, gold = make(66, vocab=4, width=2)
    double = [leaf.detach().double().requires_grad_() for leaf in leaves]

    def value(*inputs):
        return _FusedRDrop.apply(*inputs, gold, (0.1, 3.0))[0]

    assert torch.autograd.gradcheck(value, double)


def test_other_types_go_the_ordinary_way():
    leaves, gold = make(30)
    wanted = r_drop_cross_entropy(*leaves, gold, 0.1, 5.0)
    found = r_drop_cross_entropy(*(leaf.detach().double() for leaf in leaves), gold, 0.1, 5.0)
    torch.testing.assert_close(found.smoothed, wanted.smoothed.detach(), rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(found.cross_entropy, wanted.cross_entropy, rtol=1e-5, atol=1e-3)
    assert int(found.num_right) == int(wanted.num_right)


def test_bfloat16_products_give_nearly_the_same_loss_and_gradients():
    leaves, gold = make(30, scale=0.3)
    wanted = r_drop_cross_entropy(*leaves, gold, 0.1, 5.0)
    wanted.smoothed.backward()
    features = leaves[0].detach().bfloat16().requires_grad_()
    weight, bias = (leaf.detach().clone().requires_grad_() for leaf in leaves[1:])
    found = r_drop_cross_entropy(features, weight, bias, gold, 0.1, 5.0)
    found.smoothed.backward()
    assert found.smoothed.dtype == weight.grad.dtype == torch.float32
    torch.testing.assert_close(found.smoothed, wanted.smoothed, rtol=1e-2, atol=1e-2)
    for mine, leaf in zip((features, weight, bias), leaves, strict=True):
        assert (mine.grad.float() - leaf.grad).norm() / leaf.grad.norm() < 0.02


def test_by_hand():
    # One token, two words; the passes say (3/4, 1/4) and (1/2, 1/2), and the first word is right.
    # KL(P1 || P2) = 3/4 log 3/2 + 1/4 log 1/2 and KL(P2 || P1) = 1/2 log 2/3 + 1/2 log 2.
    features = torch.tensor([[math.log(3.0)], [0.0]])
    weight, bias = torch.tensor([[1.0], [0.0]]), torch.zeros(2)
    kl = 0.75 * math.log(1.5) + 0.25 * math.log(0.5) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)
    found = r_drop_cross_entropy(features, weight, bias, torch.tensor([0]), 0.0, 4.0)
    assert float(found.cross_entropy) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    assert float(found.smoothed) == pytest.approx(float(found.cross_entropy) + 4 * kl / 2 / 2)


BATCH = make_batch([Example([4, 5, 6], [7, 8]), Example([6], [5, 4, 9, 9])])
SIZES = {"embedding_size": 6, "hidden_size": 6}


def network(**options):
    torch.manual_seed(3)
    return Seq2Seq(ModelConfig(**SIZES, **options), 12, 12)


@pytest.mark.parametrize("generator", ["softmax", "tied", "pointer"])
def test_without_dropout_both_passes_agree(generator):
    model = network(dropout=0.0, generator=generator)
    once = batch_loss(model, BATCH, 0.1)
    twice = batch_loss(model, BATCH, 0.1, Penalties(r_drop=5.0))
    torch.testing.assert_close(twice.smoothed, once.smoothed, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(twice.cross_entropy, once.cross_entropy, rtol=1e-5, atol=1e-5)
    assert int(twice.num_right) == int(once.num_right)


@pytest.mark.parametrize("generator", ["softmax", "pointer"])
def test_the_passes_of_a_token_are_compared_with_each_other(generator):
    # Of the network's own log-probabilities, drawn with the same masks.
    model = network(dropout=0.4, generator=generator)
    src, tgt_in, tgt_out = (
        torch.from_numpy(ids) for ids in (BATCH.src, BATCH.tgt_in, BATCH.tgt_out)
    )
    torch.manual_seed(5)
    found = batch_loss(model, BATCH, 0.0, Penalties(r_drop=5.0))
    torch.manual_seed(5)
    pair = torch.cat([src, src])
    log_probs = model.log_probs(model(pair, torch.cat([tgt_in, tgt_in])), pair)
    real = tgt_out != 0
    first, second = (half[real] for half in log_probs.chunk(2))
    gold = tgt_out[real]
    nll = sum(functional.nll_loss(half, gold, reduction="sum") for half in (first, second))
    total = (nll + 5 * disagreement(torch.cat([first, second]))) / 2
    torch.testing.assert_close(found.smoothed, total, rtol=1e-4, atol=1e-4)
    assert float(found.smoothed.detach()) > float(found.cross_entropy) + 0.01


def test_what_coverage_costs_does_not_double():
    model = network(dropout=0.0, coverage=True)
    costs = [
        batch_loss(model, BATCH, 0.0, Penalties(coverage=2.0, r_drop=alpha)).smoothed
        for alpha in (0.0, 5.0)
    ]
    torch.testing.assert_close(*costs, rtol=1e-5, atol=1e-5)


def test_the_setting_reaches_the_training(tmp_path):
    pairs = [("a" * n, "b" * n) for n in range(1, 13)]
    settings = [
        "training.steps=4",
        "training.threads=1",
        "text.vocab_size=20",
        "model.hidden_size=8",
    ]
    weights = []
    for alpha in (0, 5):
        options = api.TrainOptions(settings=[*settings, f"training.r_drop={alpha}"])
        api.train(pairs, tmp_path / str(alpha), options)
        weights.append((tmp_path / str(alpha) / WEIGHTS).read_bytes())
    assert weights[0] != weights[1]


def test_a_model_that_labels_refuses_it():
    config = build_config({"task": "tag", "model": {"head": "crf"}, "training": {"r_drop": 5.0}})
    with pytest.raises(ConfigError, match=r"training\.r_drop needs a model that writes"):
        check_config(config)
