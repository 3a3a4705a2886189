"""The contracts of METRICS."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dragoman.contracts.rows import rows
from dragoman.errors import InputError
from dragoman.evaluation.metrics import METRICS

REFERENCES = [
    ["the cat sat on the mat today", "a cat was sitting on the mat"],
    ["we saw the sea last summer", "last summer we saw the sea"],
    ["나는 어제 학교에 갔다 .", "어제 나는 학교에 갔다 ."],
    ["she did not come to the party", "she never came to the party"],
]
RIGHT = [refs[0] for refs in REFERENCES]
PARTLY = ["the cat sat on a mat", RIGHT[1], "나는 학교에 갔다 .", "he did not go to a party today"]
WRONG = ["xx yy zz ww", "qq", "ㅋㅋ", "vv vv vv"]


@pytest.mark.parametrize("name", rows("METRICS"))
class TestMetric:
    """A metric compares hypotheses with references, and says how."""

    def test_better_is_better(self, name: str) -> None:
        """Right, partly right and wrong follow each other, one way or the other."""
        scores = [
            METRICS[name]().corpus(texts, REFERENCES).score for texts in (RIGHT, PARTLY, WRONG)
        ]
        assert all(map(math.isfinite, scores))
        assert len(set(scores)) == 3
        assert scores in (sorted(scores), sorted(scores, reverse=True))

    def test_the_order_of_the_sentences_does_not_matter(self, name: str) -> None:
        """A corpus is a set of sentences."""
        order = [2, 0, 3, 1]
        wanted = METRICS[name]().corpus(PARTLY, REFERENCES).score
        found = (
            METRICS[name]().corpus([PARTLY[n] for n in order], [REFERENCES[n] for n in order]).score
        )
        assert found == pytest.approx(wanted)

    def test_a_part_scores_as_if_it_were_alone(self, name: str) -> None:
        """The statistics of some sentences are theirs alone; the bootstrap rests on it."""
        measured = METRICS[name]().measure(PARTLY, REFERENCES)
        for chosen in ([0, 1, 2, 3], [1], [0, 2], [3, 3]):
            alone = METRICS[name]().corpus(
                [PARTLY[n] for n in chosen], [REFERENCES[n] for n in chosen]
            )
            assert measured.score_of(np.array(chosen)) == pytest.approx(alone.score)

    def test_the_signature_tells_the_settings(self, name: str) -> None:
        """Their version, the number of references; with an interval also its seed."""
        measured = METRICS[name]().measure(PARTLY, REFERENCES)
        plain, interval = measured.score(), measured.score(num_samples=200, seed=7)
        assert plain.name == interval.name == name
        assert plain.signature.startswith("nrefs:2|")
        assert "version:" in plain.signature
        assert "seed:7" in interval.signature
        assert plain.score == interval.score
        assert interval.interval is not None
        assert interval.interval[0] <= interval.score <= interval.interval[1]
        assert measured.score(num_samples=200, seed=7) == interval

    def test_nothing_to_score_is_an_error(self, name: str) -> None:
        """As are hypotheses without references."""
        with pytest.raises(InputError, match="no hypothesis"):
            METRICS[name]().corpus([], [])
        with pytest.raises(InputError, match="sentence 2"):
            METRICS[name]().corpus(["a", "b"], [["a"], []])
