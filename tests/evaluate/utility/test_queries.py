"""Answers are those of pandas, questions depend on the training rows and the seed alone."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.utility.queries import Query, answers, draw_queries
from tests.evaluate.utility.tables import people

FRAME = people(400, 0)
(TABLE,) = encode_tables(FRAME)
ONES = np.ones((400, 1), np.float32)


def test_answers_are_those_of_pandas() -> None:
    places = {name: place for place, name in enumerate(TABLE.layout.names)}
    rome = float(sorted(FRAME["city"].unique()).index("Rome"))
    conditions = ((places["city"], rome, rome), (places["dose"], -0.5, 1.0))
    queries = Query(conditions, None), Query(conditions, places["age"])
    kept = FRAME[(FRAME["city"] == "Rome") & FRAME["dose"].between(-0.5, 1.0)]
    found = answers(queries, TABLE, ONES)[:, 0]
    assert found == pytest.approx([len(kept) / 400, kept["age"].mean()], rel=1e-5)


def test_half_of_500_questions_take_a_mean_and_all_are_about_enough_rows() -> None:
    queries = draw_queries(TABLE, 0)
    assert len(queries) == 500 and sum(query.average is None for query in queries) == 250
    assert {len(query.conditions) for query in queries} == {1, 2, 3}
    assert all(query.average not in [column for column, *_ in query.conditions] for query in queries)
    assert min(query.mask(TABLE.values).sum() for query in queries) >= 10
    assert queries == draw_queries(TABLE, 0) != draw_queries(TABLE, 1)


def test_weights_are_counts_of_rows_and_no_row_has_no_mean() -> None:
    queries = draw_queries(TABLE, 0, 20)
    counts = np.random.default_rng(0).integers(0, 3, 400)
    weighted = answers(queries, TABLE, counts[:, None].astype(np.float32))
    repeated = TABLE.take(np.repeat(np.arange(400), counts).astype(np.int64))
    assert weighted == pytest.approx(answers(queries, repeated, np.ones((len(repeated), 1), np.float32)), rel=1e-4)
    nobody = Query(((1, 1e9, 1e9),), 0)
    assert np.isnan(answers((nobody,), TABLE, ONES)[0, 0])


def test_tables_without_numbers_or_rows_have_fewer_questions() -> None:
    (categories,) = encode_tables(pd.DataFrame({"a": ["x", "y"] * 30, "b": ["u", "v", "w"] * 20}))
    assert {query.average for query in draw_queries(categories, 0, 10)} == {None}
    (few,) = encode_tables(FRAME[:5])
    assert draw_queries(few, 0) == ()
