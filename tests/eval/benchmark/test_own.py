"""Our methods and the controls answer the call that peers answer; the controls' figures are known."""

import json

import pytest

from eval import run as command
from eval.benchmark import own
from eval.benchmark.methods import BASELINES, CONTROLS, LANGUAGE_MODELS, method, methods


@pytest.fixture
def figures(tmp_path, table, little, quick):
    def call(name, **how):
        path = command.run(
            "toy", name, table=table, scoring_of=little, learners=quick, folder=tmp_path, minutes=0.1, **how
        )
        return json.loads(path.read_text())

    return call


def value(result, key):
    return result["metrics"]["summary"]["scores"][key]["value"]


def test_the_memoriser_copies_every_row(figures):
    result = figures("memoriser")
    assert value(result, "copies") == 1.0
    assert 0.65 < value(result, "closer_to_train") < 0.85  # a copy lies in one of two parts as large as the hold-out
    assert result["metrics"]["protocol"]["dcr_quantile"]["value"] == 1.0
    assert result["metrics"]["protocol"]["beta_recall"]["value"] > 0.6
    assert result["metrics"]["invalid"] == {"unknown_category": 0.0, "outside_range": 0.0, "no_number": 0.0}


def test_the_memoriser_s_share_of_distances_is_one(tmp_path, little, quick):
    from .conftest import table_of

    path = command.run(
        "toy", "memoriser", half=True, table=table_of(half=True), scoring_of=little, learners=quick, folder=tmp_path
    )
    assert json.loads(path.read_text())["metrics"]["protocol"]["dcr_share"]["value"] > 0.99


def test_the_hold_out_is_as_close_as_new_rows_are(figures, table):
    result = figures("holdout")
    assert result["rows"]["synthetic"] == len(table.holdout)
    assert value(result, "copies") == 0.0 and result["kind"] == "control"
    for part in (result["metrics"]["protocol"]["mle"], result["metrics"]["summary"]["scores"]["tstr"]):
        assert part["value"] is None and "tested on" in part["reason"]  # it would be trained on what tests it


def test_the_training_rows_themselves_are_perfect_in_shape(figures):
    result = figures("real")
    assert value(result, "shape_error") == 0.0 and value(result, "copies") == 1.0


def test_independent_columns_have_the_shape_and_lose_the_trend(figures):
    result = figures("independent")
    assert value(result, "shape_error") < 0.08 < value(result, "trend_error") + 0.05
    protocol = result["metrics"]["protocol"]
    assert protocol["shape"]["value"] > 0.92 and protocol["trend"]["value"] < 0.9


def test_a_budget_reaches_the_methods_that_take_one():
    generator, settings = own.unfitted("ctgan", "rich", 3, 0.25)
    assert settings == {"max_minutes": 0.25} == generator.options
    generator, settings = own.unfitted("copula", "rich", 3, 0.25)
    assert settings == {} and generator.random_state == 3 and generator.target == "rich"
    generator, settings = own.unfitted("compact", "rich", 3, 0.25)
    assert settings["max_minutes"] == generator.max_minutes == 0.25
    cold, settings = own.unfitted("compact-cold", "rich", 3, 0.25)
    assert cold.fit_config().compact.warm_up is False and settings["model"] == "compact"
    assert generator.fit_config().compact.warm_up == "auto"
    quasi, _ = own.unfitted("compact-quasi", "rich", 3, 0.25)
    assert quasi.fit_config().sample.quasi_random is True and generator.fit_config().sample.quasi_random is False


def test_the_likelihood_of_held_out_rows_follows_the_answer(tmp_path, table, monkeypatch, stub):
    class Likely(stub.Bootstrap):
        def __init__(self):
            self.report_ = {"notices": ["quick"]}

        def fit(self, train):
            self.train = train

    monkeypatch.setattr(own, "unfitted", lambda *how: (Likely(), {"model": "compact"}))
    for part in ("train", "holdout"):
        getattr(table, part).to_csv(tmp_path / f"{part}.csv", index=False)
    call = [str(tmp_path / "train.csv"), str(tmp_path), "--rows", "30", "--seed", "0", "--budget-minutes", "1"]
    own.main([*call, "--method", "compact", "--holdout", str(tmp_path / "holdout.csv")])
    nats = json.loads((tmp_path / "nats.json").read_text())
    assert nats["nats_per_row"] == 10.0 and nats["impossible_rows"] == 1 and "by_row" not in nats
    own.main([*call, "--method", "compact", "--holdout", str(tmp_path / "holdout.csv"), "--nats-by-row"])
    nats = json.loads((tmp_path / "nats.json").read_text())
    assert nats["by_row"][:2] == [None, 10.0] and len(nats["by_row"]) == len(table.holdout)
    assert json.loads((tmp_path / "answer.json").read_text())["settings"] == {"model": "compact"}


def test_drawing_ends_when_its_seconds_are_over(stub, table, monkeypatch):
    now = [0.0]

    class Endless(stub.Bootstrap):
        def iter_samples(self, n_samples, random_state, batch_size):
            for _ in range(n_samples // batch_size):
                now[0] += 7.0
                yield self.train.head(batch_size)

    monkeypatch.setattr(own.time, "monotonic", lambda: now[0])
    generator = Endless(table.train)
    assert len(own.drawn(generator, 30, 0, 600.0, 3)) == 30
    assert len(own.drawn(generator, 30, 0, 14.0, 3)) == 6  # the third part ends too late and does not count
    with pytest.raises(SystemExit, match="no row of 30 was drawn in 6 s"):
        own.drawn(generator, 30, 0, 6.0, 3)


def test_every_method_has_one_place(tmp_path):
    found = methods()
    assert {*CONTROLS, *LANGUAGE_MODELS, *BASELINES} <= set(found)
    assert found["memoriser"].kind == "control" and found["compact"].kind == "ours"
    _, script, arguments = method("copula").runner()
    assert script.is_file() and arguments == ("--method", "copula")
