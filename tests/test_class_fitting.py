"""A generator for one class: how often its rows are visited, and the order of its columns."""

import numpy as np
import pandas as pd
import pytest

from llmsynth import TableSynthesizer
from llmsynth.class_fitting import MOST_BOOST, ClassFitting, boost_of, class_boost, in_order
from llmsynth.curate.rare_class import RareClass
from llmsynth.errors import InputError
from llmsynth.table.condition_parser import parse_condition
from llmsynth.table.infer import infer_schema
from tests.tiny import TINY_COMPACT


@pytest.mark.parametrize(("n_rare", "n_rows"), [(8, 100), (40, 100), (50, 100), (99, 1000)])
def test_a_boosted_class_is_visited_as_often_as_all_other_rows_together(n_rare, n_rows):
    assert n_rare * class_boost(np.arange(n_rows) < n_rare) == pytest.approx(n_rows - n_rare)


def test_a_very_rare_class_gets_the_largest_boost_and_a_frequent_or_tiny_one_gets_none():
    assert class_boost(np.arange(10_000) < 100) == MOST_BOOST
    assert class_boost(np.arange(10) < 9) == class_boost(np.arange(1000) < 7) == class_boost(np.zeros(9, bool)) == 1.0


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    classes = np.where(np.arange(80) % 5 == 0, 'say "so"', "it's")
    return pd.DataFrame({"a": rng.integers(0, 9, 80), "b": rng.normal(size=80).round(2), "my `class`": classes})


def quick(**options):
    return TableSynthesizer("compact", recipe={"compact": TINY_COMPACT}, max_epochs=1, **options)


def test_a_fit_has_the_target_first_and_a_boost_that_reads_back(frame):
    rare = RareClass.of(frame, "my `class`", 'say "so"', 0.5)
    fitted = ClassFitting.of(quick(), rare, 4.0, frame).fit(frame, 3)
    assert fitted.schema_.names == ("my `class`", "a", "b") and fitted.schema_.target == "my `class`"
    ((condition, factor),) = fitted.boost.items()
    node = parse_condition(condition)
    assert (node.column.text, node.operator, node.values[0].value, factor) == ("my `class`", "==", 'say "so"', 4.0)
    assert fitted.report_["weights"]["boosted_rows"] == 16 and fitted.random_state == 3


def test_a_whole_schema_follows_the_order_of_the_fit(frame):
    rare = RareClass.of(frame, "my `class`", 'say "so"', 0.5)
    fitted = ClassFitting.of(quick(schema=infer_schema(frame)), rare, None, frame).fit(frame, 0)
    assert fitted.schema_.names == ("my `class`", "a", "b")
    assert fitted.report_["weights"] is None
    again = ClassFitting.of(fitted, rare, None, frame).fit(frame, 1)
    assert again.schema_.names == ("my `class`", "a", "b")


def test_a_synthesizer_that_has_decided_is_left_alone(frame):
    is_rare = np.arange(80) % 5 == 0
    assert boost_of(quick(), "auto", is_rare) == 4.0
    assert boost_of(quick(), np.int64(2), is_rare) == 2.0 and boost_of(quick(), np.float32(1.5), is_rare) == 1.5
    assert boost_of(quick(boost={"a > 3": 2}), "auto", is_rare) is None
    fitted = quick().fit(frame)
    assert boost_of(fitted, "auto", is_rare) is None
    with pytest.raises(InputError, match="its training is over"):
        boost_of(fitted, 3, is_rare)


def test_fits_beside_a_loaded_run_have_its_kinds_and_rules(frame, tmp_path):
    table = frame.assign(c=frame["a"] + 1, code=np.arange(80) % 7)
    said = tmp_path / "schema.yaml"
    said.write_text("columns:\n  code:\n    kind: categorical\nrules:\n  - a < c\n")
    quick(schema=said, target="my `class`").fit(table).save(tmp_path / "run")
    loaded = TableSynthesizer.load(tmp_path / "run").set_params(max_epochs=1)
    rare = RareClass.of(table, "my `class`", 'say "so"', 0.5)
    fitted = ClassFitting.of(loaded, rare, None, table).fit(table.head(60), 3)
    assert fitted.schema_["code"].kind == "categorical" and fitted.schema_["a"].kind == "integer"
    assert fitted.schema_.rules == loaded.schema_.rules and len(fitted.schema_.rules) == 1
    assert fitted.schema_.n_rows == 60 and fitted.schema_.target == "my `class`"


def test_columns_that_an_order_does_not_name_come_last(frame):
    assert list(in_order(frame, ["b", "z", "b"]).columns) == ["b", "a", "my `class`"]
