"""Utility: do models and analyses made with synthetic rows hold on real ones?"""

MODULES: tuple[str, ...] = (
    "tstr_ratio",
    "tstr_gap",
    "tstr",
    "trtr",
    "per_class_recall",
    "subgroup_minimum",
    "calibration",
    "trts",
    "tsts",
    "augmentation",
    "importance_agreement",
    "model_ranking",
    "coefficient_overlap",
    "fairness",
    "aggregate_queries",
)
"""Files with one `METRIC` each, in the order of the report."""
