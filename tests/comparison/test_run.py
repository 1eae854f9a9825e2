"""The whole comparison: one split, each contender on its own, files as results come, and going on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from llmsynth import __version__, compare
from llmsynth.comparison.contenders import Request
from llmsynth.comparison.folder import FILES
from llmsynth.errors import ConfigError, InputError, RunFolderError, TableError
from llmsynth.evaluate.summary import METRICS
from tests.comparison.conftest import Breaks

TWO = ["independent", "noise"]


def test_figures_are_those_of_summarize_at_equal_rows_with_the_holdout_beside(patients: pd.DataFrame) -> None:
    from llmsynth.baselines.synthesizer import BaselineSynthesizer
    from llmsynth.evaluate.summary import summarize
    from llmsynth.table.holdout import hold_out

    found = compare(patients, "diabetes", ["independent"], random_state=2, holdout_fraction=0.5, report=None)
    train, held = hold_out(patients, 0.5, 2)
    rows = BaselineSynthesizer("independent", target="diabetes", random_state=2).fit(train).sample(60, random_state=2)
    own = summarize(train, rows, held, target="diabetes", seed=2)
    for metric in METRICS:
        assert found.results.loc["independent", metric.key] == pytest.approx(own.scores[metric.key].value, nan_ok=True)
        assert found.holdout[metric.key] == pytest.approx(own.reference[metric.key].value, nan_ok=True)


def test_all_learn_the_same_rows_and_a_failure_does_not_stop_the_others(
    patients: pd.DataFrame, quick_judge, breaks: Breaks, capsys
) -> None:
    breaks("independent", InputError("no such luck"))
    found = compare(patients, "diabetes", TWO, progress=True)
    assert list(found.results["status"]) == ["done", "failed"]
    assert found.results.loc["independent", "reason"] == "no such luck"
    breaks("noise", InputError("no such luck"))
    assert not compare(patients, "diabetes", ["noise"]).results.loc["noise", "safe"]
    assert not found.results.loc["noise", "safe"] and found.recommendation.method is None
    told = capsys.readouterr().err
    assert "are held out to judge with." in told
    compare(patients, "diabetes", ["noise"], n_samples=11, progress=True)
    assert "24 are held out, and as many of them as are drawn, 11, serve to judge with." in capsys.readouterr().err
    assert "[1/2] independent: failed: no such luck" in told and "[2/2] noise: " in told and "TSTR 0.500" in told


def test_each_seed_is_a_fit_and_the_spread_is_given(patients: pd.DataFrame, quick_judge) -> None:
    found = compare(patients, None, ["independent"], n_seeds=3, random_state=4)
    assert [outcome.seed for outcome in found.trials[0].outcomes] == [4, 5, 6]
    assert len({len(real) for real, *_ in quick_judge}) == 1 and found.results["c2st_score_sd"].notna().all()
    assert not quick_judge[0][1].equals(quick_judge[1][1])
    assert compare(patients, None, ["independent"], holdout_fraction=0.125).facts.split.startswith("12.5% of the rows")


def test_a_given_holdout_is_used_whole_but_not_beyond_the_rows_drawn(patients: pd.DataFrame, quick_judge) -> None:
    compare(patients.head(60), None, ["independent"], holdout=patients.tail(30))
    assert [len(table) for table in quick_judge[0][:3]] == [60, 60, 30]
    compare(patients.head(60), None, ["independent"], holdout=patients.tail(30), n_samples=20)
    assert [len(table) for table in quick_judge[1][:3]] == [60, 20, 20]
    with pytest.raises(TableError, match="at least 10"):
        compare(patients.head(60), None, ["independent"], holdout=patients.tail(3))
    with pytest.raises(TableError, match="holdout: shares 60 of 60 rows with the table"):
        compare(patients.head(60), None, ["independent"], holdout=patients.head(60))


def test_the_language_model_is_a_failed_row_where_it_cannot_be_had(
    patients: pd.DataFrame, quick_judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Model:
        def __init__(self, **settings: Any) -> None:
            self.settings = settings
            calls.append(settings)

        def fit(self, table: pd.DataFrame) -> Any:
            self.table = table
            return self

        def sample(self, n_samples: int, random_state: int) -> pd.DataFrame:
            return self.table.sample(n_samples, replace=True, random_state=random_state)

    calls: list[dict[str, Any]] = []
    monkeypatch.setitem(sys.modules, "llmsynth.synthesizer", SimpleNamespace(TableSynthesizer=Model))

    def ensure_model(name: str) -> None:
        raise InputError(f"{name} cannot be downloaded")

    monkeypatch.setattr("llmsynth.lm.embedded.ensure_model", ensure_model)
    found = compare(patients, "diabetes", "lm,compact", max_minutes=0.5, random_state=3)
    assert found.results.loc["lm", "reason"] == "smollm2-135m cannot be downloaded"
    assert found.results.loc["compact", "status"] == "done" and len(calls) == 1
    wanted = {"model": "compact", "target": "diabetes", "max_minutes": 0.5, "random_state": 3, "progress": False}
    assert wanted.items() <= calls[0].items() and calls[0]["schema"].target == "diabetes"


def test_every_file_is_written_and_no_cell_is_in_them(patients: pd.DataFrame, quick_judge, tmp_path: Path) -> None:
    table = patients.assign(name=[f"Xavier {number}" for number in range(120)], ward=["Ward of Jane Doe", "B"] * 60)
    compare(table, "diabetes", TWO, folder=tmp_path / "out", keep_rows=True)
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    rows = {f"rows/{name}.csv" for name in TWO}
    reports = {f"reports/{name}.{kind}" for name in TWO for kind in ("json", "html")}
    assert names == {*FILES, *(f"methods/{name}.json" for name in TWO), *rows, *reports}
    assert len(pd.read_csv(tmp_path / "out" / "rows" / "noise.csv")) == 96
    for name in names - rows:
        text = (tmp_path / "out" / name).read_text()
        assert "Xavier" not in text, name
        assert "Jane" not in text or name in reports, name  # a category of many rows, which a report may show


def test_the_report_is_that_of_the_rows_of_the_first_seed(patients: pd.DataFrame, quick_judge, tmp_path: Path) -> None:
    from llmsynth.evaluate.report import Report

    out = tmp_path / "out"
    found = compare(patients, "diabetes", ["noise"], n_seeds=2, folder=out, keep_rows=True, report="standard")
    report = Report.from_dict(json.loads((out / "reports" / "noise.json").read_text()))
    rows = pd.read_csv(out / "rows" / "noise.csv")
    assert report.level == "standard" and report.rows == {"train": 96, "synthetic": len(rows), "holdout": 24}
    assert report.roles["target"] == "diabetes"
    verdict = found.trials[0].verdict
    assert verdict is not None and verdict["level"] == "standard"
    assert found.results.loc["noise", "verdict"] == verdict["verdict"]
    assert f"[{verdict['verdict']}](reports/noise.html)" in (out / "comparison.md").read_text()
    again = compare(patients, "diabetes", ["noise"], n_seeds=2, folder=out, resume=True, report="standard")
    assert again.trials[0].verdict == verdict
    with pytest.raises(RunFolderError, match="another report"):
        compare(patients, "diabetes", ["noise"], n_seeds=2, folder=out, resume=True, report="quick")


def test_without_a_report_there_is_no_verdict(patients: pd.DataFrame, quick_judge, tmp_path: Path) -> None:
    found = compare(patients, "diabetes", ["noise"], folder=tmp_path / "out", report=None)
    assert found.trials[0].verdict is None and found.results.loc["noise", "verdict"] == ""
    assert not (tmp_path / "out" / "reports").exists()
    with pytest.raises(ConfigError, match=r"report: expected one of quick, standard, full or None, got 'fast'"):
        compare(patients, "diabetes", ["noise"], report="fast")  # type: ignore[arg-type]


def test_an_interrupted_comparison_keeps_what_is_finished_and_goes_on(
    patients: pd.DataFrame, quick_judge, breaks: Breaks, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    breaks("noise", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        compare(patients, "diabetes", TWO, folder=out)
    before = json.loads((out / "comparison.json").read_text())
    assert [method["status"] for method in before["methods"]] == ["done", "not finished"] and before["interrupted"]
    page = (out / "comparison.md").read_text()
    assert page.splitlines()[2] == "**Interrupted: 1 of 2 methods finished; go on with --resume.**"
    assert "- Left out: noise: not finished" in page and "only method left" in page
    with pytest.raises(RunFolderError, match="go on with --resume"):
        compare(patients, "diabetes", TWO, folder=out)
    breaks("noise", None)
    breaks("independent", InputError("must not be fitted again"))
    found = compare(patients, "diabetes", TWO, folder=out, resume=True)
    assert list(found.results["status"]) == ["done", "done"] and len(quick_judge) == 2
    assert found.trials[0].to_dict() == before["methods"][0]
    after = json.loads((out / "comparison.json").read_text())
    assert not after["interrupted"] and "Interrupted" not in (out / "comparison.md").read_text()
    assert found.to_dict()["methods"] == after["methods"]


def test_a_method_with_some_of_its_seeds_is_shown_as_such_and_not_recommended(
    patients: pd.DataFrame, quick_judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fit = Request.fit

    def interrupted(self: Request, contender: Any, rows: pd.DataFrame) -> Any:
        if self.seed == 1:
            raise KeyboardInterrupt
        return fit(self, contender, rows)

    monkeypatch.setattr(Request, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare(patients, "diabetes", ["independent"], n_seeds=3, folder=tmp_path)
    saved = json.loads((tmp_path / "comparison.json").read_text())
    assert saved["methods"][0]["status"] == "not finished" and len(saved["methods"][0]["outcomes"]) == 1
    assert saved["recommendation"]["method"] is None
    page = (tmp_path / "comparison.md").read_text()
    assert "| independent (1 of 3 seeds) |" in page and "1 of 3 seeds done" in page


def test_resume_fits_failed_ones_and_new_seeds_again_but_no_other_table(
    patients: pd.DataFrame, quick_judge, breaks: Breaks, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    breaks("noise", InputError("not today"))
    compare(patients, "diabetes", TWO, folder=out)
    breaks("noise", None)
    found = compare(patients, "diabetes", TWO, folder=out, resume=True, n_seeds=2)
    assert [len(trial.outcomes) for trial in found.trials] == [2, 2] and len(quick_judge) == 4
    with pytest.raises(RunFolderError, match="another table, split or hold-out"):
        compare(patients.head(110), "diabetes", TWO, folder=out, resume=True)
    with pytest.raises(RunFolderError, match="another max_minutes"):
        compare(patients, "diabetes", TWO, folder=out, resume=True, max_minutes=9)


def test_resume_refuses_another_table_seed_or_version_whichever_methods_are_asked_for(
    patients: pd.DataFrame, quick_judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out, held = tmp_path / "out", patients.tail(30)
    first = patients.head(90)
    compare(first, "diabetes", ["independent"], folder=out, holdout=held)
    with pytest.raises(RunFolderError, match=r"independent\.json: belongs to a comparison with another table"):
        compare(patients.head(80), "diabetes", ["noise"], folder=out, holdout=held, resume=True)
    with pytest.raises(RunFolderError, match="another random_state"):
        compare(first, "diabetes", ["independent"], folder=out, holdout=held, resume=True, random_state=1)
    assert json.loads((out / "comparison.json").read_text())["llmsynth"] == __version__
    monkeypatch.setattr("llmsynth.comparison.run.__version__", "99.0")
    with pytest.raises(RunFolderError, match="another llmsynth version"):
        compare(first, "diabetes", ["independent"], folder=out, holdout=held, resume=True)


def test_resume_with_keep_rows_fits_again_what_has_no_rows(patients: pd.DataFrame, quick_judge, tmp_path: Path) -> None:
    out = tmp_path / "out"
    compare(patients, "diabetes", ["independent"], folder=out, n_seeds=2)
    found = compare(patients, "diabetes", ["independent"], folder=out, n_seeds=2, resume=True, keep_rows=True)
    assert (out / "rows" / "independent.csv").is_file() and len(quick_judge) == 3
    assert sorted(outcome.seed for outcome in found.trials[0].outcomes) == [0, 1]
    compare(patients, "diabetes", ["independent"], folder=out, n_seeds=2, resume=True, keep_rows=True)
    assert len(quick_judge) == 3


def test_an_infinite_budget_is_none_and_can_be_resumed(patients: pd.DataFrame, quick_judge, tmp_path: Path) -> None:
    for resume in (False, True):
        found = compare(patients, None, ["independent"], folder=tmp_path, max_minutes=float("inf"), resume=resume)
    assert found.facts.max_minutes is None and len(quick_judge) == 1


def test_a_recipe_that_changed_is_another_recipe(
    patients: pd.DataFrame, quick_judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Request, "prepare", lambda self: None)
    monkeypatch.setattr(Request, "fit", lambda self, contender, rows: SimpleNamespace(sample=lambda n, **how: rows))
    recipe, out = tmp_path / "my.yaml", tmp_path / "out"
    recipe.write_text("train: {max_epochs: 1}")
    asked: dict[str, Any] = {"options": {"compact": {"recipe": recipe}}, "folder": out}
    compare(patients, None, ["compact"], **asked)
    assert json.loads((out / "comparison.json").read_text())["options"] == {"compact": {"recipe": str(recipe)}}
    compare(patients, None, ["compact"], **asked, resume=True)
    assert len(quick_judge) == 1
    recipe.write_text("train: {max_epochs: 2}")
    with pytest.raises(RunFolderError, match="another recipe"):
        compare(patients, None, ["compact"], **asked, resume=True)


def test_overwrite_replaces_the_comparison_and_leaves_other_files_alone(
    patients: pd.DataFrame, quick_judge, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    compare(patients, "diabetes", TWO, folder=out)
    (out / "notes.txt").write_text("mine")
    compare(patients.head(110), "diabetes", ["independent"], folder=out, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine" and not (out / "methods" / "noise.json").exists()


def test_an_altered_file_and_one_of_another_kind_are_refused(
    patients: pd.DataFrame, quick_judge, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    compare(patients, None, ["independent"], folder=out)
    file = out / "methods" / "independent.json"
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "trial": {"name": "independent"}}))
    with pytest.raises(RunFolderError, match="cut or changed"):
        compare(patients, None, ["independent"], folder=out, resume=True)
    summary = data["trial"]["outcomes"][0]["summary"]
    for key in ("scores", "learners"):
        cut = json.loads(json.dumps(data))
        cut["trial"]["outcomes"][0]["summary"] = {part: summary[part] for part in summary if part != key}
        file.write_text(json.dumps(cut))
        with pytest.raises(RunFolderError, match="cut or changed; remove it"):
            compare(patients, None, ["independent"], folder=out, resume=True)
    file.write_text(json.dumps({**data, "version": 99}))
    with pytest.raises(RunFolderError, match="no file of a comparison"):
        compare(patients, None, ["independent"], folder=out, resume=True)


def test_what_cannot_work_is_refused_before_anything_is_fitted(patients: pd.DataFrame, quick_judge) -> None:
    with pytest.raises(ConfigError, match="did you mean 'noise'"):
        compare(patients, "diabetes", ["nois"])
    with pytest.raises(InputError, match="diabetes"):
        compare(patients, "diabetis", TWO)
    with pytest.raises(ConfigError, match="folder"):
        compare(patients, "diabetes", TWO, resume=True)
    assert quick_judge == []


def test_what_is_unsafe_is_called_so_before_its_turn_has_come(
    patients: pd.DataFrame, quick_judge, breaks: Breaks, tmp_path: Path
) -> None:
    breaks("copula", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        compare(patients, "diabetes", ["independent", "copula", "noise"], folder=tmp_path)
    saved = json.loads((tmp_path / "comparison.json").read_text())
    assert [(method["status"], method["safe"]) for method in saved["methods"]][1:] == [
        ("not finished", True),
        ("not finished", False),
    ]
