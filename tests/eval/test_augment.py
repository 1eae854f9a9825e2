"""Generated rows of a rare class are held against the best other way to treat imbalance."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from eval import augment, data


def report(limit=0.1, **precision):
    arms = {name: {"title": name, "average_precision": {"mean": value}} for name, value in precision.items()}
    gain = {"arms": arms, "near_copies": {"near": 0.04, "holdout_near": 0.02, "limit": limit}}
    return SimpleNamespace(report=SimpleNamespace(to_dict=lambda: {"gain": gain}))


@pytest.fixture
def tables(monkeypatch, tmp_path):
    rare = pd.Series([1] * 10 + [-1] * 90)
    pd.DataFrame({"a": range(100), "class": rare}).to_csv(tmp_path / "mammography.csv.gz", index=False)
    other = {"encounter_id": range(100), "patient_nbr": 7, "a": range(100)}
    readmitted = rare.map({1: "<30", -1: "NO"})
    pd.DataFrame({**other, "readmitted": readmitted}).to_csv(tmp_path / "diabetes130.csv.gz", index=False)
    monkeypatch.setattr(data, "data_folder", lambda: tmp_path)


def test_the_best_other_way_and_the_held_out_rows_share_are_the_bounds(tables, tmp_path):
    asked = {}

    def stub(frame, target, minority, to, **options):
        asked.update(options, rows=len(frame), asked=(target, minority, to))
        return report(none=0.5, smote=0.62, generated=0.61)

    content = json.loads(augment.run("augment-mammography", augment=stub, n_seeds=2, folder=tmp_path).read_text())
    assert asked["asked"] == ("class", 1, 0.5) and asked["rows"] == 100 and asked["n_seeds"] == 2
    assert asked["synthesizer"].boost is None and asked["synthesizer"].max_minutes == 1.0 and "boost" not in asked
    precision, copies = content["targets"]
    assert "smote" in precision["what"] and precision["measured"] == pytest.approx(-0.01)
    assert not precision["reached"]
    assert copies["measured"] == pytest.approx(0.02) and not copies["reached"]


def test_where_held_out_rows_are_copies_the_figure_is_of_copies(tables, tmp_path):
    stub = lambda *args, **options: report(limit=0.0, none=0.5, generated=0.61)  # noqa: E731
    content = json.loads(augment.run("augment-mammography", augment=stub, n_seeds=2, folder=tmp_path).read_text())
    assert content["targets"][1]["what"].startswith("exact copies (2 % of held-out rows are some")


def test_a_large_table_is_cut_with_the_share_of_the_class_kept_and_without_identifiers(tables):
    frame = augment.read("augment-diabetes130", rows=40)
    assert list(frame.columns) == ["a", "readmitted"]
    assert len(frame) == 40 and (frame["readmitted"] == "<30").sum() == 4
    assert frame["a"].is_monotonic_increasing
    assert len(augment.read("augment-mammography")) == 100
