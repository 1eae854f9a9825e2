"""Published figures are named as ours are and lie where such figures can lie."""

import math

import pytest

from eval import compare
from eval.benchmark.entries import PROTOCOL
from eval.benchmark.published import Published, published

KEYS = {figure.key.removeprefix("protocol_") for figure in PROTOCOL}


@pytest.mark.parametrize("dataset", ["adult", "magic"])
def test_figures_have_our_names_and_are_shares(dataset):
    found = published(dataset)
    assert {"TabSyn", "TabDiff", "GReaT", "CTGAN"} <= {one.method for one in found}
    for one in found:
        assert set(one.figures) <= KEYS | {"fit_seconds"} and one.source.startswith("arXiv ")
        assert all(0 <= value <= 1 for key, value in one.figures.items() if key != "fit_seconds")
        # half of the rows lie nearer than their median, so a quantile above a tenth would be a percentage
        assert not one.figure("dcr_quantile") > 0.1
    assert math.isnan(found[0].figure("mle"))


def test_a_table_that_nobody_published_has_none():
    assert published("heart_cleveland") == []


def test_they_stand_behind_our_runs_with_minutes_of_another_machine(monkeypatch):
    one = Published("Rival", "a paper", {"fit_seconds": 120.0, "shape": 0.9876, "dcr_quantile": 0.02})
    monkeypatch.setattr(compare, "published", lambda name: [one] if name == "adult" else [])
    text = compare.protocol("adult", [], "binclass")
    assert "| Rival, a paper | 2 * | – | 0.988 | – |" in text and "| 2.00 % |" in text
    assert text.endswith("on the machine of that paper")
    assert "machine" not in compare.protocol("magic", [], "binclass")
    assert compare.beside_published({"adult": [], "magic": []}) == ""
