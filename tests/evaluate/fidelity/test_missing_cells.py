"""Missing cells of encoded and of other columns."""

import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.missing_cells import missing_cells


def test_unreadable_cells_count_and_columns_that_are_not_encoded_too() -> None:
    real = pd.DataFrame({"x": range(30), "key": [f"k{n}" for n in range(30)]})
    made = pd.DataFrame({"x": ["old", 2, 3], "key": [None, "a", "b"]})
    evidence = gather(real, made)
    assert evidence.train.layout.names == ("x",)
    assert missing_cells(evidence.frames.synthetic, evidence.synthetic).tolist() == [[True, False, False]] * 2
