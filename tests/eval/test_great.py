"""What be_great gets wrong is counted."""

import pandas as pd

from eval import great, scoring


def test_unknown_categories_and_numbers_out_of_range_are_shares_of_rows(tiny):
    made = pd.DataFrame(
        {
            "age": [30, 30, 900, "old"],
            "children": [0, 1, 2, 3],
            "smoker": ["yes", "maybe", "no", "no"],
            "charges": [5000.0, 5000.0, 5000.0, 5000.0],
        }
    )
    assert scoring.validity(tiny, made) == {"unknown_category": 0.25, "outside_range": 0.5}


def test_the_peer_is_pinned():
    pinned = (great.PEER / "requirements.txt").read_text()
    assert "transformers==" in pinned and "peft==" in pinned
    assert great.BE_GREAT.startswith("be_great==")
