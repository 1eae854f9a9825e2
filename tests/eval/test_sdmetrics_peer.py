"""SDMetrics is pinned, asked over files, and told of each column what it is."""

import sys

import pandas as pd

from eval import made_tables, sdmetrics_peer


def test_kinds_of_columns_are_named_as_sdmetrics_does():
    kinds = sdmetrics_peer.sdtypes(made_tables.mixed(50, 0))
    assert kinds["age"] == "numerical" and kinds["opened"] == "datetime"
    assert kinds["active"] == "boolean" and kinds["region"] == "categorical"
    assert list(kinds.values()).count("categorical") == 9


def test_the_peer_gets_the_rows_and_its_answer_comes_back(monkeypatch, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import json, sys\n"
        "what, real, synthetic, columns, answer = sys.argv[1:6]\n"
        "rows = [sum(1 for _ in open(path)) - 1 for path in (real, synthetic)]\n"
        "json.dump({'answer': [what, *rows, json.load(open(columns))], 'seconds': [1.0]}, open(answer, 'w'))\n"
    )
    monkeypatch.setattr(sdmetrics_peer, "PEER", tmp_path)
    real, made = pd.DataFrame({"x": [1, 2, 3]}), pd.DataFrame({"x": [4.0]})
    answer = sdmetrics_peer.ask(sys.executable)("columns", real, made, tmp_path, 1)
    assert answer.found == ["columns", 3, 1, {"x": "numerical"}] and answer.seconds == [1.0]


def test_the_peer_is_pinned_and_its_interpreter_can_be_named(monkeypatch, tmp_path):
    pinned = (sdmetrics_peer.PEER / "requirements.txt").read_text().splitlines()
    assert sdmetrics_peer.SDMETRICS in pinned
    assert all("==" in line for line in pinned if line and not line.startswith("#"))
    monkeypatch.setenv("LLMSYNTH_SDMETRICS_PYTHON", sys.executable)
    monkeypatch.setattr(sdmetrics_peer, "install", lambda *parts: 1 / 0)
    assert callable(sdmetrics_peer.installed(tmp_path))
