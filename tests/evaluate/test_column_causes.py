"""Each way in which generators fail is named; held-out rows are rarely accused."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.evaluate.column_causes import category_causes, missing_causes, number_causes
from llmsynth.evaluate.encoding import FloatArray

N = 2000
RNG = np.random.default_rng(0)
INCOME = np.round(RNG.lognormal(10, 0.6, N), 2)
HEAPED = np.where(RNG.random(N) < 0.6, RNG.integers(2, 9, N) * 10, RNG.integers(20, 90, N)).astype(float)
CODES = RNG.choice([0.0, 1.0, 2.0], N, p=[0.6, 0.3, 0.1])
NAN = np.full(3, np.nan)


def _again(values: FloatArray, seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).choice(values, N)


@pytest.mark.parametrize(
    ("real", "made", "cause"),
    [
        (INCOME, np.round(_again(INCOME)), "decimals lost: 0%"),
        (np.round(INCOME), np.round(_again(INCOME)) + 0.25, "decimals added: 100%"),
        (HEAPED, np.random.default_rng(1).integers(20, 90, N).astype(float), "heaping lost"),
        (INCOME, np.minimum(_again(INCOME), np.quantile(INCOME, 0.97)), "truncated upper tail: 0.0%"),
        (INCOME, np.maximum(_again(INCOME), np.quantile(INCOME, 0.03)), "truncated lower tail"),
        (INCOME, _again(INCOME) + 9000.25, "shifted: the middle lies"),
        (INCOME, np.round(INCOME.mean() + 1.6 * (_again(INCOME) - INCOME.mean()), 2), "spread off: the middle half"),
    ],
)
def test_a_planted_defect_of_numbers_is_named(real: FloatArray, made: FloatArray, cause: str) -> None:
    assert any(one.startswith(cause) for one in number_causes(real, made)), number_causes(real, made)


def test_a_category_that_is_never_generated_is_named_only_where_it_may_be_shown() -> None:
    made = np.where(CODES == 2.0, 0.0, CODES)
    (cause,) = category_causes(CODES, made, None, {2.0: "Oslo"})
    assert cause.startswith("missing category: 1 category is never generated ('Oslo'), 1") and "%" in cause
    (cause,) = category_causes(CODES, made, None, {})
    assert "Oslo" not in cause and "1 category is never generated, " in cause


def test_invented_categories_are_counted_and_those_of_the_holdout_are_not_invented() -> None:
    made = np.where(np.arange(N) % 20 == 0, 7.0, CODES)
    (cause,) = category_causes(CODES, made, None, {})
    assert cause.startswith("invented category: 1 category that no real row has, 5.0%")
    assert category_causes(CODES, made, np.array([7.0, 0.0]), {}) == []


def test_a_missing_rate_that_is_off_is_named() -> None:
    half = np.where(np.arange(N) % 2 == 0, np.nan, INCOME)
    assert missing_causes(INCOME, half) == ["missing rate off: 50.0% of the cells are missing, 0.0% in the real rows"]
    assert missing_causes(half, half) == []


@pytest.mark.parametrize("size", [60, 300, 3000])
def test_rows_as_good_as_held_out_ones_are_rarely_accused(size: int) -> None:
    rng, accused, columns = np.random.default_rng(3), 0, 0
    for _ in range(60):
        for draw in (
            lambda n: rng.normal(size=n),
            lambda n: np.round(rng.lognormal(8, 1, n), 2),
            lambda n: np.where(rng.random(n) < 0.5, rng.integers(0, 9, n) * 10.0, rng.integers(0, 90, n)),
            lambda n: (rng.random(n) < 0.05).astype(float),
            lambda n: rng.poisson(1.0, n).astype(float),
        ):
            columns += 1
            accused += bool(number_causes(draw(size), draw(size)))
            codes = [np.floor(np.abs(draw(size)) / 3) for _ in range(3)]
            accused += bool(category_causes(codes[0], codes[1], codes[2], {}))
    assert accused <= 0.01 * columns, f"{accused} of {columns}"


@pytest.mark.parametrize("values", [np.zeros(0), NAN, np.full(50, 3.0), np.array([1e308, -1e308] * 30)])
def test_odd_columns_have_no_cause_and_no_error(values: FloatArray) -> None:
    with np.errstate(all="ignore"):
        for other in (values, np.zeros(0), INCOME):
            assert isinstance(number_causes(values, other), list)
            assert isinstance(missing_causes(values, other), list)
            assert isinstance(category_causes(values, other, other, {}), list)
    assert number_causes(values, values) == []
