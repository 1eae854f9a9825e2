"""Laws of `llmsynth.table.person_names`."""

import re

import numpy as np
import pytest

from llmsynth.table.person_names import detect_names, hyphens, make_names

ROWS = np.arange(500)


@pytest.mark.parametrize(
    "texts, name, style",
    [
        (["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina"], "name", "person:1:{last}, {title} {first}"),
        (["Anna Meyer-Lang", "Mary Jones"], "patient", "person:2:{first} {last}"),
        (["Dr. Anna Meyer", "Prof. John Jones"], "x", "person:1:{title} {first} {last}"),
        (["李 小龙", "王 伟"], "patient_name", "person:1:{first} {last}"),
        (["Nguyễn", "Müller"], "last_name", "last_name:1"),
        (["Anna", "John"], "first_name", "first_name:1"),
        (["Wells Fargo Bank", "Quicken Loans Inc"], "name", None),
        (["New York", "San Diego"], "city", None),
        (["Visit 1 was fine", "Visit 2 was not"], "name", None),
    ],
)
def test_people_are_told_from_other_names(texts, name, style):
    assert detect_names(texts, name, mostly_distinct=True) == style


def test_new_names_are_hyphenated_once_more_than_any_training_name():
    assert hyphens(["a-b c", "d-e-f", "x"]) == 2
    for pattern in ("person:3:{last}, {title} {first}", "last_name:5", "first_name:1"):
        names = make_names(pattern, ROWS, 0)
        wanted = int(re.search(r":(\d)", pattern)[1])
        assert all(hyphens([name]) == wanted for name in names) and len(set(names)) == len(names)


def test_a_column_that_is_named_for_people_holds_names_however_often_they_repeat():
    assert (
        detect_names(["Anna Meyer", "Mary Jones"], "patient_name", mostly_distinct=False) == "person:1:{first} {last}"
    )
    assert detect_names(["Anna Meyer", "Mary Jones"], "x", mostly_distinct=False) is None


def test_clients_that_come_again_and_again_may_be_companies():
    companies = ["Siemens Energy", "Deutsche Bahn", "Head Office"]
    assert detect_names(companies, "client_name", mostly_distinct=False) is None
    assert detect_names(companies, "client_name", mostly_distinct=True) == "person:1:{first} {last}"
