"""The metrics of the TabSyn/TabDiff protocol (arXiv 2310.09656, 2410.20626), as its programs compute them.

Written anew from what those programs do, so that figures can be put beside published ones; `sdmetrics.json` holds what
the SDMetrics package itself says on made-up tables, and a test holds this package to it. Each figure has defects, which
`DEFECTS` names; the library's own metrics, where they are mended, stand beside it in every result.

Where the programs stop with an error (categories the real rows do not have, missing numbers), the figure is what they
would say once that is settled in the plainest way, and a note says so: unknown categories end the figures whose encoder
is fitted to real rows, and a number that is missing or unreadable takes the training column's mean.
"""

from __future__ import annotations

DEFECTS: dict[str, tuple[str, ...]] = {
    "shape": (
        "Looks at one column at a time: independent columns reach the best figure.",
        "Missing categories are left out, and so is their share.",
    ),
    "trend": (
        "A numeric column is cut into ten bins of its own range in each table, so that one outlier among the synthetic "
        "rows moves all bins of its column.",
        "A pair whose synthetic column is constant is left out instead of counted as lost.",
        "A missing number falls into the bin of the largest value.",
    ),
    "trend_today": (
        "SDMetrics 0.32 counts only pairs that are related in the real rows (|r| > 0.5, Cramér's V > 0.3): relations "
        "that a generator invents cost nothing, and the figure stands on few pairs.",
    ),
    "alpha_precision": (
        "One centre: a lost cluster is not seen if others are as far from it.",
        "Ranges of the training rows scale the numbers: skewed columns weigh next to nothing.",
        "The last category of the last column is left out, being taken for the target.",
    ),
    "beta_recall": (
        "Copies of the training rows reach 1, fresh rows about 0.5: more is not better.",
        "The last category of the last column is left out, being taken for the target.",
    ),
    "c2st_logistic": (
        "A linear classifier sees columns one at a time: independent columns pass.",
        "An area below 0.5 counts as 0.5: copies, which mislead the classifier, get the best figure.",
    ),
    "c2st_xgb": (
        "An area below 0.5 counts as 0.5: copies, which mislead the classifier, get the best figure.",
        "Grows harsher with the number of rows; comparable at equal numbers only.",
    ),
    "mle": (
        "Parameters are chosen by synthetic rows, and the winner of 36 is taken without a second set; TabDiff chooses "
        "those of Diabetes by real rows, which is not done here.",
        "The range of the first numeric column scales all of them.",
        "Regression: the target is log(clip(y, 1, 20000)) in training and testing but not where parameters are chosen.",
        "Best of all are copies of the training rows.",
    ),
    "dcr_share": (
        "A tie counts for the hold-out: on tables of few distinct rows the share is too low.",
        "Half of the rows train: this is another model than the one of all other figures.",
        "Mode concentration hides near-copies: GReaT reaches .488 on Default with 12.5 % nearer than the 2 % quantile.",
        "Of at most 10,000 synthetic rows here, where the programs look at all: a standard error of 0.5 %.",
    ),
    "dcr_quantile": (
        "A category counts two standard deviations, so that numbers decide among many categories only.",
        "Where 2 % of the hold-out equal a training row, no row is nearer, and the figure is 0.",
        "Of at most 10,000 rows of each table here.",
    ),
}
"""By figure: what a reader must know before comparing it."""
