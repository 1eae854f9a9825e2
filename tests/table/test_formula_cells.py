"""Laws of `llmsynth.table.formula_cells`: what a spreadsheet would run is guarded, and comes back as it was."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.table.files import TableWriter, read_table, write_table
from llmsynth.table.formula_cells import FormulaWarning, bare, guard, is_formula

RUN = ["=1+2", '=HYPERLINK("http://x", "y")', "= A1", "@SUM(A1:A9)", "+cmd|'/C calc'!A0", "-2+SUM(A1)", "\t=A1", "=-1"]
HARMLESS = [
    "+49 30 1234",
    "+1 (555) 123-4567",
    "-5 (low)",
    "-",
    "+",
    "++",
    "=>65",
    "=",
    "@home",
    "'tis",
    "a=b",
    "",
    "-1.5",
]


@pytest.mark.parametrize("text", RUN)
def test_what_is_run_is_a_formula_with_and_without_apostrophes(text):
    assert is_formula(text) and is_formula("'" + text)
    assert guard(text) == "'" + text and bare(guard(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_signs_numbers_and_labels_are_left_alone(text):
    assert guard(text) == text == bare(text)


@given(st.text(alphabet="'=+-@ a(|1\t", max_size=8))
def test_every_text_comes_back(text):
    assert bare(guard(text)) == text and not is_formula(guard(text)[:1])


@pytest.mark.parametrize("name", ["t.csv", "t.tsv.gz"])
@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_a_file_has_no_formula_and_gives_the_table_back(name, dtype, tmp_path):
    texts = [*RUN, *HARMLESS, *("'" + text for text in RUN), None]
    frame = pd.DataFrame({"=A1": np.arange(len(texts)), "b": pd.Series(texts, dtype=object).astype(dtype)})
    with pytest.warns(FormulaWarning, match=f"{name}: {2 * len(RUN) + 1} texts .* apostrophe"):
        path = write_table(frame, tmp_path / name)
    again = read_table(path)
    assert list(again.columns) == ["=A1", "b"]
    wanted = frame["b"].astype(object).where(frame["b"].astype(object) != "", None)
    assert (
        again["b"].astype(object).where(again["b"].notna(), None).tolist()
        == wanted.where(wanted.notna(), None).tolist()
    )
    if name.endswith("csv"):
        with path.open(newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert not any(is_formula(cell) and not cell.startswith("'") for cell in cells)


def test_all_pieces_count_and_a_table_without_formulas_says_nothing(tmp_path):
    with pytest.warns(FormulaWarning, match="t.csv: 4 texts"), TableWriter(tmp_path / "t.csv") as writer:
        for _ in range(2):
            writer.write(pd.DataFrame({"a": ["=A1", "x", "=A1"], "n": [1, 2, 3]}))
    write_table(pd.DataFrame({"a": HARMLESS}), tmp_path / "u.csv")
    assert (tmp_path / "u.csv").read_text().count("'") == 1
