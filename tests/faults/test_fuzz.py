"""Hostile input, a few hundred of each kind; `fuzz.py` tries a million, and what it finds is kept in findings/."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.targets import targets, unexpected

FINDINGS = sorted((Path(__file__).parent / "findings").glob("*.bin"))
TARGETS = targets()
# Where an input costs more.
FEW = {"bundle": 10, "http": 25, "parquet": 30, "tokenizer training": 60}

pytestmark = pytest.mark.fault(
    "hostile input: corpora, packed files, tokenizers, recipes, safetensors, bundles, HTTP bodies",
    "refused in a sentence or read; nothing else comes out, and no process dies",
)


def damaged(seeds):
    """Cut a seed in three, and put something else, or the middle several times, in its middle's place."""

    def join(seed, places, middle, times):
        start, stop = sorted(place * len(seed) // 1000 for place in places)
        return seed[:start] + (middle if times < 0 else seed[start:stop] * times) + seed[stop:]

    part = st.integers(0, 1000)
    return st.builds(
        join,
        st.sampled_from(list(seeds)),
        st.tuples(part, part),
        st.binary(max_size=40),
        st.integers(-3, 3),
    )


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_only_a_sentence_comes_out(name):
    target = TARGETS[name]

    @settings(
        max_examples=FEW.get(name, 120),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[*HealthCheck],
    )
    @given(st.one_of(damaged(target.seeds), st.binary(max_size=200)))
    def check(content):
        error = unexpected(target, content)
        if error is not None:
            raise error

    check()


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_what_was_found_once(path):
    name = path.stem.rpartition("-")[0].replace("_", " ")
    error = unexpected(TARGETS[name], path.read_bytes())
    if error is not None:
        raise error
