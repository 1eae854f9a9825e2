"""Equal rows, equal numbers; also when the hash does not tell them apart."""

import tracemalloc
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate import row_codes as module
from llmsynth.evaluate.copies import exact_copies
from llmsynth.evaluate.encoding import EncodedTable, Layout, encode_tables
from llmsynth.evaluate.row_codes import row_codes
from llmsynth.table.infer import infer_schema


def _table(values: np.ndarray) -> EncodedTable:
    n = values.shape[1]
    return EncodedTable(Layout(tuple(f"c{i}" for i in range(n)), np.ones(n, bool), np.zeros(n, np.int64)), values)


def test_codes_group_rows_as_a_dictionary_does() -> None:
    rng = np.random.default_rng(0)
    tables = [_table(rng.integers(0, 4, (200, 3)).astype(float)) for _ in range(3)]
    codes = np.concatenate(row_codes(*tables))
    keys = [tuple(row) for table in tables for row in table.values]
    assert len(set(zip(keys, codes.tolist(), strict=True))) == len(set(keys)) == len(set(codes.tolist()))


def test_missing_equals_missing_and_minus_nought_equals_nought() -> None:
    odd_nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    left, right = row_codes(_table(np.array([[0.0, np.nan]])), _table(np.array([[-0.0, odd_nan], [0.0, 1.0]])))
    assert left[0] == right[0] != right[1]


def test_columns_are_not_interchangeable() -> None:
    (codes,) = row_codes(_table(np.array([[1.0, 2.0], [2.0, 1.0], [0.0, 0.0], [3.0, 3.0]])))
    assert len(set(codes.tolist())) == 4


def test_a_collision_is_found_and_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module._hashes
    salts = []

    def poor(table: EncodedTable, salt: int) -> np.ndarray:
        salts.append(salt)
        return np.zeros(len(table), np.uint64) if salt < 2 else honest(table, salt)

    monkeypatch.setattr(module, "_hashes", poor)
    (codes,) = row_codes(_table(np.array([[1.0], [2.0], [1.0]])))
    assert codes[0] == codes[2] != codes[1] and max(salts) == 2


def test_no_rows_and_no_columns() -> None:
    left, right = row_codes(_table(np.empty((0, 2))), _table(np.ones((2, 2))))
    assert left.shape == (0,) and right.tolist() == [0, 0]
    assert row_codes(_table(np.empty((3, 0))))[0].tolist() == [0, 0, 0]


def test_memory_is_a_few_numbers_a_row() -> None:
    values = np.random.default_rng(0).normal(size=(100_000, 12))
    tracemalloc.start()
    row_codes(_table(values), _table(values[::-1]))
    assert tracemalloc.get_traced_memory()[1] < 200_000 * 100
    tracemalloc.stop()


def test_encoded_tables_of_other_types_agree() -> None:
    left, right = row_codes(*encode_tables(pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [2.0, 9.0]})))
    assert left[1] == right[0]


@pytest.mark.parametrize("cells", ["int64", "Int64", "uint64", "int64[pyarrow]", "text", "decimal", "object"])
def test_whole_numbers_that_a_float_cannot_tell_apart_are_told_apart(cells):
    numbers = [2**60 + 4 * k for k in range(30)]
    make = {"text": [str, "str"], "decimal": [Decimal, object], "object": [int, object]}.get(cells, [int, cells])
    own, other = (pd.Series([make[0](one + more) for one in numbers], dtype=make[1]) for more in (0, 2))
    if cells in ("Int64", "int64[pyarrow]"):
        own[3] = other[3] = pd.NA
    pair = [pd.DataFrame({"x": one, "y": 1.5}) for one in (own, other)]
    schema = infer_schema(pd.DataFrame({"x": numbers, "y": 1.5}), overrides={"x": {"kind": "integer"}})
    left, right = row_codes(*encode_tables(*pair, schema=schema))
    gone = cells in ("Int64", "int64[pyarrow]")
    assert len({*left}) == 30 and len({*left} & {*right}) == gone
    same, plain = row_codes(*encode_tables(pair[0], pd.DataFrame({"x": numbers, "y": 1.5}), schema=schema))
    assert (same == plain).sum() == 30 - gone  # as integers they are the same
    assert exact_copies(*encode_tables(*pair, schema=schema)).value == pytest.approx(gone / 30)


def test_codes_of_exact_numbers_go_with_their_rows_and_columns():
    big = pd.DataFrame({"x": [2**60, 2**60 + 1, 2**60], "z": [2**61, 2**61, 2**61 + 1]})
    (table,) = encode_tables(big)
    assert len({*row_codes(table)[0]}) == 3 and len({*row_codes(table.without("z"))[0]}) == 2
    assert row_codes(table.take(np.array([2, 0])))[0].tolist() in ([0, 1], [1, 0])
    assert not encode_tables(pd.DataFrame({"x": [2**53 - 1, 5]}))[0].exact
