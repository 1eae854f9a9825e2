"""Levels are measured by the user's own command, and the targets are the seconds and memory of the whole process."""

import json
from pathlib import Path

import pandas as pd

from eval import child, data, evaluate_levels


def test_every_level_is_run_on_its_tables_and_quick_is_a_median(monkeypatch, tiny, tmp_path):
    monkeypatch.setattr(data, "load", lambda name: tiny)
    seconds = iter([9.0, 30.0, 12.0, 100.0, 200.0])
    seen = []

    def call(function, **arguments):
        module, _, name = function.partition(":")
        getattr({"eval.evaluate_levels": evaluate_levels, "eval.made_tables": evaluate_levels.made_tables}[module],
                name)(**arguments)  # fmt: skip
        return child.Ran(None, 1.0, 100.0)

    def command(parts):
        given = dict(zip(parts[2::2], parts[3::2], strict=False))
        rows = {role: len(pd.read_csv(given[f"--{role}"])) for role in ("real", "synthetic", "holdout")}
        classes = pd.read_csv(given["--real"])[given["--target"]].nunique()
        seen.append((given["--level"], rows, classes))
        out = Path(given["-o"])
        out.mkdir(exist_ok=True)
        report = {"rows": rows, "provenance": {"seconds": {"fidelity.ks": 1.0, "utility.tstr": 2.0}}}
        (out / "report.json").write_text(json.dumps(report))
        return child.Ran("", next(seconds), 512.0)

    monkeypatch.setattr(evaluate_levels, "QUICK_TARGET", "smoker")
    path = evaluate_levels.run(rows=100, quick_rows=40, command=command, call=call, folder=tmp_path)
    assert [one[0] for one in seen] == ["quick"] * 3 + ["standard"] * 2
    assert seen[0][1] == {"real": 40, "synthetic": 40, "holdout": 40}
    assert seen[3][1] == {"real": 100, "synthetic": 100, "holdout": 30}
    assert seen[3][2] == 2 < seen[4][2]
    result = json.loads(path.read_text())
    assert [target["measured"] for target in result["targets"]] == [12.0, 100.0, 512.0, 200.0, 512.0]
    assert list(result["found"]["quick"][0]["slowest"]) == ["utility.tstr", "fidelity.ks"]
