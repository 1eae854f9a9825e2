"""Parts share no row, and a planted defect is what it says."""

import numpy as np
import pandas as pd
import pytest

from eval import real_rows

FRAME = pd.DataFrame(
    {"id": np.arange(900), "price": np.round(np.arange(900) * 1.37, 2), "kind": np.resize(["a", "b"], 900)}
)


@pytest.fixture
def parts():
    return real_rows.split(FRAME, 300, np.random.default_rng(0))


def test_parts_are_disjoint_and_as_large_as_asked(parts):
    ids = [set(part["id"]) for part in (parts.train, parts.fresh, parts.holdout)]
    assert [len(one) for one in ids] == [300, 300, 300] and len(set().union(*ids)) == 900


def test_a_table_with_fewer_rows_is_cut_in_thirds():
    small = real_rows.split(FRAME.head(100), 300, np.random.default_rng(0))
    assert [len(part) for part in (small.train, small.fresh, small.holdout, small.spare)] == [33, 33, 33, 1]


def test_copies_are_training_rows_and_the_rest_is_fresh(parts):
    made = real_rows.with_copies(parts, 0.05, np.random.default_rng(1))
    assert len(made) == 300
    assert made["id"].isin(parts.train["id"]).sum() == 15 and made["id"].isin(parts.fresh["id"]).sum() == 285


def test_a_near_copy_differs_from_its_training_row_in_one_digit_of_one_number(parts):
    made = real_rows.with_near_copies(parts, 0.1, np.random.default_rng(1))
    rows = {tuple(map(str, row)) for row in parts.train.itertuples(index=False)}
    fresh = {tuple(map(str, row)) for row in parts.fresh.itertuples(index=False)}
    planted = [row for row in made.astype(str).itertuples(index=False) if tuple(row) not in fresh]
    assert len(planted) == 30
    for row in planted:
        assert tuple(row) not in rows
        unlike = min(sum(a != b for a, b in zip(row, other, strict=True)) for other in rows)
        assert unlike == 1, row
    assert made.dtypes.equals(parts.train.dtypes)


def test_a_table_without_numbers_has_no_near_copies(parts):
    words = real_rows.Split(*(part[["kind"]] for part in (parts.train, parts.fresh, parts.holdout, parts.spare)))
    with pytest.raises(ValueError, match="expected a number"):
        real_rows.with_near_copies(words, 0.1, np.random.default_rng(1))
