"""A fidelity benchmark writes everything its target table asks for."""

import json

import pytest

from eval import data, fidelity


@pytest.mark.parametrize("name", sorted(fidelity.SPECS))
def test_every_benchmark_writes_its_figures_and_targets(name, monkeypatch, tmp_path, tiny, stub, quick):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    monkeypatch.setattr(fidelity, "DRAWS", 2)
    path = fidelity.run(name, fit=stub.fit, learners=quick, folder=tmp_path, save=tmp_path / "run")
    content = json.loads(path.read_text())
    _, minutes, seeds, recipe, bounds = fidelity.SPECS[name]
    settings = {"model": "compact", "max_minutes": minutes, "seeds": list(seeds), "draws": 2, "recipe": recipe}
    assert content["settings"] == settings
    assert len(content["runs"]) == len(seeds)
    assert [target["what"] for target in content["targets"]] == [*(bound.what for bound in bounds), "fit seconds"]
    run = content["runs"][0]
    assert run["seconds"]["fit"] == 1.5 and run["rows_per_second"] > 0
    assert run["metrics"]["scores"]["copies"]["value"] == 1.0
    assert len(run["draws"]["shape_error"]) == 2
    figures = [value for one in content["runs"] for value in one["draws"]["shape_error"]]
    assert content["means"]["shape_error"] == pytest.approx(sum(figures) / len(figures))
    assert run["holdout"]["impossible_rows"] == 1
    assert (tmp_path / "run").exists()


def test_copies_are_counted_beyond_those_of_the_holdout(monkeypatch, tmp_path, tiny, stub, quick):
    """The stub's rows are all copies; the hold-out holds some itself."""
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    monkeypatch.setattr(fidelity, "DRAWS", 2)
    content = json.loads(fidelity.run("adult900", fit=stub.fit, learners=quick, folder=tmp_path).read_text())
    copies = next(target for target in content["targets"] if "copies" in target["what"])
    own = content["runs"][0]["metrics"]["holdout"]["copies"]["value"]
    assert copies["measured"] == pytest.approx(1.0 - own) and not copies["reached"]
