"""The demo recommends by held-out likelihood where it is clear, by the classifier where it is not."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

_SPEC = importlib.util.spec_from_file_location("demo", Path(__file__).parents[2] / "scripts" / "demo.py")
demo = importlib.util.module_from_spec(_SPEC)
sys.modules["demo"] = demo  # dataclasses look their module up
_SPEC.loader.exec_module(demo)


def result(nats, c2st):
    scores = {"c2st_score": SimpleNamespace(value=c2st)}
    measured = {"fit_seconds": 20.0, "rows_per_second": 300.0}
    return demo.Result(None, None, SimpleNamespace(scores=scores, measured=measured), np.asarray(nats))


@pytest.mark.parametrize(
    ("nats", "c2st", "best", "word"),
    [
        ([50.0, 51.0, 52.0, np.inf], (0.9, 0.5), "compact", "clear"),
        ([56.0, 57.1, 58.0, np.inf], (0.5, 0.9), "smollm2-135m", "clear"),
        ([59.0, 48.0, 55.0, 54.2], (0.5, 0.9), "compact", "not clear"),
    ],
)
def test_the_recommendation_follows_the_figures(nats, c2st, best, word):
    other = [53.0, 54.0, 55.1, 54.0]
    results = {"smollm2-135m": result(other, c2st[0]), "compact": result(nats, c2st[1])}
    name, reasons = demo.recommend(results)
    assert name == best and f": {word}" in reasons[0]
    assert not any("nan" in reason or "inf" in reason for reason in reasons)


def test_the_split_keeps_every_row_once_in_order():
    table = pd.DataFrame({"a": np.arange(50)})
    train, holdout = demo.split(table)
    assert len(train) == 40 and sorted([*train["a"], *holdout["a"]]) == list(range(50))
    assert train["a"].is_monotonic_increasing and holdout["a"].is_monotonic_increasing
