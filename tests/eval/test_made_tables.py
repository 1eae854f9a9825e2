"""Made tables have the columns they promise, the same ones each time, and are related as they say."""

import pandas as pd

from eval import made_tables


def test_twenty_columns_of_every_kind_with_missing_cells_in_each():
    table = made_tables.mixed(500, 0)
    assert table.shape == (500, 20)
    kinds = {"f": 7, "i": 2, "M": 2, "b": 1}
    numbers = [dtype.kind for dtype in table.dtypes if dtype.kind in "fiMb"]
    assert sum(numbers.count(kind) for kind in "fi") == 8 and numbers.count("M") == kinds["M"]
    assert numbers.count("b") == kinds["b"] and len(numbers) == 11
    assert set(table.columns[table.isna().any()]) == {"rate", "income", "last_seen", "segment", "device"}


def test_the_seed_decides_the_rows_and_drift_moves_them():
    assert made_tables.mixed(200, 1).equals(made_tables.mixed(200, 1))
    assert not made_tables.mixed(200, 1).equals(made_tables.mixed(200, 2))
    near, far = (made_tables.mixed(5000, 1, drift=drift)["score"].mean() for drift in (0.0, 0.5))
    assert far - near > 20


def test_the_target_has_the_classes_asked_for_and_can_be_predicted():
    for classes in (2, 10):
        table = made_tables.mixed(4000, 0, classes=classes)
        counts = table[made_tables.TARGET].value_counts()
        assert 2 <= len(counts) <= classes and counts.index[0] == "class 0"
        by_class = table.groupby(made_tables.TARGET)["score"].mean()
        assert by_class["class 1"] - by_class["class 0"] > 10


def test_tables_are_written_by_name(tmp_path):
    made_tables.write(str(tmp_path), {"train": 30, "holdout": 10, "synthetic": 20}, classes=3)
    sizes = {path.stem: len(pd.read_csv(path)) for path in tmp_path.glob("*.csv")}
    assert sizes == {"train": 30, "holdout": 10, "synthetic": 20}
