"""Total variation of histograms."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate.fidelity.tv_counts import shares_of, tv_of_counts

counts = st.lists(st.integers(0, 9).map(float), min_size=4, max_size=4).map(np.array)


def test_known_answers() -> None:
    assert tv_of_counts(np.array([1.0, 1]), np.array([3.0, 1])) == 0.25
    assert tv_of_counts(np.array([1.0, 0]), np.array([0.0, 7])) == 1
    assert np.isnan(tv_of_counts(np.zeros(2), np.ones(2)))
    assert shares_of(np.zeros(2)).tolist() == [0, 0]


@given(counts, counts)
def test_it_is_symmetric_and_bounded(left: np.ndarray, right: np.ndarray) -> None:
    if left.sum() and right.sum():
        assert tv_of_counts(left, right) == tv_of_counts(right, left)
        assert 0 <= tv_of_counts(left, right) <= 1 + 1e-12
