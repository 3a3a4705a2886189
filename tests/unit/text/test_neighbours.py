"""Which words stand beside a word, whatever the text was cut into."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.text.neighbours import around, framed, windows
from dragoman.text.vocabulary import EOS, SOS

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "", " "]), max_size=12)


def test_a_blank_line_ends_a_text():
    assert around(["a", "b", "", "c", "d", "e"], 2) == [
        ("", "b"),
        ("a", ""),
        ("", ""),
        ("", "d e"),
        ("c", "e"),
        ("c d", ""),
    ]


def test_a_missing_line_ends_a_text_too():
    assert around(["a", "b", "c"], 5, lines=[1, 2, 4]) == [("", "b"), ("a", ""), ("", "")]


def test_the_source_stands_between_its_neighbours():
    assert framed([7, 8], ([5], [6, 9])) == [5, SOS, 7, 8, EOS, 6, 9]
    assert framed([7, 8], None) == framed([7, 8], ([], [])) == [7, 8]


@given(LINES, st.integers(1, 3), st.lists(st.integers(0, 12), max_size=4))
@settings(max_examples=60, deadline=None)
def test_where_chunks_end_makes_no_difference(lines: list[str], most: int, cuts: list[int]):
    """Every line comes once, in order, with the neighbours that it has in the whole text."""
    edges = [0, *sorted(min(cut, len(lines)) for cut in cuts), len(lines)]
    chunks = [lines[a:b] for a, b in pairwise(edges)]
    found = list(windows(chunks, most))
    assert [line for taken, _ in found for line in taken] == lines
    assert [one for _, beside in found for one in beside] == around(lines, most)


def test_a_line_does_not_wait_for_more_than_its_neighbours():
    came = windows(iter([["a", "b"], ["c", ""], ["d"]]), 1)
    assert next(came) == (["a"], [("", "b")])
    assert next(came) == (["b", "c", ""], [("a", "c"), ("b", ""), ("", "")])
