"""A failure is told by its type and places; no cell of the table is in it."""

import pandas as pd

from eval.benchmark.failure import HIDDEN, LINES, Cells, error_of, last_lines

TABLE = pd.DataFrame(
    {
        "age": [19, 42],
        "charges": [16884.924, 7.5],
        "name": ["Braund, Mr. Owen", "Heikkinen"],
        "code": ["250.83", "V45"],
        "smoker": [True, False],
    }
)
CELLS = Cells.of(TABLE)
PRINTED = """\
Epoch 1:  10%|#   | 1/10\rEpoch 1: 100%|####| 10/10
Traceback (most recent call last):
  File "/home/someone/env/lib/thing.py", line 42, in fit
    row = parse("Heikkinen")
          ^^^^^^^^^^^^^^^^^^
  File "/home/someone/run.py", line 3
    fit(Braund)
pandas.errors.ParserError: could not read 'Heikkinen' of Braund at 16884.92 in /home/someone/x.csv: 19 of 24 fields, V45
"""


def test_the_type_is_the_last_error_s():
    assert error_of(PRINTED) == "ParserError"
    assert error_of("all is well\n") is None
    assert error_of(PRINTED + "ValueError: other\nbye\n") == "ValueError"


def test_places_stay_and_cells_folders_and_source_lines_go():
    lines = last_lines(PRINTED, CELLS)
    assert "thing.py:42 in fit" in lines and "run.py:3" in lines
    text = "\n".join(lines)
    for secret in ("Heikkinen", "Braund", "16884", "V45", "19", "someone", "/home", "parse("):
        assert secret not in text
    assert lines[-1].startswith("pandas.errors.ParserError: could not read") and "24 fields" in lines[-1]
    assert "Epoch 1: 100%" in lines[0]


def test_any_number_with_a_point_is_hidden_and_whole_ones_where_they_are_cells():
    assert CELLS.hide("epoch 3 of 19, loss 0.25, 42 left") == f"epoch 3 of {HIDDEN}, loss {HIDDEN}, {HIDDEN} left"
    assert CELLS.hide("OWEN owen Owens") == f"{HIDDEN} {HIDDEN} Owens"


def test_only_the_last_lines_are_kept_and_they_are_short():
    lines = last_lines("\n".join(["x" * 999] * 50), CELLS)
    assert len(lines) == LINES and max(map(len, lines)) == 200
