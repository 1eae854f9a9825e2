"""Laws of `llmsynth.table.identifiers`: recognised, fresh, unique, and the same for the same row."""

import re
import uuid

import numpy as np
import pandas as pd
import pytest
from faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.identifiers import check_pattern, detect_identifier, generate_identifiers, words_of
from llmsynth.table.infer import infer_column, infer_schema
from llmsynth.table.schema import Column

N = 400
RNG = np.random.default_rng(0)
FAKE = Faker()
FAKE.seed_instance(0)

IDENTIFIERS = {
    "encounter_id": RNG.choice(10**8, N, replace=False),
    "row": np.arange(N),
    "uid": [str(uuid.UUID(bytes=RNG.bytes(16), version=4)) for _ in range(N)],
    "UID upper": [str(uuid.UUID(bytes=RNG.bytes(16), version=4)).upper() for _ in range(N)],
    "mail": [f"{FAKE.unique.user_name()}@clinic.de" for _ in range(N)],
    "phone": [FAKE.unique.numerify("(###) ###-####") for _ in range(N)],
    "mobile": [FAKE.unique.numerify("+49 1## #######") for _ in range(N)],
    "sample": [f"A-{i:05d}" for i in range(N)],
    "order": [f"ORD{i}/2020" for i in range(N)],
    "mixed": [f"{chr(65 + i % 26)}{chr(65 + i // 26)}{i % 7}-{i}" for i in range(N)],
    "hash": [FAKE.md5() for _ in range(N)],
    "login": [f"{FAKE.unique.user_name()}" for _ in range(N)],
    "ssn": [FAKE.unique.ssn() for _ in range(N)],
    "mrn": [f"{i:07d}" for i in RNG.choice(10**7, N, replace=False)],
    "client_ip": [FAKE.unique.ipv4() for _ in range(N)],
    "name": [f"{FAKE.unique.last_name()}, Mr. {FAKE.first_name()}" for _ in range(N)],
    "patient": [f"{FAKE.first_name()} {FAKE.unique.last_name()}" for _ in range(N)],
    "Surname": [FAKE.last_name() for _ in range(N)],
    "first_name": [FAKE.first_name() for _ in range(N)],
    "card": [FAKE.unique.credit_card_number() for _ in range(N)],
    "all_letters": ["".join(RNG.choice(list("ABCDEF"), 6)) + chr(65 + i % 26) + chr(65 + i // 26) for i in range(N)],
}

MEASUREMENTS = {
    "charges": RNG.normal(10_000, 3000, N).round(5),
    "salary": np.concatenate([[20_000], RNG.choice(10**6, N - 1, replace=False) + 20_001]),
    "temperature": RNG.normal(0, 1, N),
    "year": np.arange(N) + 1600,
    "timestamp": pd.date_range("2020-01-01", periods=N, freq="h").strftime("%Y-%m-%d %H:%M"),
    "balance": -RNG.choice(10**9, N, replace=False),
    "zip": RNG.choice(99999, N),
    "review": [f"the {i}th visit was fine" for i in range(N)],
    "city": [FAKE.city() for _ in range(N)],
    "sex": RNG.choice(["male", "female"], N),
    "name of product": [f"Screw {i}" for i in range(N)],
    "price": [f"{i}.50" for i in range(N)],
    "visits": RNG.integers(0, 50, N),
    "admission_type_id": RNG.integers(0, 8, N),
}


def infer(cells, name):
    return infer_column(pd.Series(cells), name)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_an_identifier_is_recognised_fresh_unique_and_cut_independent(name):
    cells = pd.Series(IDENTIFIERS[name])
    column = infer(cells, name)
    assert column.kind == "identifier" and column.role == "identifier"
    new = generate_identifiers(column, 3 * N, seed=7)
    assert new.dtype == cells.dtype and len(new) == 3 * N
    assert not set(new) & set(cells), "a training value came back"
    if cells.is_unique:
        assert column.unique and new.is_unique
    else:
        assert new.nunique() <= column.distinct
    pieces = [generate_identifiers(column, min(77, 3 * N - start), 7, start) for start in range(0, 3 * N, 77)]
    pd.testing.assert_series_equal(pd.concat(pieces, ignore_index=True), new)
    assert generate_identifiers(column, 50, seed=8).tolist() != new.tolist()[:50]


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_measurement_that_happens_to_be_distinct_is_no_identifier(name):
    assert infer(MEASUREMENTS[name], name).kind != "identifier"


def test_new_values_keep_the_form_of_the_old():
    forms = {
        "uid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        "mail": r"[a-z]+\.[a-z-]+@example\.org",
        "phone": r"\([0-9]{3}\) [0-9]{3}-[0-9]{4}",
        "mobile": r"\+49 1[0-9]{2} [0-9]{7}",
        "sample": r"A-[0-9]{5}",
        "order": r"ORD[0-9]+/2020",
        "hash": r"[0-9a-f]{32}",
        "ssn": r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "mrn": r"[0-9]{7,8}",
        "name": r"[A-Z]\w+-[A-Z]\w+, M[rs]\. [A-Z]\w+",
        "patient": r"[A-Z]\w+ [A-Z]\w+-[A-Z]\w+",
        "client_ip": r"2[45][0-9]\.[0-9]+\.[0-9]+\.[0-9]+",
    }
    for name, form in forms.items():
        for value in generate_identifiers(infer(IDENTIFIERS[name], name), 50, 0):
            assert re.fullmatch(form, value), f"{name}: {value}"


def test_no_training_value_is_stored_in_the_schema():
    for name, cells in IDENTIFIERS.items():
        text = str(infer(cells, name).to_dict())
        assert not any(len(str(cell)) > 4 and str(cell) in text for cell in cells), name


def test_a_key_that_repeats_is_generated_with_as_many_values():
    cells = RNG.choice(RNG.choice(10**7, 300, replace=False), N)
    column = infer(cells, "patient_id")
    assert column.kind == "identifier" and not column.unique
    new = generate_identifiers(column, 10_000, 0)
    assert new.nunique() == column.distinct == len(set(cells))
    assert not set(new) & set(cells)


def test_missing_identifiers_stay_missing_as_often():
    cells = pd.Series([f"K{i}" if i % 4 else None for i in range(N)])
    column = infer(cells, "key")
    new = generate_identifiers(column, 4000, 0)
    assert 0.2 < new.isna().mean() < 0.3 and new.dropna().is_unique


@pytest.mark.parametrize(
    "dtype", ["int64", "Int64", "float64", "str", "object", "int32", "uint16", "string", "category"]
)
def test_keys_come_in_the_data_type_of_the_column(dtype):
    cells = pd.Series(range(100)).astype("str" if dtype == "category" else dtype).astype(dtype)
    column = infer_column(cells, "id")
    assert column.kind == "identifier"
    new = generate_identifiers(column, 10, 0)
    assert (new.dtype == "category") if dtype == "category" else (new.dtype == cells.dtype)


def test_keys_that_outgrow_their_data_type_are_stored_wider():
    column = infer_column(pd.Series(range(100), dtype="int8"), "id")
    new = generate_identifiers(column, 300, 0)
    assert new.is_unique and (new > 99).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z0-9_./-]{1,12}", fullmatch=True), min_size=2, max_size=40, unique=True))
def test_any_distinct_keys_lead_to_fresh_distinct_keys(keys):
    column = infer_column(pd.Series(keys), "patient_id", {"kind": "identifier"})
    new = generate_identifiers(column, 200, 3)
    assert new.is_unique and not set(new) & set(keys)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**62), min_size=2, max_size=40, unique=True))
def test_any_distinct_numbers_lead_to_fresh_distinct_numbers(keys):
    column = infer_column(pd.Series(keys), "patient_id")
    assert column.kind == "identifier"
    new = generate_identifiers(column, 200, 3)
    assert new.is_unique and not set(new) & set(keys)


def test_patterns_can_be_given_and_wrong_ones_are_refused():
    column = Column("id", "identifier", dtype="str", pattern="template:P{digits:4:500}", unique=True)
    assert all(
        re.fullmatch("P[0-9]{4}", value) and int(value[1:]) >= 500 for value in generate_identifiers(column, 9, 0)
    )
    for pattern in (
        "nonsense",
        "integer:x",
        "template:{digits}",
        "template:{digits:2:1}{digits:2:1}",
        "uuid:x",
        "phone:12",
    ):
        with pytest.raises(SchemaError):
            check_pattern(pattern)
    with pytest.raises(SchemaError):
        infer_column(pd.Series(["a", "b"]), "x", {"kind": "identifier", "pattern": "nonsense"})


def test_detection_is_available_by_itself():
    assert detect_identifier(pd.Series([f"A-{i:03d}" for i in range(30)]), "key") == "template:A-{digits:4:1000}"
    assert detect_identifier(pd.Series([1.5, 2.5]), "id") is None
    assert detect_identifier(pd.Series(["a"]), "id") is None
    assert words_of("patientID_nr2") == ["patient", "id", "nr"]


@pytest.mark.parametrize("name", ["patient_id", "MRN"])
@pytest.mark.parametrize("write", [int, "MRN-{}".format])
def test_keys_of_people_with_some_rows_each_are_never_learned(name, write):
    keys = RNG.choice(np.arange(10**6, 10**7), 300, replace=False).tolist()
    column = infer_column(pd.Series([write(key) for key in keys for _ in range(4)]), name)
    assert (column.kind, column.distinct, column.unique) == ("identifier", 300, False)
    made = generate_identifiers(column, 1200, 0)
    assert not set(made) & {write(key) for key in keys} and made.nunique() <= 300


@pytest.mark.parametrize("name", ["product_id", "species_id", "key", "nbr_patients", "key_figure", "patient_group"])
def test_keys_of_things_that_repeat_and_counts_of_people_are_learned(name):
    numbers = RNG.integers(1000, 1300, 1000)
    assert infer_column(pd.Series(numbers), name).kind == "integer"
    assert infer_column(pd.Series([f"P-{number}" for number in numbers]), name).kind == "categorical"


def test_codes_of_a_few_wards_with_many_rows_each_are_categories():
    wards = [f"W-{1000 + k}" for k in range(30) for _ in range(20)]
    assert infer_column(pd.Series(wards), "ward_id").kind == "categorical"
    assert infer_column(pd.Series([k + 1000 for k in range(30)] * 20), "ward_id").kind == "integer"


def test_an_unknown_pattern_names_the_column_and_the_forms():
    frame = pd.DataFrame({"key": [f"A-{n}" for n in range(40)]})
    with pytest.raises(SchemaError, match=r"column 'key': identifier pattern 'templat:A' is not known; expected "):
        infer_schema(frame, overrides={"key": {"kind": "identifier", "pattern": "templat:A"}})
