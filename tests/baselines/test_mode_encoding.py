from __future__ import annotations

import numpy as np
import pytest

from llmsynth.baselines.features import Feature
from llmsynth.baselines.mode_encoding import fit_level_codes, fit_row_encoding, load_row_encoding


def levels(values: np.ndarray) -> Feature:
    return Feature("y", "levels", values, np.zeros(values.size, dtype=bool), n_levels=int(values.max()) + 1)


def numbers(values: np.ndarray) -> Feature:
    return Feature("x", "number", values, np.zeros(values.size, dtype=bool), span=int(values.max()))


def features(n: int = 200) -> tuple[Feature, ...]:
    rng = np.random.default_rng(0)
    return levels(rng.integers(0, 3, n)), numbers(rng.integers(0, 5000, n)), numbers(rng.integers(0, 4, n))


def test_encoded_rows_decode_to_the_same_cells() -> None:
    own, rng = features(), np.random.default_rng(0)
    encoding = fit_row_encoding(own, rng, max_modes=3, max_width=256)
    rows = encoding.encode(own, rng)
    for feature, cells in zip(own, encoding.decode(rows, rng), strict=True):
        assert (np.rint(cells.values) == feature.values).all()
    assert encoding.placed == [1] and encoding.discrete == [0, 2]
    assert rows.places.shape == (200, 1) and rows.codes.shape == (200, 3)
    assert (rows.codes < encoding.widths).all()


def test_only_gaussian_modes_have_a_width() -> None:
    values = np.random.default_rng(0).integers(0, 5000, 200)
    values[:50] = 17
    encoding = fit_row_encoding(
        (levels(values % 3), numbers(values)), np.random.default_rng(0), max_modes=3, max_width=9
    )
    wide = encoding.wide()
    assert wide.shape == (encoding.widths.sum(), 1)
    n_gaussians = encoding.columns[1].means.size  # type: ignore[union-attr]
    assert wide[:, 0].tolist() == [False] * 3 + [True] * n_gaussians + [False]


def test_rare_levels_share_a_code_and_are_drawn_by_their_frequency() -> None:
    values = np.concatenate([np.repeat([5, 9], 100), np.repeat([1, 3], [6, 2]), [7]])
    own = fit_level_codes(values, max_width=3)
    assert own.kept.tolist() == [5, 9] and own.n_codes == 3
    codes = own.encode(values)
    assert np.bincount(codes).tolist() == [100, 100, 9]
    back = own.decode(codes, np.random.default_rng(0)).values
    assert (back[:200] == values[:200]).all() and set(back[200:]) <= {1, 3, 7}
    many = own.decode(np.full(30_000, 2), np.random.default_rng(0)).values
    assert (many == 1).mean() == pytest.approx(6 / 9, abs=0.01)


def test_ten_thousand_levels_take_no_more_codes_than_allowed() -> None:
    own = fit_level_codes(np.arange(10_000), max_width=256)
    assert own.n_codes == 256
    assert np.bincount(own.encode(np.arange(10_000)), minlength=256)[-1] == 10_000 - 255


def test_many_wide_columns_keep_to_a_total_together() -> None:
    columns = [levels(np.arange(300)) for _ in range(60)]
    encoding = fit_row_encoding(columns, np.random.default_rng(0), max_modes=3, max_width=256)
    assert encoding.widths.tolist() == [64] * 60


def test_the_saved_encoding_encodes_alike() -> None:
    own = features()
    encoding = fit_row_encoding(own, np.random.default_rng(0), max_modes=3, max_width=256)
    again = load_row_encoding(*encoding.state())
    rows, same = (which.encode(own, np.random.default_rng(1)) for which in (encoding, again))
    assert (rows.codes == same.codes).all() and (rows.places == same.places).all()
