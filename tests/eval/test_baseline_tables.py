"""Every method meets every table, and what goes wrong is written down."""

import json

import numpy as np
import pandas as pd
import pytest

from eval import baseline_tables, check_cells


@pytest.fixture
def people(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(0, 90, 80), "city": rng.choice(["Lund", "Ystad"], 80)})
    frame.to_csv(tmp_path / "people.csv.gz", index=False)
    monkeypatch.setenv("LLMSYNTH_DATA", str(tmp_path))
    return frame


def test_a_sound_method_is_found_sound_with_its_seconds_and_memory(people):
    found = baseline_tables.measure("independent", people, "city", {})
    assert baseline_tables.sound(found) and found["rows"] == 80
    assert found["peak_rss_mib"] >= found["peak_rss_mib_before"] > 0 and found["fit_seconds"] > 0


@pytest.mark.parametrize(
    "wrong", [{"exact_n": False}, {"dtypes": False}, {"reloads": False}, {"invalid_cells": 1}, {"failure": "crash"}]
)
def test_one_wrong_thing_makes_a_method_unsound(people, wrong):
    assert not baseline_tables.sound({**baseline_tables.measure("independent", people, "city", {}), **wrong})


def test_long_tables_are_cut_to_the_same_rows_each_time(people):
    assert baseline_tables.tables() == ["people"]
    cut = baseline_tables.read("people", 30)
    assert len(cut) == 30 and cut.equals(baseline_tables.read("people", 30))
    assert len(baseline_tables.read("people", 500)) == 80


def test_a_process_that_fails_is_an_entry_with_its_reason(people):
    found = baseline_tables.isolated("independant", "people", 50)
    assert "independent" in found["failure"] and not baseline_tables.sound(found)


def test_failures_miss_the_target_and_do_not_stop_the_others(people, tmp_path):
    sound = baseline_tables.measure("independent", people, "city", {})
    path = baseline_tables.run(
        methods=("good", "bad"),
        one=lambda method, table, n_rows: sound if method == "good" else {"failure": "crash"},
        folder=tmp_path,
    )
    result = json.loads(path.read_text())
    assert result["found"]["bad"]["people"] == {"failure": "crash"}
    assert not result["reached"] and result["targets"][0]["measured"] == 1


def test_the_ends_of_a_range_may_be_rounded_to_seven_digits():
    rule = check_cells.allowed(pd.Series([1121.8739, 60021.39897]), "decimal")
    assert not check_cells.invalid(pd.Series([60021.4, 1121.8739]), baseline_tables.in_digits(rule)).any()
    assert check_cells.invalid(pd.Series([60021.5, 1121.8]), baseline_tables.in_digits(rule)).all()


def test_only_options_that_a_method_has_are_made_quick():
    assert baseline_tables.quick_options("independent") == {}
