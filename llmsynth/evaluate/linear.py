"""Rows as a linear model reads them: standardised numbers with flags for what is missing, one column per category.

All of it is learned from the rows the model is trained on, as a user of those rows would: medians and scales of
numbers; which categories there are. Categories of fewer than 1 % of the rows are pooled, missing is a category of its
own, and one that was not there in training is all zeros.

Knows layouts. Refuses to know what is predicted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, Layout

RARE = 0.01  # share of the rows below which categories are pooled
MOST_CATEGORIES = 30  # columns per categorical column, so that 20 of them stay a dense matrix
MOST_ITERATIONS = 100  # two classes rest sooner; ten would take 300 and more, for 0.002 of AUROC
_LARGEST = 1e30  # its square is still a number, and it fits in float32, which forests use


def within_reach(values: FloatArray) -> FloatArray:
    """Return the values no farther from 0 than 1e30, so that squares and single precision do not overflow."""
    return np.clip(values, -_LARGEST, _LARGEST)


def linear_encoding(layout: Layout) -> Any:
    """Return an unfitted scikit-learn transformer from (rows, columns) with NaN to a dense matrix without.

    Parameters
    ----------
    layout : Layout
        Which columns are numbers and which category codes.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    categories = OneHotEncoder(
        handle_unknown="ignore", min_frequency=RARE, max_categories=MOST_CATEGORIES, sparse_output=False
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, np.flatnonzero(layout.numeric)),
            ("categories", categories, np.flatnonzero(~layout.numeric)),
        ],
        sparse_threshold=0,
    )


def logistic_classifier(layout: Layout, seed: int) -> Any:
    """Return an unfitted logistic regression behind `linear_encoding`, with scikit-learn's penalty (C = 1).

    It is stopped after `MOST_ITERATIONS` steps if it has not come to rest; call `fit` within `quiet` to be spared the
    warning.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        linear_encoding(layout), LogisticRegression(max_iter=MOST_ITERATIONS, random_state=seed % 2**32)
    )
