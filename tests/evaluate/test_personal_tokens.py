"""Tokens are found, checked, and spelled one way."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.personal_tokens import find_tokens, shape_of, tokens_of


@pytest.mark.parametrize(("text", "kind", "token"), [
    ("mail: Ann.Bo+x@Clinic.co.uk!", "email", "ann.bo+x@clinic.co.uk"),
    ("call +46 (0)70-123 45 67 now", "phone", "460701234567"),
    ("(0221) 555 1234", "phone", "02215551234"),
    ("555-867-5309", "phone", "5558675309"),
    ("DE89 3704 0044 0532 0130 00", "iban", "DE89370400440532013000"),
    ("gb82west12345698765432", "iban", "GB82WEST12345698765432"),
    ("4111 1111 1111 1111", "card", "4111111111111111"),
    ("from 192.168.7.12", "ip", "192.168.7.12"),
    ("2001:db8::8a2e:370:7334", "ip", "2001:db8::8a2e:370:7334"),
    ("123-45-6789", "national_id", "123-45-6789"),
    ("AB123456C", "national_id", "AB123456C"),
    ("12345678Z", "national_id", "12345678Z"),
    ("19811218-9876", "national_id", "8112189876"),
])  # fmt: skip
def test_a_token_is_found_and_spelled_one_way(text: str, kind: str, token: str) -> None:
    assert (kind, token) in find_tokens([text])


@pytest.mark.parametrize("text", [
    "2020-01-02", "2020-01-02 10:20:30", "12:30:45", "1,234.56", "DE89370400440532013001", "4111111111111112",
    "300.1.2.3", "1.2.3", "12345678A", "811218-9877", "000-12-3456", "a@b", "3.14159265358979", "::", "127.0.0.1",
    "1111111111111111", "550e8400-e29b-41d4-a716-446655440000", "", "Oslo",
])  # fmt: skip
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert find_tokens([text]) == set()


def test_a_table_is_read_in_all_its_texts_and_whole_numbers() -> None:
    frame = pd.DataFrame(
        {
            "note": ["a@b.org", None],
            "kind": pd.Categorical(["x", "c@d.org"]),
            "card": [4111111111111111, 7],
            "x": [1.5, np.nan],
            "odd": [("a@z.org",), 3],
        }
    )
    assert tokens_of(frame) == {("email", "a@b.org"), ("email", "c@d.org"), ("card", "4111111111111111")}
    assert tokens_of(frame[:0]) == set()


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "Float64"])
def test_a_card_is_found_among_whole_numbers_whatever_their_type(dtype: str) -> None:
    cards = pd.Series([4111111111111111, 5500005555555559]).astype(dtype)
    if dtype != "int64":
        cards = cards.reindex(range(3))  # an empty cell
    assert tokens_of(cards.to_frame("x")) == {("card", "4111111111111111"), ("card", "5500005555555559")}


def test_numbers_of_ordinary_tables_are_no_tokens() -> None:
    rng = np.random.default_rng(0)
    seconds = 1_600_000_000 + rng.integers(0, 10**8, 2000)
    frame = pd.DataFrame(
        {
            "seconds": seconds,
            "milliseconds": seconds * 1000,
            "nanoseconds": seconds * 10**9,
            "key": rng.integers(10**8, 10**12, 2000),
            "amount": rng.lognormal(10, 2, 2000),
            "whole": rng.lognormal(10, 2, 2000).round(),
            "far": rng.choice([1e308, np.inf, 4111111111111111e4], 2000),
            "empty": np.nan,
        }
    )
    assert tokens_of(frame) == set()


def test_long_and_hostile_texts_take_no_time() -> None:
    hostile = ["a" * 9000 + "@", "1-" * 5000, "a@" + "b." * 4000, ":" * 9000, "1 " * 5000, "AA11" + "A" * 9000]
    assert find_tokens(hostile * 3) is not None


def test_a_shape_tells_nothing() -> None:
    assert shape_of("Ö1-b") == "x0-x"
