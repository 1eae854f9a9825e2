"""The diffusion's benchmark writes down its budget, its draws and the published figures."""

import json

import pandas as pd
import pytest

from eval import baseline_diffusion, data


def test_targets_are_means_over_the_draws_and_the_budget_is_on_record(monkeypatch, tiny, quick, tmp_path):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    columns = {name: tiny.train[name].sample(frac=1, random_state=k).array for k, name in enumerate(tiny.train)}
    shuffled = pd.DataFrame(columns)

    def make(table, options):
        return [tiny.train, shuffled], {"fit": 60.0 * options["max_minutes"], "sample": 1.0}, {"vae": {"steps": 3}}

    path = baseline_diffusion.run(minutes=16.0, make=make, learners=quick, folder=tmp_path)
    result = json.loads(path.read_text())
    assert result["settings"]["options"] == {"max_minutes": 16.0} and result["training"]["vae"]["steps"] == 3
    exact, dependent = result["draws"]["trend_error"]
    assert exact == 0 < dependent
    measured = {target["what"]: target for target in result["targets"]}
    assert measured["Trend error"]["measured"] == pytest.approx(dependent / 2, rel=1e-4)
    assert measured["Shape error"]["reached"] and not measured["fit seconds"]["reached"]


def test_on_a_gpu_the_denoiser_is_larger_and_the_targets_are_narrower(monkeypatch, tiny, quick, tmp_path):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    asked = {}

    def make(table, options):
        asked.update(options)
        return [tiny.train], {"fit": 1.0, "sample": 1.0}, {}

    path = baseline_diffusion.run(minutes=3.0, gpu=True, make=make, learners=quick, folder=tmp_path)
    assert path.stem == "baseline-diffusion-gpu" and asked["device"] == "cuda" and asked["max_minutes"] == 3.0
    assert {one["what"]: one["target"] for one in json.loads(path.read_text())["targets"]} == {
        "Shape error": 0.009, "Trend error": 0.022,
    }  # fmt: skip
