"""Fidelity: do synthetic rows look like real ones, column by column, in pairs, and as whole rows?"""

MODULES: tuple[str, ...] = (
    "ks",
    "wasserstein",
    "tv_categorical",
    "tv_binned",
    "expected_tv",
    "jensen_shannon",
    "hellinger",
    "missing_rate",
    "missingness_pattern",
    "range_coverage",
    "boundary_adherence",
    "category_coverage",
    "category_adherence",
    "pearson",
    "spearman",
    "association",
    "pair_tv",
    "triple_tv",
    "mutual_information",
    "subsample_equivalent",
)
"""Files with one `METRIC` each, in the order of the report."""
