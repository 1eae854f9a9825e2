"""The gain is measured on rows that no generator saw, one split and one fit per seed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from llmsynth.curate.gain import check_gain, measure_gain
from llmsynth.curate.rare_class import RareClass
from llmsynth.errors import InputError
from llmsynth.evaluate import Learners
from llmsynth.evaluate.imbalance import ARMS, GENERATED

QUICK = Learners(lambda layout, seed: HistGradientBoostingClassifier(max_iter=3, random_state=seed), name="three trees")
RARE = RareClass("y", "y", "yes", 0.5)


def test_each_split_fits_a_generator_on_its_training_rows_alone(rows, generators):
    said = []
    rows = rows.assign(row=np.arange(200) + 0.5)
    gain = measure_gain(rows, RARE, generators.fit, n_seeds=3, learners=QUICK, notify=said.append)
    assert [one.seed for one in generators.fitted] == list(gain.seeds) and len(set(gain.seeds)) == 3
    trained = [set(one.train["row"]) for one in generators.fitted]
    assert [len(one) for one in trained] == [150] * 3 and trained[0] != trained[1]
    assert gain.rows == {"train": 150, "train_rare": 30, "test": 50, "test_rare": 10, "generated": 90}
    assert len(said) == 3 and "split 2 of 3: fitting on 150 rows, testing on 50" in said[1]


def test_every_way_is_measured_and_the_seed_alone_decides(rows, generators):
    first, again, other = (
        measure_gain(rows, RARE, generators.fit, n_seeds=2, random_state=seed, learners=QUICK) for seed in (1, 1, 2)
    )
    assert tuple(first.arms) == ARMS and first.titles["smote"] == "SMOTE-NC"
    for arm in first.arms.values():
        assert len(arm.average_precision.values) == 2 and 0 <= arm.recall.mean <= 1
    assert first.arms[GENERATED].average_precision_gain.values == (0.0, 0.0)
    assert again.arms == first.arms and again.near_copies == first.near_copies
    assert other.seeds != first.seeds
    data = first.to_dict()
    assert data["arms"]["none"]["title"] == "no augmentation" and data["near_copies"]["n_new"] == 180
    assert any("three trees" in note for note in data["notes"])


def test_a_generator_that_copies_is_found_out(rows, generators):
    class Copier:
        schema_ = None

        def __init__(self, train):
            self.train = train

        def sample(self, n_samples, random_state=None, *, where):
            own = self.train[self.train["y"] == "yes"]
            return own.iloc[np.arange(n_samples) % len(own)].reset_index(drop=True)

    gain = measure_gain(rows, RARE, lambda train, seed: Copier(train), n_seeds=3, learners=QUICK)
    assert gain.near_copies.copies == gain.near_copies.n_new == 270
    assert gain.near_copies.near == 1.0 and gain.near_copies.holdout_near < 0.2
    honest = measure_gain(rows, RARE, generators.fit, n_seeds=3, learners=QUICK)
    assert honest.near_copies.copies == 0


def test_what_cannot_be_measured_is_an_error_before_anything_is_fitted(rows):
    with pytest.raises(InputError, match="got 40 and 0"):
        check_gain(rows.head(40), RARE)
    with pytest.raises(InputError, match="a column beside 'y'"):
        check_gain(rows[["y"]], RARE)
    check_gain(rows, RARE)


@pytest.mark.parametrize(("yes", "no", "missing"), [(40, 30, 30), (50, 51, 0)])
def test_a_share_that_is_met_where_the_gain_is_measured_is_an_error_before_anything_is_fitted(yes, no, missing):
    rows = pd.DataFrame({"x": np.arange(yes + no + missing) / 2, "y": ["yes"] * yes + ["no"] * no + [None] * missing})
    assert RARE.rows_to_add(RARE.mask(rows)) > 0
    with pytest.raises(InputError, match=r"share where the gain is measured, got 0\.5.* leave the gain out"):
        check_gain(rows, RARE)
    more = RareClass("y", "y", "yes", 0.6)
    check_gain(rows, more)
    for seed in range(9):
        assert more.rows_to_add(more.mask(more.split(rows, seed)[0])) > 0


def test_missing_cells_dates_and_columns_that_are_not_used_are_dealt_with(rows, generators):
    rows = rows.assign(
        when=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200) % 50, unit="D"),
        id=[f"P-{number}" for number in range(200)],
    )
    rows.loc[::3, "row"] = None
    rows.loc[::5, "c"] = None
    gain = measure_gain(rows, RARE, generators.fit, n_seeds=1, learners=QUICK)
    assert np.isfinite(gain.arms["smote"].average_precision.mean)
    assert any("not used: id" in note for note in gain.notes) and any("median" in note for note in gain.notes)
