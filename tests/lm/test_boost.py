"""Conditions as factors per row, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import ConfigError, InputError
from llmsynth.grammar.encoder import build_compact_encoder
from llmsynth.lm.boost import boost_mapping, weigh_rows
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 80, 500),
            "income": rng.lognormal(10, 1, 500).round(2),
            "ill": rng.choice(["no", "yes"], 500, p=[0.9, 0.1]),
            "note": [f"some words of row {row}" if row % 5 else None for row in range(500)],
            "same": "x",
        }
    )
    schema = infer_schema(frame)
    table = physical_table(frame, schema)
    return frame, schema, table, build_compact_encoder(schema, table)


def weigh(known, rows=None, **options):
    _, schema, table, encoder = known
    return weigh_rows(encoder, schema, table, np.arange(500) if rows is None else rows, **options)


def test_without_weights_and_boosts_there_is_nothing_to_weigh(known):
    assert weigh(known) is None and weigh(known, boost={}) is None


def test_a_weight_column_alone_boosts_nothing(known):
    weights = weigh(known, column=np.arange(1.0, 501))
    assert weights.places == () and not weights.boosted.any() and (weights.factor == 1).all()


def test_factors_multiply_where_several_conditions_hold(known):
    frame = known[0]
    weights = weigh(known, boost={"ill == 'yes'": 5, 'ill == "yes" or note is missing': 2})
    ill, silent = (frame["ill"] == "yes").to_numpy(), frame["note"].isna().to_numpy()
    assert weights.factor == pytest.approx(np.where(ill, 10.0, np.where(silent, 2.0, 1.0)))
    assert (weights.boosted == (ill | silent)).all()
    assert [known[3].columns[place].name for place in weights.places] == ["ill", "note"]


def test_where_a_condition_cuts_a_cell_its_rows_share_their_mean_factor(known):
    """What a model is given is the cell, so the weight must not know more."""
    frame, _, table, encoder = known
    place = [column.name for column in encoder.columns].index("income")
    codes = encoder.codecs[place].encode(table["income"])
    cut = next(code for code in np.unique(codes) if frame["income"][codes == code].nunique() > 1)
    border = frame["income"][codes == cut].max()
    weights = weigh(known, boost={f"income >= {border:.2f}": 4})
    above = (frame["income"] >= border).to_numpy()
    for code in np.unique(codes):
        mine = codes == code
        assert weights.factor[mine] == pytest.approx(np.where(above[mine], 4.0, 1.0).mean())
    assert 1 < weights.factor[codes == cut][0] < 4
    assert weights.factor.sum() == pytest.approx(np.where(above, 4.0, 1.0).sum())


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("il == 'yes'", "unknown column 'il'; did you mean 'ill'"),
        ("ill == 'maybe'", "no category 'maybe'"),
        ("ill = 'yes'", "write '==' for equality"),
        ("same == 'x'", "'same' is the same in every row"),
        ("note == 'some words of row 1'", "free text"),
        ("age > 200", "no row can fulfil this"),
    ],
)
def test_a_wrong_condition_is_an_error_that_points_at_it(known, condition, words):
    with pytest.raises(InputError, match=words):
        weigh(known, boost={condition: 2})


def test_a_condition_that_no_row_to_train_on_fulfils_is_an_error(known):
    rows = np.flatnonzero((known[0]["ill"] == "no").to_numpy())
    with pytest.raises(InputError, match=f"none of the {rows.size} rows to train on fulfils \"ill == 'yes'\""):
        weigh(known, rows, boost={"ill == 'yes'": 5})


def test_pairs_and_mappings_say_the_same():
    pairs = [("a == 1", 5), ("b > 2", 0.5)]
    assert boost_mapping(pairs) == boost_mapping(dict(pairs)) == {"a == 1": 5.0, "b > 2": 0.5}


@pytest.mark.parametrize(
    ("boost", "words"),
    [
        ([("a == 1", 5), ("a == 1", 2)], "given twice"),
        ({"a == 1": "5"}, "expected a number, got str"),
        ({"a == 1": True}, "expected a number, got bool"),
        ({3: 5}, "a condition as text"),
        ("a == 1", "expected pairs"),
        (5, "expected factors by condition, got int"),
    ],
)
def test_anything_else_is_one_error(boost, words):
    with pytest.raises(ConfigError, match=words):
        boost_mapping(boost)
