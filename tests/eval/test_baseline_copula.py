"""The copula's benchmark compares like with like: the same rows, the same judges, a pinned peer."""

import json
from types import SimpleNamespace

import numpy as np

from eval import baseline_copula, data, scoring


def independent(table, scratch):
    rng = np.random.default_rng(0)
    shuffled = table.train.apply(lambda column: column.to_numpy()[rng.permutation(len(column))])
    return [shuffled] * baseline_copula.DRAWS, {"fit": 100.0, "sample": 1.0}


def test_the_bounds_are_the_peer_s_own_figures(monkeypatch, tiny, quick, tmp_path):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    monkeypatch.setattr(scoring, "score", lambda *parts, learners: SimpleNamespace(to_dict=dict))
    path = baseline_copula.run(peer=independent, datasets=("tiny",), learners=quick, folder=tmp_path)
    result = json.loads(path.read_text())
    peer, own = result["datasets"]["tiny"]["sdv"], result["datasets"]["tiny"]["copula"]
    keys = ("shape_error", "trend_error")
    bounds = [target["target"] for target in result["targets"]]
    assert bounds == [*(peer["means"][key] for key in keys), 101.0]
    measured = [target["measured"] for target in result["targets"]]
    assert measured == [*(own["means"][key] for key in keys), own["seconds"]["fit_and_sample"]]
    assert len(own["draws"]["trend_error"]) == baseline_copula.DRAWS
    assert own["means"]["trend_error"] < peer["means"]["trend_error"]


def test_the_peer_is_pinned():
    pinned = (baseline_copula.PEER / "requirements.txt").read_text().splitlines()
    assert baseline_copula.SDV in pinned
    assert all("==" in line for line in pinned if line and not line.startswith("#"))
