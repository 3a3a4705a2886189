"""Heads: the CRF's sums against all labellings; what pooling looks at."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.nn.heads import HEADS, CRFHead, Emissions
from dragoman.nn.state import Encoded, RecurrentState
from dragoman.search.labelling import log_prob

CONFIG = ModelConfig(hidden_size=6)
NUM_LABELS = 3
MASK = torch.tensor([[True, True, True], [True, True, False]])
GOLD = torch.tensor([[0, 2, 1], [1, 1, -4]])


def make(name):
    torch.manual_seed(2)
    head = HEADS[name](CONFIG, 6, NUM_LABELS)
    with torch.no_grad():
        for weight in head.parameters():
            weight.normal_()
    return head


def encoded(padding=0.0):
    generator = torch.Generator().manual_seed(1)
    memory = torch.randn(2, 3, 6, generator=generator)
    memory[1, 2] += padding
    return Encoded(memory, MASK, RecurrentState(memory.mean(dim=1)[None]))


def crf_losses(head, emissions):
    losses = []
    for row, length in enumerate([3, 2]):
        scores = {}
        for labels in product(range(NUM_LABELS), repeat=length):
            emitted = sum(emissions.scores[row, place, label] for place, label in enumerate(labels))
            moved = sum(head.between[a, b] for a, b in pairwise(labels))
            scores[labels] = head.start[labels[0]] + emitted + moved + head.end[labels[-1]]
        total = torch.stack(list(scores.values())).logsumexp(0)
        losses.append(total - scores[tuple(GOLD[row, :length].tolist())])
    return torch.stack(losses)


def test_the_crf_sums_over_all_labellings():
    head = make("crf")
    emissions = head(encoded())
    wanted = crf_losses(head, emissions)
    found = head.log_partition(emissions.scores, MASK) - head.path_score(
        emissions.scores, MASK, GOLD
    )
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(head.loss(emissions, GOLD, 0.3).smoothed, wanted.sum())


def test_the_crfs_gradient_is_that_of_the_sum_over_all_labellings():
    head = make("crf")
    found = torch.autograd.grad(head.loss(head(encoded()), GOLD, 0.0).smoothed, head.parameters())
    wanted = torch.autograd.grad(crf_losses(head, head(encoded())).sum(), head.parameters())
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_what_is_learned_is_what_is_used():
    head = make("crf")
    emissions = head(encoded())
    transitions = tuple(one.detach().double().numpy() for one in head.transitions())
    scores = emissions.scores.detach().double().numpy()
    found = log_prob(scores, MASK.numpy(), transitions, GOLD.clamp(min=0).numpy())
    assert -found.sum() == pytest.approx(float(head.loss(emissions, GOLD, 0.0).plain), rel=1e-5)


@pytest.mark.parametrize("name", HEADS)
def test_padding_says_nothing(name):
    head = make(name)
    # LastHead sees the final state alone, which the encoder has kept free of padding.
    one, other = encoded(), encoded(padding=9.0)
    if name == "last":
        other = Encoded(other.memory, other.src_mask, one.final)
    found, same = head(one), head(other)
    assert found.mask.equal(same.mask)
    torch.testing.assert_close(found.scores[found.mask], same.scores[same.mask])
    gold = GOLD if HEADS[name].per_word else GOLD[:, :1]
    losses = [head.loss(emissions, gold, 0.1) for emissions in (found, same)]
    torch.testing.assert_close(losses[0].smoothed, losses[1].smoothed)
    torch.testing.assert_close(losses[0].plain, losses[1].plain)


def test_smoothing_spreads_probability_evenly():
    scores = torch.tensor([[[0.0, 1.0, 3.0]]])
    emissions = Emissions(scores, torch.tensor([[True]]))
    log_probs = scores[0, 0].log_softmax(0)
    found = make("softmax").loss(emissions, torch.tensor([[2]]), 0.3)
    assert float(found.plain) == pytest.approx(float(-log_probs[2]))
    smoothed = -0.7 * log_probs[2] - 0.1 * log_probs.sum()
    assert float(found.smoothed) == pytest.approx(float(smoothed))


def test_pooling_weighs_the_words():
    weights = make("pool")(encoded()).weights.detach()
    assert weights.sum(dim=1).tolist() == pytest.approx([1, 1])
    assert float(weights[1, 2]) == 0
    assert np.ptp(weights[0].numpy()) > 0.01


def test_a_crf_of_no_sentences_has_no_loss():
    head = make("crf")
    assert isinstance(head, CRFHead)
    none = Emissions(torch.zeros(0, 3, NUM_LABELS), torch.zeros(0, 3, dtype=torch.bool))
    assert float(head.loss(none, torch.zeros(0, 3, dtype=torch.int64), 0.0).plain) == 0
