"""The timed process writes what it cost."""

import json

from eval import fits, sampling_speed


def test_a_child_reports_rates_and_its_own_memory(monkeypatch, tmp_path, tiny, stub):
    monkeypatch.setattr(fits, "load", lambda path: stub.Bootstrap(tiny.train))
    sampling_speed.child(tmp_path, 250, tmp_path / "answer.json")
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert len(answer["rows_per_second"]) == sampling_speed.REPEATS
    assert answer["rows_per_second_streamed"] > 0 and answer["peak_rss_mib_fresh_process"] > 10
