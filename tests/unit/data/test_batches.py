"""Batches: every example once an epoch, within the budget, in an order that its key decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.data.batches import Example, epoch_batches, length_batches, make_batch, pad_sources
from dragoman.text.vocabulary import EOS, PAD, SOS

lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=80)


def examples_of(sizes):
    return [Example([5] * src, [6] * tgt) for src, tgt in sizes]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(lengths, st.integers(1, 120), st.integers(0, 5))
def test_an_epoch_is_every_example_once_within_the_budget(sizes, budget, epoch):
    batches = epoch_batches(examples_of(sizes), budget, (1, epoch))
    assert sorted(number for batch in batches for number in batch) == list(range(len(sizes)))
    for batch in batches:
        widest = max(max(sizes[number]) + 1 for number in batch)
        assert len(batch) == 1 or widest * len(batch) <= budget


@settings(max_examples=30, deadline=None, derandomize=True)
@given(lengths, st.integers(1, 120))
def test_length_batches_keep_the_budget_and_put_long_ones_first(sizes, budget):
    rows = [src for src, _ in sizes]
    batches = length_batches(rows, budget)
    order = [rows[number] for batch in batches for number in batch]
    assert order == sorted(rows, reverse=True)
    assert sorted(number for batch in batches for number in batch) == list(range(len(rows)))
    for batch in batches:
        assert len(batch) == 1 or (max(rows[number] for number in batch) + 1) * len(batch) <= budget


def test_the_key_decides_the_order():
    examples = examples_of([(3 + number % 4, 3) for number in range(200)])
    first = epoch_batches(examples, 40, (1, 0))
    assert first == epoch_batches(examples, 40, (1, 0))
    assert first != epoch_batches(examples, 40, (1, 1))
    assert first != epoch_batches(examples, 40, (2, 0))
    # Not only the batches' order: equally long examples meet different ones.
    together = {frozenset(batch) for batch in first}
    assert together != {frozenset(batch) for batch in epoch_batches(examples, 40, (1, 1))}


def test_a_long_line_is_a_batch_of_its_own():
    sizes = [(3, 3)] * 6 + [(500, 3), (3, 500)]
    batches = epoch_batches(examples_of(sizes), 40, (1, 0))
    assert [6] in batches
    assert [7] in batches


def test_batches_hold_examples_of_like_length():
    random = np.random.default_rng(1)
    examples = examples_of([(size, size) for size in random.integers(1, 60, 500).tolist()])
    padded = real = 0
    for numbers in epoch_batches(examples, 300, (1, 0)):
        batch = make_batch([examples[number] for number in numbers])
        padded += batch.tgt_out.size
        real += batch.num_tokens
    assert padded < 1.1 * real


def test_make_batch():
    batch = make_batch([Example([5, 6], [7, 8, 9]), Example([10], [11])])
    assert batch.src.tolist() == [[5, 6, EOS], [10, EOS, PAD]]
    assert batch.tgt_in.tolist() == [[SOS, 7, 8, 9], [SOS, 11, PAD, PAD]]
    assert batch.tgt_out.tolist() == [[7, 8, 9, EOS], [11, EOS, PAD, PAD]]
    assert batch.num_tokens == 6
    assert batch.src.dtype == np.int64


def test_a_side_may_be_empty():
    batch = make_batch([Example([], []), Example([5], [])])
    assert batch.src.tolist() == [[EOS, PAD], [5, EOS]]
    assert batch.tgt_in.tolist() == [[SOS], [SOS]]
    assert pad_sources([[4]]).tolist() == [[4, EOS]]


@pytest.mark.parametrize(
    "deal", [lambda: epoch_batches([], 10, (1, 0)), lambda: length_batches([], 10)]
)
def test_nothing_gives_no_batches(deal):
    assert deal() == []
