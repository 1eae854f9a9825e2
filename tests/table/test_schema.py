"""Laws of `llmsynth.table.schema`, `schema_checks` and `overrides`."""

import json
from dataclasses import fields, replace

import pytest

from llmsynth.errors import SchemaError
from llmsynth.table.overrides import check_override
from llmsynth.table.schema import Column, Schema, nearest

COLUMN = Column("age", "integer", dtype="int64", minimum=17, maximum=90)


def test_a_column_survives_json_with_every_field():
    column = replace(COLUMN, kind="categorical", categories=("a", 1, 2.5, True), ordered=True, nullable=True)
    assert Column.from_dict(json.loads(json.dumps(column.to_dict()))) == column
    assert set(COLUMN.to_dict()) == {"name", "kind", "dtype", "minimum", "maximum"}
    assert all(item.name in {f.name for f in fields(Column)} for item in fields(column))


def test_a_schema_survives_json():
    schema = Schema((COLUMN, replace(COLUMN, name="b")), labels=("age", ("b", 2)), target="b", n_rows=3)
    again = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema and again.label_of("b") == ("b", 2)


def test_a_schema_is_looked_up_by_name_or_label():
    schema = Schema((COLUMN, Column("1", "identifier"), Column("z", "missing")), labels=("age", 1, "z"))
    assert schema["age"] is COLUMN and "age" in schema and len(schema) == 3
    assert schema.names == ("age", "1", "z") and schema.modelled == (COLUMN,)
    assert schema.name_of(1) == schema.name_of("1") == "1"
    with pytest.raises(SchemaError, match="did you mean 'age'"):
        schema["agee"]


@pytest.mark.parametrize(
    "build",
    [
        lambda: Schema((COLUMN, COLUMN)),
        lambda: Schema((COLUMN,), labels=("a", "b")),
        lambda: Schema((COLUMN,), target="agee"),
        lambda: Schema.from_dict({"version": 99, "columns": []}),
        lambda: Schema.from_dict({"version": 1, "columns": [], "colour": 1}),
        lambda: Column.from_dict({"name": "a"}),
        lambda: Column.from_dict({"name": "a", "kind": "integer", "mininum": 1}),
        lambda: Column.from_dict({"name": "", "kind": "integer"}),
        lambda: Column.from_dict({"name": "a", "kind": "nothing"}),
        lambda: Column.from_dict({"name": "a", "kind": "integer", "role": "boss"}),
        lambda: Column.from_dict({"name": "a", "kind": "categorical", "categories": [[1]]}),
        lambda: Column.from_dict({"name": "a", "kind": "integer", "minimum": float("nan")}),
        lambda: Column.from_dict({"name": "a", "kind": "integer", "decimals": True}),
        lambda: check_override("a", {"clip": "yes"}),
    ],
)
def test_malformed_schemas_are_refused(build):
    with pytest.raises(SchemaError):
        build()


def test_nearest_names_the_closest_word_or_lists_them():
    assert nearest("categoric", ["categorical", "text"]) == "did you mean 'categorical'?"
    assert nearest("zzz", ["a", "b"]) == "known: 'a', 'b'"
