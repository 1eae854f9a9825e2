"""The rules: who may be recommended, who is as good as the best, and who is the fastest of those."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmsynth.comparison.criteria import CRITERIA, auc_error, lacks_to_holdout, shortfall, tolerance
from llmsynth.comparison.recommend import recommend
from llmsynth.comparison.trial import Outcome, Trial
from tests.comparison.conftest import made, summary_dict


def test_the_fastest_of_those_as_good_as_the_best_is_enough() -> None:
    found = recommend([made("compact", 118.0), made("copula", 2.0, c2st_score=0.93, tstr=0.93), made("tree", 3.0)])
    assert (found.method, found.enough) == ("copula", ("copula", "tree", "compact"))
    assert found.text.startswith("A Gaussian copula (copula) is enough here: it is within the tolerances of the best")
    assert "2.0 s instead of" in found.text and "as good as real held-out rows" in found.text


@pytest.mark.parametrize(
    "worse", [{"c2st_score": 0.90}, {"tstr": 0.915}, {"shape_error": 0.031}, {"trend_error": 0.065}]
)
def test_one_figure_beyond_its_tolerance_is_enough_to_lose(worse: dict[str, float]) -> None:
    found = recommend([made("compact", 118.0), made("copula", 2.0, **worse)])
    assert (found.method, found.best) == ("compact", "compact")
    assert "is worth its 2.0 min here" in found.text and "a Gaussian copula, takes 2.0 s but falls short" in found.text


def test_what_the_fast_one_lacks_is_the_figure_farthest_off() -> None:
    found = recommend([made("compact", 118.0), made("copula", 2.0, trend_error=0.24, tstr=0.90)])
    assert "Trend error 24.00 % against 4.00 % (dependence between columns is lost)" in found.text


def test_unsafe_rows_are_never_recommended_however_good_and_fast() -> None:
    found = recommend([made("noise", 0.1, safe=False, c2st_score=1.0, tstr=0.99), made("copula", 50.0, tstr=0.6)])
    assert found.method == "copula" and "unsafe" in (found.excluded or {})["noise"]


@pytest.mark.parametrize(
    "copying", [{"copies": 0.05}, {"near_train": 0.09}, {"c2st_auc": 0.40, "c2st_score": 0.80}], ids=str
)
def test_copying_beyond_the_holdout_is_never_recommended(copying: dict[str, float]) -> None:
    found = recommend([made("tree", 0.1, **copying), made("copula", 50.0, c2st_score=0.5, tstr=0.5)])
    assert found.method == "copula" and "cop" in (found.excluded or {})["tree"]


@pytest.mark.parametrize(("n_rows", "method"), [(100, "tree"), (10_000, None)])
def test_an_auc_below_one_half_is_copying_only_beyond_the_noise_of_so_many_rows(
    n_rows: int, method: str | None
) -> None:
    assert recommend([made("tree", n_rows=n_rows, c2st_auc=0.43)]).method == method


def test_what_the_gate_blocks_for_privacy_is_left_out_with_its_reason() -> None:
    verdict = {"level": "quick", "verdict": "BLOCK", "reasons": ["Exact matches: 5 %"], "blocked": "Exact matches: 5 %"}
    fast, slow = made("copula", 1.0), made("compact", 60.0)
    assert recommend([fast, slow]).method == "copula"
    found = recommend([replace(fast, verdict=verdict), slow])
    assert found.method == "compact" and found.excluded == {"copula": "privacy: Exact matches: 5 %"}
    useless = {**verdict, "blocked": ""}  # blocked for fidelity or utility: the figures of the comparison decide
    assert recommend([replace(fast, verdict=useless), slow]).method == "copula"


def test_a_share_that_is_not_zero_is_not_told_as_zero() -> None:
    found = recommend([made("tree", n_rows=20_000, copies=0.0004)])
    assert "0.04 % (held-out rows: 0.00 %) of its rows equal a training row" in (found.excluded or {})["tree"]


def test_as_many_copies_as_the_holdout_has_are_no_copying() -> None:
    share = {"holdout": {"copies": 0.30, "near_train": 0.02}, "copies": 0.31, "near_train": 0.035}
    assert recommend([made("tree", **share)]).method == "tree"
    assert recommend([made("tree", **{**share, "copies": 0.40})]).method is None


def test_a_failed_one_is_left_out_with_its_reason_and_without_any_left_there_is_no_advice() -> None:
    broken = Trial("lm", True, (), "the model cannot be had")
    assert recommend([broken, made("copula")]).excluded == {"lm": "failed: the model cannot be had"}
    found = recommend([broken])
    assert (found.method, found.rule) == (None, "none left") and "the model cannot be had" in found.text


def test_few_rows_forgive_more_of_c2st_than_many() -> None:
    def chosen(n_rows: int) -> str | None:
        pair = [made("compact", 118.0, n_rows=n_rows), made("copula", 2.0, n_rows=n_rows, c2st_score=0.86)]
        return recommend(pair).method

    assert (chosen(100), chosen(10_000)) == ("copula", "compact")


def test_the_error_of_the_auc_is_that_of_two_samples_drawn_alike() -> None:
    import numpy as np

    ranks = np.random.default_rng(0).normal(size=(4000, 100)).argsort(axis=1).argsort(axis=1) + 1
    aucs = (ranks[:, :50].sum(axis=1) - 50 * 51 / 2) / 50**2
    spread = aucs.std()
    assert abs(auc_error(50) / spread - 1) < 0.05


@pytest.mark.parametrize(("own", "method"), [(0.02, "compact"), (0.06, "copula")])
def test_half_of_the_holdouts_own_error_is_forgiven(own: float, method: str) -> None:
    held = {"shape_error": own}
    pair = [made("compact", 118.0, holdout=held), made("copula", 2.0, shape_error=0.045, holdout=held)]
    assert recommend(pair).method == method


def test_seeds_that_scatter_widen_the_tolerance() -> None:
    def seeded(name: str, seconds: float, tstrs: list[float]) -> Trial:
        one = tuple(Outcome(seed, seconds, 0.0, 9, summary_dict(tstr=tstr)) for seed, tstr in enumerate(tstrs))
        return Trial(name, True, one)

    best = seeded("compact", 118.0, [0.94, 0.94, 0.94])
    assert recommend([best, seeded("copula", 2.0, [0.90, 0.90, 0.90])]).method == "compact"
    assert recommend([best, seeded("copula", 2.0, [0.83, 0.94, 0.93])]).method == "copula"
    tstr = next(one for one in CRITERIA if one.key == "tstr")
    assert tolerance(tstr, best) == tstr.tolerance


def test_without_a_target_tstr_decides_nothing_and_one_unknown_figure_is_no_good_figure() -> None:
    found = recommend([made("compact", 118.0, tstr=None), made("copula", 2.0, tstr=None)])
    assert found.method == "copula"
    assert recommend([made("compact", 118.0), made("copula", 2.0, tstr=None)]).method == "compact"


def test_below_a_second_the_better_one_wins() -> None:
    pair = [made("independent", 0.01, c2st_score=0.93), made("copula", 0.8)]
    assert recommend(pair).method == "copula"
    assert recommend([pair[0], replace(pair[1], outcomes=made("copula", 2.0).outcomes)]).method == "independent"


def test_what_is_missing_to_real_rows_is_said() -> None:
    found = recommend([made("copula", c2st_score=0.5), made("ctgan", 99.0, c2st_score=0.4)])
    assert "No method is as good as real held-out rows here" in found.text
    assert found.missing == ("C2ST score 0.500 against 0.970 (a classifier recognises the rows)",)
    assert "enough" not in found.text and lacks_to_holdout(made("copula")) == ()


def test_where_each_falls_short_somewhere_none_is_enough_and_the_least_short_is_named_with_what_it_lacks() -> None:
    fast, slow = made("copula", 2.0, c2st_score=0.70, tstr=0.94), made("tree", 30.0, c2st_score=0.95, tstr=0.80)
    found = recommend([slow, fast])
    assert (found.method, found.best, found.enough) == ("copula", "copula", ())
    assert found.text.startswith("No method is as good as the best on every figure: a Gaussian copula (copula) falls")
    assert "C2ST score 0.700 against 0.950 of a sequence of trees" in found.text and "best figures" not in found.text
    assert "0.940" not in found.text.partition(". ")[0] and found.rule.startswith("none is as good as the best")


NO_FIGURES = dict.fromkeys(("shape_error", "trend_error", "c2st_auc", "c2st_score", "tstr"))


def test_a_figure_that_only_the_holdout_has_is_lacking() -> None:
    found = recommend([made("copula", 2.0, tstr=None)])
    assert found.method == "copula" and found.missing == ("TSTR could not be computed",)
    assert "as good as real held-out rows here. What this one lacks: TSTR could not be computed." in found.text


def test_the_sentence_beside_the_holdout_counts_the_figures_that_were_compared() -> None:
    found = recommend([made("copula", 2.0, tstr=None, holdout={"tstr": None})])
    assert "On each of the 3 figures that can be compared it is as good as real" in found.text
    unheld = recommend([made("copula", 2.0, holdout=NO_FIGURES)])
    assert "as good as" not in unheld.text and "No figure of real held-out rows could be computed" in unheld.text


def test_without_figures_nothing_is_recommended_nor_where_each_lacks_one_that_another_has() -> None:
    found = recommend([made("copula", 2.0, **NO_FIGURES), made("tree", 3.0, **NO_FIGURES)])
    assert (found.method, found.enough) == (None, ()) and "no figure that decides could be computed" in found.text
    found = recommend([made("copula", 2.0, tstr=None), made("tree", 30.0, trend_error=None)])
    assert (found.method, found.enough) == (None, ()) and "each of copula, tree lacks a figure" in found.text


def test_no_one_falls_short_of_itself() -> None:
    trial = made("copula", c2st_score=0.1)
    assert shortfall(trial, [trial]) == 0.0


def test_every_rule_that_is_printed_names_the_tolerances_that_are_used() -> None:
    from llmsynth.comparison.recommend import COPYING_AUC, RULES

    text = " ".join(RULES)
    by_key = {criterion.key: criterion.tolerance for criterion in CRITERIA}
    assert by_key == {"c2st_score": 0.05, "tstr": 0.02, "shape_error": 0.01, "trend_error": 0.01}
    assert "0.05 of C2ST score, 0.02 of TSTR, one percentage point" in text and f"more than {COPYING_AUC}" in text
