from __future__ import annotations

import numpy as np
from scipy.stats import chisquare

from llmsynth.baselines.conditional_vectors import index_rows

COUNTS = ((900, 90, 10), (500, 500))


def codes() -> np.ndarray:
    first = np.repeat(np.arange(3), COUNTS[0])
    second = np.random.default_rng(0).permutation(np.repeat(np.arange(2), COUNTS[1]))
    return np.stack([first, second], 1)


def test_training_by_sampling_draws_the_log_frequency_law() -> None:
    law = index_rows(codes(), np.array([3, 2])).law
    drawn = law.draw(40_000, np.random.default_rng(1), log_frequency=True)
    assert chisquare(np.bincount(drawn.columns)).pvalue > 0.001
    for column, counts in enumerate(COUNTS):
        seen = np.bincount(drawn.codes[drawn.columns == column], minlength=len(counts))
        law_of_logs = np.log1p(counts) / np.log1p(counts).sum()
        assert chisquare(seen, law_of_logs * seen.sum()).pvalue > 0.001


def test_sampling_draws_levels_by_their_frequency() -> None:
    law = index_rows(codes(), np.array([3, 2])).law
    drawn = law.draw(40_000, np.random.default_rng(2), log_frequency=False)
    seen = np.bincount(drawn.codes[drawn.columns == 0], minlength=3)
    assert chisquare(seen, np.array(COUNTS[0]) / 1000 * seen.sum()).pvalue > 0.001


def test_every_row_meets_its_condition_and_all_that_do_are_drawn_evenly() -> None:
    index = index_rows(codes(), np.array([3, 2]))
    rng = np.random.default_rng(3)
    asked = index.law.draw(30_000, rng, log_frequency=True)
    rows = index.draw(asked, rng)
    assert (codes()[rows, asked.columns] == asked.codes).all()
    rare = rows[(asked.columns == 0) & (asked.codes == 2)]
    assert chisquare(np.bincount(rare, minlength=1000)[990:]).pvalue > 0.001


def test_a_column_of_one_code_is_drawn_too() -> None:
    index = index_rows(np.zeros((5, 1), dtype=np.int64), np.array([1]))
    asked = index.law.draw(50, np.random.default_rng(0), log_frequency=True)
    assert (asked.codes == 0).all() and set(index.draw(asked, np.random.default_rng(0))) == set(range(5))
