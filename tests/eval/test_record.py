"""Result files say what was measured, where, and whether it is enough."""

import json
import math

import pytest

from eval import record
from eval.record import Target


@pytest.mark.parametrize(
    ("relation", "measured", "reached"),
    [("<=", 0.6, True), ("<=", 0.61, False), (">=", 0.6, True), (">", 0.6, False), ("<", 0.5, True)],
)
def test_a_target_knows_its_good_side(relation, measured, reached):
    assert Target("x", measured, relation, 0.6).reached is reached


def test_a_figure_that_could_not_be_computed_never_reaches_a_target():
    assert not Target("x", math.nan, "<=", 1.0).reached
    assert Target("x", math.nan, "<=", 1.0).to_dict()["measured"] is None


def test_a_result_file_holds_commit_machine_versions_targets_and_figures(tmp_path, capsys):
    path = record.write("try", {"runs": [{"auc": math.nan, "n": 3}]}, [Target("x", 2.0, ">=", 1.0)], folder=tmp_path)
    content = json.loads(path.read_text())
    assert path.name == "try.json" and list(tmp_path.iterdir()) == [path]
    assert {"commit", "dirty", "finished", "machine", "versions", "peak_rss_mib", "targets", "reached"} <= set(content)
    assert content["reached"] is True and content["runs"] == [{"auc": None, "n": 3}]
    assert content["machine"]["cores"] >= 1 and content["versions"]["python"]
    assert "x 2 >= 1: reached" in capsys.readouterr().out
    assert str(record.ROOT) not in path.read_text()
