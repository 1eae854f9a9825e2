"""The comparison of both language models and a peer is made at equal rows."""

import json

import pytest

from eval import data, pretrained


def great(**scores):
    """A recorded run of the peer: 50 training rows a second and two sampled ones, of which one in ten is invalid."""
    metrics = {"trend_error": 0.9, "c2st_score": 0.1, **scores}
    return {
        "be_great": {"rows_seen": 500, "seconds": {"fit": 10.0}, "rows_per_second": 2.0},
        "invalid": {"unknown_category": 0.05, "outside_range": 0.1},
        "metrics": {"scores": {name: {"value": value} for name, value in metrics.items()}},
        "c2st_equal": {"score": 0.1},
    }


def test_both_models_are_scored_on_the_same_hold_out_rows(monkeypatch, tmp_path, tiny, stub, quick):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    (tmp_path / "insurance-great.json").write_text(json.dumps(great(shape_error=0.9, tstr=0.999)))
    content = json.loads(pretrained.run(fit=stub.fit, learners=quick, folder=tmp_path).read_text())
    assert set(content["models"]) == {"compact", "smollm2"}
    assert content["models"]["smollm2"]["settings"]["model"] == "smollm2-135m"
    assert content["models"]["compact"]["settings"]["recipe"] == {"compact": {"warm_up": False}}
    assert content["targets"][0]["measured"] == 1.0
    against = {target["what"]: target for target in content["targets"][3:]}
    assert against["XGB-C2ST score, above GReaT's at equal rows"]["target"] == 0.1
    # 600 rows in a second and a half beside 50 rows a second.
    assert against["training rows/s over GReaT's"]["measured"] == pytest.approx(600 / 1.5 / 50)
    ours = content["models"]["smollm2"]["rows_per_second"]
    assert against["valid rows/s over GReaT's"]["measured"] == pytest.approx(ours / (2.0 * 0.9), rel=1e-4)
    worse = against["quality figures (of 4) not better than GReaT's"]
    assert worse["measured"] == 1.0 and not worse["reached"], "the coefficient of determination alone"
    assert content["models"]["smollm2"]["c2st_equal"]["n_rows"] == 120


def test_without_a_peers_result_there_is_no_such_target(monkeypatch, tmp_path, tiny, stub, quick):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    content = json.loads(pretrained.run(fit=stub.fit, learners=quick, folder=tmp_path).read_text())
    assert not any("GReaT" in target["what"] for target in content["targets"])
