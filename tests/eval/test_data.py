"""Splits are the ones the published figures were measured on."""

import gzip
import hashlib
import os

import numpy as np
import pandas as pd
import pytest

from eval import data


def test_the_first_rows_train_and_the_rest_is_held_out():
    train, holdout = data.split(pd.DataFrame({"x": range(10)}), {"first": 7})
    assert train.x.tolist() == list(range(7))
    assert holdout.x.tolist() == [7, 8, 9] and holdout.index.tolist() == [0, 1, 2]


def test_a_permutation_is_numpys_with_seed_nought():
    train, holdout = data.split(pd.DataFrame({"x": range(10)}), {"permutation": 0.8})
    order = np.random.default_rng(0).permutation(10).tolist()
    assert train.x.tolist() == order[:8] and holdout.x.tolist() == order[8:]


def test_a_missing_data_folder_is_named(monkeypatch):
    monkeypatch.delenv("LLMSYNTH_DATA", raising=False)
    with pytest.raises(SystemExit, match="LLMSYNTH_DATA"):
        data.data_folder()


def test_numbers_that_stand_for_categories_are_typed(tiny):
    assert isinstance(tiny.typed(tiny.train).children.dtype, pd.CategoricalDtype)
    assert tiny.train.children.dtype == np.int64


@pytest.mark.skipif(not os.environ.get("LLMSYNTH_DATA"), reason="LLMSYNTH_DATA is not set")
@pytest.mark.parametrize(
    ("name", "rows"), [("adult", (32561, 16281)), ("magic", (15216, 3804)), ("insurance", (1000, 338))]
)
def test_the_real_tables_have_their_official_sizes(name, rows):
    table = data.load(name)
    assert (len(table.train), len(table.holdout)) == rows
    assert table.target in table.train


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder with a table, and an entry that knows its digest."""
    table = b"a,b\n1,x\n2,\n3,y\n"
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "t.csv.gz").write_bytes(gzip.compress(table))
    entry = {
        "file": "t.csv.gz",
        "sha256": hashlib.sha256(table).hexdigest(),
        "licence": "CC0",
        "source": {"name": "made up"},
        "target": "b",
        "split": {"first": 2},
        "categorical": [],
    }
    monkeypatch.setattr(data, "entries", lambda: {"t": entry})
    monkeypatch.setenv("LLMSYNTH_DATA", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    return folder


@pytest.mark.parametrize("form", ["folder", "address"])
def test_a_table_is_fetched_from_a_folder_or_an_address_and_then_read(shelf, form, capsys):
    with pytest.raises(SystemExit, match="is not there"):
        data.load("t")
    place = str(shelf) if form == "folder" else shelf.as_uri()
    assert data.main(["fetch", "t", "--from", place]) == 0
    assert "there" in capsys.readouterr().out
    table = data.load("t")
    assert table.train["b"].isna().tolist() == [False, True] and table.holdout["a"].tolist() == [3]


def test_other_rows_than_those_measured_are_refused_and_not_kept(shelf, tmp_path, capsys):
    (shelf / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,x\n"))
    with pytest.raises(SystemExit, match="not the rows that the recorded figures rest on"):
        data.fetch("t", str(shelf), tmp_path / "own")
    assert list((tmp_path / "own").iterdir()) == []
    (tmp_path / "own" / "t.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(SystemExit, match="SHA-256"):
        data.load("t")
    data.main([])
    assert "OTHER ROWS" in capsys.readouterr().out


def test_packing_anew_changes_no_digest(tmp_path):
    for level in (1, 9):
        (tmp_path / f"{level}.gz").write_bytes(gzip.compress(b"a\n1\n" * 100, level))
    assert data.digest(tmp_path / "1.gz") == data.digest(tmp_path / "9.gz")


def test_an_unknown_table_and_an_empty_place_are_named(shelf, tmp_path):
    with pytest.raises(SystemExit, match="'u'"):
        data.load("u")
    with pytest.raises(SystemExit, match="expected the table 't' there"):
        data.fetch("t", str(tmp_path / "nowhere"), tmp_path / "own")
