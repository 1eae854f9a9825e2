"""Rows are matched in size, models are trained once, resamples keep units together."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility import trained as module
from llmsynth.evaluate.utility.trained import (
    FOLDS,
    HOLDOUT,
    JOINED,
    REAL,
    SOME_SYNTHETIC,
    WHOLE,
    Trained,
    draw,
    trained_for,
)
from tests.evaluate.utility.tables import evidence_of, only, people


def _trained(*args: object, **kwargs: object) -> Trained:
    found = trained_for(evidence_of(*args, **kwargs))  # type: ignore[arg-type]
    assert isinstance(found, Trained)
    return found


def test_all_tables_give_as_many_rows_as_the_smallest() -> None:
    made = [only(people(250, 2), "sick"), only(people(100, 3), "sick").assign(sick=lambda t: t.sick.where(t.index > 9))]
    rows = _trained(made).rows
    assert [len(rows[name]) for name in (REAL, draw(0), draw(1), WHOLE, JOINED)] == [90, 90, 90, 300, 550]


def test_the_synthetic_rows_equal_to_the_training_rows_give_the_same_models() -> None:
    trained = _trained()
    assert (trained.predicted(REAL, HOLDOUT, "forest") == trained.predicted(draw(0), HOLDOUT, "forest")).all()


def test_models_are_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    train = module.train
    monkeypatch.setattr(module, "train", lambda name, *rest: (calls.append(name), train(name, *rest))[1])
    evidence = evidence_of()
    for _ in range(2):
        trained = trained_for(evidence)
        assert isinstance(trained, Trained)
        trained.figure(REAL, HOLDOUT, "linear", "auroc")
        trained.figure(REAL, HOLDOUT, "linear", "log_loss")
    assert calls == ["linear"]


def test_rows_of_one_unit_are_drawn_and_folded_together() -> None:
    real, held = (only(people(120, seed), "sick").assign(who=np.arange(120) // 4) for seed in (0, 1))
    trained = trained_for(gather(real, real, held, target="sick", unit="who", level="quick"))
    assert isinstance(trained, Trained)
    weights = trained.weights(HOLDOUT).T.reshape(201, 30, 4)
    assert (weights == weights[:, :, :1]).all() and (weights[0] == 1).all() and (weights.sum(axis=(1, 2)) == 120).all()
    for name in (REAL, SOME_SYNTHETIC):
        folds = trained._folds(name).reshape(30, 4)
        assert (folds == folds[:, :1]).all() and np.unique(folds).size == 3
    lone = trained_for(gather(real.assign(who=1), real, held, target="sick", unit="who", level="quick"))
    assert isinstance(lone, Trained) and not lone.has_folds(REAL)


def test_folds_predict_every_row_by_models_that_did_not_see_it() -> None:
    noise = only(people(300, 0), "sick").assign(sick=np.random.default_rng(0).permutation(["yes", "no"] * 150))
    trained = trained_for(gather(noise, noise, noise, target="sick", level="quick"))
    assert isinstance(trained, Trained)
    assert trained.figure(REAL, HOLDOUT, "forest", "auroc")[0] > 0.8
    assert trained.figure(FOLDS, REAL, "forest", "auroc")[0] < 0.6


def test_what_cannot_be_trained_or_tested_is_a_reason() -> None:
    few = only(people(5, 2), "sick")
    assert "10 synthetic rows" in str(trained_for(evidence_of(few)))
    assert isinstance(trained_for(evidence_of(few), synthetic=False), Trained)
    assert "no test" in str(trained_for(evidence_of(holdout=False)))
    assert isinstance(trained_for(evidence_of(holdout=False), holdout=False), Trained)
    real = only(people(60, 0), "sick")
    one_class = real.assign(sick="no")
    assert "one class" in str(trained_for(gather(real, real, one_class, target="sick")))
    assert "10 hold-out rows" in str(trained_for(gather(real, real, real[:3], target="sick")))
    assert "10 training rows" in str(trained_for(gather(real[:6], real, real, target="sick")))
    assert "needs a target" in str(trained_for(gather(real, real, real)))
    cost = only(people(60, 0), "cost")
    assert "vary" in str(trained_for(gather(cost, cost, cost.assign(cost=1.0), target="cost")))


def test_an_evidence_with_an_empty_synthetic_table_trains_on_real_rows_alone() -> None:
    trained = trained_for(evidence_of(pd.DataFrame(columns=["age", "dose", "city", "sick"])), synthetic=False)
    assert isinstance(trained, Trained) and len(trained.rows[REAL]) == 300 == len(trained.rows[JOINED])
