"""An ensemble's vote, computed by hand."""

import numpy as np
import pytest

from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.ensemble import EnsembleStepper
from dragoman.search.greedy import Limits
from dragoman.search.stepper import ArrayDistribution, ArrayStep
from dragoman.text.vocabulary import EOS


class Fixed:
    """Says the same at every step, by the first id of its source."""

    def __init__(self, probabilities: list[float]) -> None:
        with np.errstate(divide="ignore"):
            self.log_probs = np.log(np.array(probabilities, dtype=np.float32))

    def start(self, src: np.ndarray) -> np.ndarray:
        return src[:, 0]

    def step(self, last_ids: np.ndarray, state: np.ndarray) -> ArrayStep[np.ndarray]:
        return ArrayStep(
            ArrayDistribution(np.tile(self.log_probs, (len(state), 1))), None, state + last_ids
        )

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


ONE, OTHER = Fixed([0, 0, 0, 0.6, 0.4]), Fixed([0, 0, 0, 0.1, 0.9])


def test_probabilities_are_averaged() -> None:
    both = EnsembleStepper([ONE, OTHER])
    state = both.start(np.array([[4, EOS], [4, EOS]]))
    found = both.step(np.array([2, 2]), state).distribution.all()
    np.testing.assert_allclose(np.exp(found[0]), [0, 0, 0, 0.35, 0.65], atol=1e-6)
    assert np.isneginf(found[0, 0])


def test_every_member_goes_along_with_the_rows() -> None:
    both = EnsembleStepper([ONE, OTHER])
    state = both.select(both.start(np.array([[4], [7], [9]])), np.array([2, 0, 0]))
    assert [one.tolist() for one in state.states] == [[9, 4, 4], [9, 4, 4]]


def test_an_ensemble_of_one_is_its_member() -> None:
    src, limits = np.array([[4, EOS]]), Limits([4])
    alone = beam_search(ONE, src, limits, BeamOptions(2))
    joined = beam_search(EnsembleStepper([ONE]), src, limits, BeamOptions(2))
    assert [one.ids for one in alone[0]] == [one.ids for one in joined[0]]


def test_it_can_decide_against_a_member() -> None:
    limits = Limits([1])
    found = beam_search(EnsembleStepper([ONE, OTHER]), np.array([[4, EOS]]), limits, BeamOptions(1))
    assert found[0][0].ids == (4,)  # ONE alone would end


def test_it_needs_a_member() -> None:
    with pytest.raises(ValueError, match="member"):
        EnsembleStepper([])
