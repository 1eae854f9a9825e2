"""TSTR beside TRTR on targets whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate import Learners, encode_tables, infer_task, tstr
from llmsynth.evaluate.learners import boosted_classifier


def table(seed, n=400, classes=2):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    edges = np.linspace(-1, 1, classes + 1)[1:-1]
    labels = np.array([f"k{i}" for i in range(classes)])[np.searchsorted(edges, x)]
    return pd.DataFrame({"x": x, "noise": rng.normal(size=n), "y": labels, "z": 3 * x + 0.1 * rng.normal(size=n)})


def test_the_real_rows_as_synthetic_give_exactly_the_real_figure():
    real, holdout = table(0), table(1)
    for target in ("y", "z"):
        result = tstr(*encode_tables(real, real, holdout), target)
        assert result.tstr == result.trtr
        assert result.tstr.value > 0.95


def test_the_real_rows_learned_from_are_as_many_as_the_synthetic_ones():
    result = tstr(*encode_tables(table(0), table(1, n=60), table(2)), "y")
    assert result.tstr.n_rows == result.trtr.n_rows == 60


def test_shuffled_labels_teach_nothing():
    real, holdout = table(0), table(1)
    made = real.assign(y=np.random.default_rng(2).permutation(real.y)).drop(columns="z")
    result = tstr(*encode_tables(real.drop(columns="z"), made, holdout.drop(columns="z")), "y")
    assert abs(result.tstr.value - 0.5) < 0.15
    assert result.trtr.value > 0.95


@pytest.mark.parametrize(("classes", "task"), [(2, "binary"), (4, "multiclass")])
def test_the_task_follows_the_number_of_classes(classes, task):
    tables = encode_tables(table(0, classes=classes), table(1, classes=classes), table(2, classes=classes))
    result = tstr(*tables, "y")
    assert result.task == task
    assert result.tstr.value > 0.9


def test_a_number_with_few_values_is_a_class_and_with_many_a_number():
    frame = pd.DataFrame({"few": np.arange(60) % 5, "many": np.arange(60), "flag": [True, False] * 30})
    (encoded,) = encode_tables(frame)
    assert [infer_task(encoded, name) for name in frame] == ["multiclass", "regression", "binary"]


def test_unknown_and_absent_classes_do_not_crash():
    real, holdout = table(0, classes=3), table(1, classes=3)
    made = table(2, classes=3).assign(y=lambda f: f.y.where(f.y != "k2", "invented"))
    result = tstr(*encode_tables(real, made, holdout), "y")
    assert result.tstr.value < result.trtr.value
    single = tstr(*encode_tables(real, real.assign(y="k0"), holdout), "y")
    assert single.tstr.value == 0.5 and "one class" in single.tstr.reason
    empty = tstr(*encode_tables(real, real.assign(y=None), holdout), "y")
    assert "got 0" in empty.tstr.reason


def test_a_target_that_cannot_be_scored_is_a_reason():
    real = table(0)
    assert "no column" in tstr(*encode_tables(real, real, real), "nope").tstr.reason
    constant = real.assign(y="k0")
    assert "one class" in tstr(*encode_tables(real, real, constant), "y").tstr.reason
    assert "does not vary" in tstr(*encode_tables(real, real, real.assign(z=1.0)), "z").tstr.reason
    assert "needs" in tstr(*encode_tables(real, real.iloc[:3], real), "y").tstr.reason
    keys = real.assign(key=[f"id{i}" for i in range(len(real))])
    assert "identifier" in tstr(*encode_tables(keys, keys, keys), "key").tstr.reason


def test_few_rows_with_a_target_are_too_few():
    real = table(0)
    made = real.assign(y=real.y.where(real.index < 9))
    result = tstr(*encode_tables(real, made, table(1)), "y")
    assert np.isnan(result.tstr.value) and "with a target, got 9" in result.tstr.reason
    assert result.trtr.value > 0.5


def test_rows_without_a_target_are_left_aside():
    real = table(0)
    real.loc[::3, "z"] = np.nan
    result = tstr(*encode_tables(real, real, table(1)), "z")
    assert result.tstr.n_rows == real.z.notna().sum()


@pytest.mark.parametrize("target", ["few", "name"])
def test_values_that_no_real_row_has_are_one_class_together(target):
    def frame(seed):
        rng = np.random.default_rng(seed)
        few = rng.integers(1, 4, 300)
        return pd.DataFrame({"x": few + rng.normal(size=300) / 9, "few": few.astype(float), "name": few.astype(str)})

    seen = []

    class Watching:
        def __init__(self, layout, seed):
            self.model = boosted_classifier(layout, seed, 20)

        def fit(self, rows, classes):
            seen.append(np.bincount(classes))
            self.model.fit(rows, classes)

        def predict_proba(self, rows):
            return self.model.predict_proba(rows)

    real, holdout, made = (frame(seed)[["x", target]] for seed in range(3))
    invented = np.random.default_rng(3).uniform(1.1, 2.9, 60)
    made[target] = np.concatenate([invented if target == "few" else invented.astype(str), made[target][60:]])
    result = tstr(*encode_tables(real, made, holdout), target, learners=Learners(Watching, name="watched"))
    assert [len(counts) for counts in seen] == [4, 3] and 60 in seen[0].tolist()
    assert result.tstr.value > 0.9 and result.tstr.n_rows == 300
