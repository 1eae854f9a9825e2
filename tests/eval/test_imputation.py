"""Every method gets the same holes, and the compact model's draws become answers and intervals."""

import json

import numpy as np
import pandas as pd
import pytest

from eval import data, imputation
from eval.data import Dataset
from eval.fits import Fitted
from eval.imputation import Plan
from eval.imputers import Codes, Forests
from tests.eval.test_imputers import related


class Hot:
    """Fills each hole with a random training cell of its column."""

    def __init__(self, train):
        self.train, self.calls = train, []

    def impute(self, table, n_draws=1, *, method="draw", random_state=0):
        self.calls.append((table, n_draws, method))
        rng = np.random.default_rng(random_state)
        filled = [table.copy() for _ in range(n_draws)]
        for frame in filled:
            for label in frame:
                hole = frame[label].isna()
                frame.loc[hole, label] = rng.choice(self.train[label].dropna().to_numpy(), int(hole.sum()))
        return filled[0] if n_draws == 1 else pd.concat(filled, keys=range(n_draws))

    def save(self, path, overwrite=False):
        raise AssertionError("no folder was named")


@pytest.fixture
def tables(monkeypatch):
    def load(name):
        return Dataset(name, related(len(name), 200), related(1, 60).assign(level=lambda t: t["level"] * 1.2), "kind")

    monkeypatch.setattr(data, "load", load)


def test_all_methods_are_scored_on_all_tables(tables, tmp_path):
    plans = {"heart_cleveland": Plan(1.0, 2, n_members=3), "adult": Plan(1.0, 1, 40, ("twice",))}
    path = imputation.run(
        fit=lambda train, settings: Fitted(Hot(train), settings, 1.0),
        plans=plans, forests=Forests(n_trees=5), n_draws=20, folder=tmp_path,
    )  # fmt: skip
    content = json.loads(path.read_text())
    heart, adult = content["tables"]["heart_cleveland"], content["tables"]["adult"]
    assert set(heart["scores"]) == {*imputation.OTHERS, "compact", "compact_all_draws", "compact_mode"}
    assert heart["settings"]["recipe"] == {"train": {"natural_order_share": 0.0}, "compact": {"n_members": 3}}
    assert adult["settings"]["recipe"] == {"train": {"natural_order_share": 0.0}}
    # Guessing from the margin is worse than either competitor, and its interval is about 90 % of the column.
    assert heart["scores"]["compact"]["rmse"] > heart["scores"]["forests"]["rmse"]
    assert heart["scores"]["compact"]["accuracy"] < heart["scores"]["linear_ordinal"]["accuracy"]
    assert heart["compact_less_other"]["forests"]["accuracy"][1] < 0
    assert 0.7 < heart["coverage"]["all"] <= 1 and set(heart["coverage"]["by_column"]) == {"level", "twice"}
    assert adult["rows"] == {"train": 200, "holdout": 40, "masks": 1} and set(adult["coverage"]["by_column"]) == {
        "level"
    }
    reached = [target["reached"] for target in content["targets"]]
    assert reached[:2] == [False, False] and reached[-1] is True
    assert content["adult_rows_per_second"] > 0


def test_a_fifth_of_the_cells_is_taken_and_unknown_categories_are_emptied_but_not_scored():
    train, holdout = related(0, 200), related(1, 2000)
    holdout.loc[:99, "kind"] = "never seen"
    holdout.loc[200:299, "level"] = np.nan
    holes = imputation.punch(holdout, train, Codes.of(train), 0)
    assert holes.scored.mean() == pytest.approx(0.2, abs=0.02)
    assert holes.frame["kind"].iloc[:100].isna().all() and not holes.scored[:100, 0].any()
    assert not holes.scored[200:300, 1].any()
    kept = ~holes.scored & ~np.isnan(holes.truth)
    assert np.array_equal(holes.frame["level"].to_numpy()[kept[:, 1]], holdout["level"].to_numpy()[kept[:, 1]])
    assert holes.frame["level"].isna().to_numpy()[~kept[:, 1]].all()


def test_only_the_compact_model_gets_numbers_moved_into_the_range():
    train = related(0, 200)
    frame = pd.DataFrame({"kind": ["a", None], "level": [1e6, np.nan], "twice": [-1e6, 3.0]})
    moved = imputation.clipped(frame, train, Codes.of(train))
    assert moved["level"].iloc[0] == train["level"].max() and moved["twice"].iloc[0] == train["twice"].min()
    assert moved["level"].isna().tolist() == [False, True] and moved["twice"].iloc[1] == 3.0
