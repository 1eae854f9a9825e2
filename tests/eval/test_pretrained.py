"""The comparison of both language models and a peer is made at equal rows."""

import json

from eval import data, pretrained


def test_both_models_are_scored_on_the_same_hold_out_rows(monkeypatch, tmp_path, tiny, stub, quick):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    (tmp_path / "insurance-great.json").write_text('{"c2st_equal": {"score": 0.1}}')
    content = json.loads(pretrained.run(fit=stub.fit, learners=quick, folder=tmp_path).read_text())
    assert set(content["models"]) == {"compact", "smollm2"}
    assert content["models"]["smollm2"]["settings"]["model"] == "smollm2-135m"
    assert content["models"]["compact"]["settings"]["recipe"] == {"compact": {"warm_up": False}}
    assert content["targets"][0]["measured"] == 1.0
    assert content["targets"][-1]["target"] == 0.1
    assert content["models"]["smollm2"]["c2st_equal"]["n_rows"] == 120


def test_without_a_peers_result_there_is_no_such_target(monkeypatch, tmp_path, tiny, stub, quick):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    content = json.loads(pretrained.run(fit=stub.fit, learners=quick, folder=tmp_path).read_text())
    assert not any("GReaT" in target["what"] for target in content["targets"])
