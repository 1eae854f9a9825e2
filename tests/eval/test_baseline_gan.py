"""The comparison with the ctgan package measures both sides alike."""

import json

import pytest

from eval import baseline_gan, data


def test_both_sides_are_scored_and_the_targets_allow_for_noise(monkeypatch, tmp_path, tiny, stub, quick):
    made = stub.Bootstrap(tiny.train)

    def runs(seconds):
        return [
            {
                "seed": seed,
                "fit": 10 * seconds,
                "fit_of_one_epoch": seconds,
                "sample": 1.0,
                "rows": made.sample(120, seed),
            }
            for seed in baseline_gan.SEEDS
        ]

    monkeypatch.setattr(data, "load", lambda name: tiny)
    monkeypatch.setattr(baseline_gan, "side_by_side", lambda *how: (runs(1.0), runs(2.0)))
    path = baseline_gan.run(epochs=10, python=tmp_path, learners=quick, folder=tmp_path)
    content = json.loads(path.read_text())
    assert content["reached"] and len(content["targets"]) == 8
    assert content["models"]["ctgan"]["llmsynth"][0]["seconds_per_epoch"] == pytest.approx(1.0)
    assert content["targets"][3]["measured"] == pytest.approx(0.5)
    assert content["targets"][0]["target"] > content["targets"][0]["measured"]


def test_noise_is_two_standard_errors_of_the_difference():
    ours, theirs = [{"x": value} for value in (1.0, 2.0, 3.0)], [{"x": value} for value in (5.0, 5.0, 5.0)]
    assert baseline_gan.noise(ours, theirs, "x") == pytest.approx(2 / 3**0.5)
    assert baseline_gan.mean(ours, "x") == 2.0


def test_the_peer_is_pinned():
    pinned = (baseline_gan.PEER / "requirements.txt").read_text()
    assert "ctgan==" in pinned and "torch==" in pinned
