"""The protocol's other figures on tables whose answer is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from eval.protocol import dcr, mle, points, rare
from eval.protocol.sides import UnknownCategory, filled, notes, one_hot, rows_of
from eval.tables import Table


def frame(seed, n, noise=0.0):
    rng = np.random.default_rng(seed)
    age, pay = rng.normal(40, 10, n), rng.lognormal(8, 1, n)
    job = rng.choice(["clerk", "cook", "guide"], n)
    score = age / 10 + (job == "cook") * 2 + noise * rng.normal(0, 5, n)
    return pd.DataFrame({"age": age, "pay": pay, "job": job, "grade": np.where(score > 5, "high", "low")})


def table(task="binclass", n=300, target="grade"):
    numerical = ("age",) if target == "pay" else ("age", "pay")
    categorical = ("job", "grade") if target == "pay" else ("job",)
    return Table("t", "T", task, target, numerical, categorical, frame(0, n), frame(1, n))


@pytest.fixture
def sides():
    one = table()
    return [rows_of(one, frame) for frame in (one.train, one.holdout)]


def test_numbers_that_cannot_be_read_take_the_training_mean_and_are_counted(sides):
    one = table()
    made = one.train.astype({"age": object})
    made.loc[0, "age"], made.loc[1, "job"], made.loc[2, "age"] = "old", "king", np.inf
    rows = rows_of(one, made)
    assert np.isnan(rows.numbers[[0, 2], 0]).all()
    assert filled(sides[0], rows)[1][0, 0] == pytest.approx(np.float32(one.train["age"]).mean(), rel=1e-5)
    assert notes(one, made) == [
        "2 synthetic rows have a number that is missing or unreadable",
        "1 synthetic rows have a category that the training rows do not have",
    ]
    with pytest.raises(UnknownCategory, match="1 rows"):
        one_hot(sides[0], rows)
    assert one_hot(sides[0], rows, unknown="ignore")[1][1, :3].sum() == 0


def test_a_whole_number_is_one_category_however_it_is_stored():
    one = Table("t", "T", "binclass", "y", (), ("x",), pd.DataFrame({"x": [1, 2], "y": [0, 1]}), None)
    for made in ({"x": [1.0, np.nan], "y": ["0", "1"]}, {"x": ["1", None], "y": [0.0, 1.0]}):
        assert rows_of(one, pd.DataFrame(made)).texts.tolist() == [["1", "0"], ["nan", "1"]]


def test_copies_are_recalled_and_fresh_rows_half(sides):
    train, holdout = sides
    alpha, beta, n = points.alpha_precision_beta_recall(train, train)
    assert (alpha, beta) == (pytest.approx(1.0, abs=0.01), pytest.approx(1.0, abs=0.01)) and n == 300
    alpha, beta, n = points.alpha_precision_beta_recall(train, holdout.take(np.arange(200)))
    assert alpha > 0.9 and 0.35 < beta < 0.65 and n == 200
    far = rows_of(table(), table().train.assign(age=1e6))
    alpha, beta, _ = points.alpha_precision_beta_recall(train, far)
    assert alpha < 0.1 and beta < 0.1


def test_the_last_category_of_the_last_column_is_left_out_of_points(sides):
    train, _ = sides
    last = sorted(set(train.texts[:, -1]))[-1]
    other = dataclasses.replace(train, texts=train.texts.copy())
    other.texts[:, -1] = last
    one = one_hot(train, other)
    assert one[1][:, -1].all() and not one[1][:, -2].any()
    numbers = filled(train, other)
    whole = [np.concatenate(parts, axis=1) for parts in zip(numbers, one, strict=True)]
    low, high = whole[0].min(axis=0), whole[0].max(axis=0)
    scaled = [((part - low) / (high - low))[:, :-1] for part in whole]
    assert points.alpha_precision_beta_recall(train, other)[0] == pytest.approx(points.naive(*scaled)[0])
    assert points.naive(*scaled)[0] != points.naive(*[(part - low) / (high - low) for part in whole])[0]


def test_the_share_of_copies_is_one_and_of_fresh_rows_a_half(sides):
    train, holdout = sides
    assert dcr.dcr_share(train, train, holdout) == (1.0, 300)
    fresh = rows_of(table(), frame(2, 300))
    share, n = dcr.dcr_share(train, fresh, holdout)
    assert 0.4 < share < 0.6 and n == 300
    assert dcr.dcr_share(train, holdout, holdout)[0] == 0.0
    with pytest.raises(UnknownCategory):
        dcr.dcr_share(train, rows_of(table(), table().train.assign(job="king")), holdout)


def test_the_distance_is_by_range_and_a_category_counts_two():
    one = Table(
        "t",
        "T",
        "regression",
        "y",
        ("a",),
        ("b",),
        pd.DataFrame({"a": [0.0, 10], "b": ["x", "y"], "y": [0.0, 1]}),
        None,
    )
    train = rows_of(one, one.train)
    made = rows_of(one, pd.DataFrame({"a": [4.0, 9], "b": ["x", "x"], "y": [0.0, 0.0]}))
    assert dcr._distances(train, "range", made, train)[0].tolist() == [pytest.approx(0.4), pytest.approx(0.9)]
    deviation = dcr._distances(train, "deviation", made, train)[0]
    assert deviation.tolist() == [pytest.approx(0.8), pytest.approx(1.8)]


def test_near_copies_are_under_the_quantile_and_fresh_rows_two_in_a_hundred(sides):
    train, holdout = sides
    assert dcr.dcr_quantile(train, train, holdout)[0] == 1.0
    assert dcr.dcr_quantile(train, rows_of(table(), frame(3, 3000)), holdout)[0] < 0.06


def test_the_grid_has_36_points_and_fewer_are_always_the_same():
    assert len(mle.points(36)) == 36 and len({tuple(one.values()) for one in mle.points(36)}) == 36
    assert mle.points(4) == mle.points(4) and len(mle.points(4)) == 4
    assert all(one in mle.points(36) for one in mle.points(4))


def test_efficiency_finds_what_the_rows_teach(sides):
    train, holdout = sides
    good = mle.mle(train, holdout, n_points=2)
    assert good.value > 0.95 and good.points == 2 and good.n_train == 300 - 33
    shuffled = table().train.assign(grade=np.random.default_rng(0).permutation(table().train["grade"]))
    assert mle.mle(rows_of(table(), shuffled), holdout, n_points=2).value < 0.7
    with pytest.raises(mle.OneClass):
        mle.mle(rows_of(table(), table().train.assign(grade="high")), holdout, n_points=1)


def test_a_number_is_predicted_on_the_clipped_log():
    one = table("regression", target="pay")
    rows = [rows_of(one, part) for part in (one.train, one.holdout)]
    found = mle.mle(*rows, n_points=2)
    expected = np.log(np.clip(one.holdout["pay"], 1, 20_000)).std()
    assert found.value == pytest.approx(expected, rel=0.4)  # pay depends on nothing


def test_the_first_column_s_range_scales_all_as_in_the_published_program(sides):
    train, holdout = sides
    left, _ = mle._features(train, holdout)
    low, high = train.numbers[:, 0].min(), train.numbers[:, 0].max()
    assert left[:, 1] == pytest.approx((train.numbers[:, 1] - low) / (high - low) * 5)


def test_a_rare_class_is_scored_beside_real_rows_and_chance(quick):
    one = table(n=600)
    common = one.train["grade"].value_counts().index[0]
    assert rare.rare_precision(one, one.train, seed=0, learners=quick) is None

    def thin(part):
        rare_rows = np.flatnonzero(part["grade"] != common)[:30]
        return part.iloc[np.sort([*np.flatnonzero(part["grade"] == common)[:400], *rare_rows])].reset_index(drop=True)

    one = Table("t", "T", "binclass", "grade", ("age", "pay"), ("job",), thin(frame(0, 1500)), thin(frame(1, 1500)))
    assert rare.rare_class(one) != common
    same = rare.rare_precision(one, one.train, seed=0, learners=quick)
    assert same["synthetic"] == same["real"] and same["real"]["lower"] < same["real"]["value"] < same["real"]["upper"]
    assert same["real"]["value"] > 3 * same["chance"] and same["synthetic_share"] == pytest.approx(30 / 430)
    none = rare.rare_precision(one, one.train.assign(grade=common), seed=0, learners=quick)
    assert none["synthetic"]["value"] == pytest.approx(none["chance"]) and none["synthetic_share"] == 0


def test_fewer_points_are_taken_where_there_is_too_much_work(sides, monkeypatch):
    monkeypatch.setattr(points, "WORK", 7 * 50**2)  # two numbers and five categories
    assert points.alpha_precision_beta_recall(*sides)[2] == 50
