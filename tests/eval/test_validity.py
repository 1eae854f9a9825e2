"""The validity benchmark counts invalid rows and cells over all five tables."""

import json
from types import SimpleNamespace

from eval import hostile, validity
from eval.fits import Fitted

KINDS = {
    "names": ["integer", "categorical", "decimal"],
    "categories": ["categorical", "categorical", "categorical", "boolean", "boolean"],
    "numbers": ["integer"] + ["categorical"] * 9,
    "dates": ["datetime", "datetime", "datetime", "categorical", "categorical", "integer"],
    "texts": ["text", "integer", "categorical"],
}


def schema_of(train):
    for name in hostile.TABLES:
        if list(hostile.table(name).columns) == list(train.columns):
            kinds = (KINDS[name] * train.shape[1])[: train.shape[1]]
            return SimpleNamespace(columns=[SimpleNamespace(kind=kind, datetime_format=None) for kind in kinds])
    raise AssertionError("an unknown table")


def test_honest_rows_are_all_valid_and_counted(tmp_path, stub):
    def fit(train, settings):
        generator = stub.Bootstrap(train)
        generator.schema_ = schema_of(train)
        return Fitted(generator, settings, 0.1)

    content = json.loads(validity.run(n_rows=1000, fit=fit, folder=tmp_path).read_text())
    assert content["reached"], content["tables"]
    assert set(content["tables"]) == set(hostile.TABLES)
    assert all(table["rows"] == 200 for table in content["tables"].values())


def test_a_broken_cell_is_counted_once_per_row_and_by_column(stub):
    def fit(train, settings):
        generator = stub.Bootstrap(train)
        generator.schema_ = schema_of(train)
        draw = generator.sample
        generator.sample = lambda *args, **how: draw(*args, **how).assign(age=500, kind="unseen")
        return Fitted(generator, settings, 0.1)

    result = validity.check_table("texts", 200, fit=fit)
    assert result["invalid_rows"] == 200
    assert result["invalid_cells_by_column"] == {"1": 200, "2": 200}
