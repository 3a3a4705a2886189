"""Alignments that a person would draw, and targets with steps."""

import random

import numpy as np
import pytest

from dragoman.data.alignment import Aligner, learn_aligner, with_edits, with_steps
from dragoman.data.batches import Example
from dragoman.text.vocabulary import INSERT, STEP


def aligned_by_hand() -> Aligner:
    """5 becomes 7, 6 becomes 8; anything else is unlikely; 1 in 100 is inserted or deleted."""
    probs = np.full((10, 10), 1e-6)
    probs[5, 7] = probs[6, 8] = 0.4
    probs[0], probs[:, 0] = 0.01, 0.01
    return Aligner(np.log(probs))


@pytest.mark.parametrize(
    ("src", "tgt", "places"),
    [
        ([5, 6], [7, 8], [0, 1]),
        ([5, 9, 6], [7, 8], [0, 2]),  # the 9 is silent
        (
            [5, 6],
            [7, 9, 8],
            [0, 0, 1],
        ),  # the 9 comes from nowhere, and belongs to what was read last
        ([9, 5], [7], [1]),
        ([5], [9, 7], [0, 0]),
        ([5, 6], [], []),
    ],
)
def test_the_likeliest_derivation(src: list[int], tgt: list[int], places: list[int]) -> None:
    assert aligned_by_hand().align(Example(src, tgt)) == places


def test_it_learns_a_cipher_with_silent_letters() -> None:
    draw = random.Random(1)
    examples: list[Example] = []
    truth: list[list[int]] = []
    for _ in range(400):
        src = [draw.randrange(5, 12) for _ in range(draw.randrange(2, 8))]
        kept = [place for place, letter in enumerate(src) if letter != 11]
        examples.append(Example(src, [src[place] + 7 for place in kept]))
        truth.append(kept)
    aligner = learn_aligner(examples, 12, 19)
    found = [aligner.align(example) for example in examples]
    right = sum(one == other for one, other in zip(found, truth, strict=True))
    assert right >= 0.99 * len(examples)


def test_many_pairs_at_once_are_aligned_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their lengths, nothing at all among them; the tables are filled a batch at a time."""
    monkeypatch.setattr("dragoman.data.alignment._MOST_CELLS", 2000)
    draw = random.Random(3)
    examples = [
        Example(
            [draw.randrange(5, 10) for _ in range(draw.randrange(longest))],
            [draw.randrange(5, 10) for _ in range(draw.randrange(longest))],
        )
        for longest in [9] * 60 + [40] * 3
    ]
    aligner = aligned_by_hand()
    assert aligner.align_all(examples) == [aligner.align(one) for one in examples]


def test_places_never_fall() -> None:
    draw = random.Random(2)
    examples = [
        Example(
            [draw.randrange(4, 9) for _ in range(draw.randrange(1, 6))],
            [draw.randrange(4, 9) for _ in range(draw.randrange(0, 9))],
        )
        for _ in range(200)
    ]
    aligner = learn_aligner(examples, 9, 9)
    for example in examples:
        places = aligner.align(example)
        assert len(places) == len(example.tgt)
        assert places == sorted(places)
        assert all(0 <= place < len(example.src) for place in places)


def test_long_pairs_do_not_vanish() -> None:
    long = Example([5, 6] * 60, [7, 8] * 60)
    aligner = learn_aligner([long] * 5, 10, 10)
    assert np.isfinite(aligner.log_probs[5, 7])
    assert aligner.align(long) == list(range(120))


def test_a_step_stands_before_what_comes_from_further_on() -> None:
    example = Example([5, 6, 7], [10, 11, 12])
    assert with_steps(example, [0, 0, 2]).tgt == [10, 11, STEP, STEP, 12]
    assert with_steps(example, [1, 1, 2]).tgt == [STEP, 10, 11, STEP, 12]


@pytest.mark.parametrize(
    ("places", "edits"),
    [
        ([0, 1, 2], [10, 11, 12]),  # substitutions alone
        ([0, 0, 2], [10, INSERT, 11, STEP, 12]),  # 11 is inserted, 6 deleted
        ([1, 1, 1], [STEP, 10, INSERT, 11, INSERT, 12, STEP]),  # 5 and 7 are deleted
        ([0, 0, 0], [10, INSERT, 11, INSERT, 12, STEP, STEP]),
        ([2, 2, 2], [STEP, STEP, 10, INSERT, 11, INSERT, 12]),
    ],
)
def test_edits_that_make_the_target_of_the_source(places: list[int], edits: list[int]) -> None:
    assert with_edits(Example([5, 6, 7], [10, 11, 12]), places).tgt == edits
    assert with_edits(Example([5, 6, 7], []), []).tgt == [STEP] * 3


def test_edits_use_up_the_source() -> None:
    draw = random.Random(3)
    for _ in range(200):
        src = [draw.randrange(6, 9) for _ in range(draw.randrange(1, 6))]
        tgt = [draw.randrange(6, 9) for _ in range(draw.randrange(0, 9))]
        places = sorted(draw.randrange(len(src)) for _ in tgt)
        at, seen = 0, []
        for token in with_edits(Example(src, tgt), places).tgt:
            if token not in (STEP, INSERT):
                seen.append((token, at))
            at += -1 if token == INSERT else 1
        assert seen == list(zip(tgt, places, strict=True))
        assert at == len(src)
