"""A heat map is drawn, the same one every time, whatever the labels hold."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.baselines.heatmap import draw_heatmap


@pytest.mark.parametrize("name", ["map.svg", "map.png"])
def test_the_same_matrix_gives_the_same_bytes(tmp_path, name):
    matrix = np.array([[1.0, -0.7], [-0.7, 1.0]])
    labels = ["cost $ in $", "weight, kg_{x}^2"]
    one, other = (draw_heatmap(matrix, labels, tmp_path / f"{place}-{name}") for place in range(2))
    assert one.read_bytes() == other.read_bytes()
    if name.endswith("svg"):
        text = one.read_text()
        assert "weight, kg_{x}^2" in text and "0.70" in text


def test_wide_tables_have_no_numbers_written_in(tmp_path):
    path = draw_heatmap(np.eye(30), [f"c{place}" for place in range(30)], tmp_path / "wide.svg")
    assert path.read_text().count("</text>") < 30 * 30
