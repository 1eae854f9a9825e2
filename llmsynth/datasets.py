"""Two tables to try things on: one real, one simulated.

This file knows where the real table comes from and how the simulated one is generated. It downloads nothing: the real
table ships with scikit-learn, the simulated one is computed. It refuses to know anything about models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from llmsynth.errors import InputError
from llmsynth.seeding import Name, uniforms

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_DIABETES_COLUMNS = {
    "age": ("age_years", 0),
    "sex": ("sex", 0),
    "bmi": ("bmi_kg_m2", 1),
    "bp": ("mean_blood_pressure_mmhg", 2),
    "s1": ("total_cholesterol_mg_dl", 0),
    "s2": ("ldl_cholesterol_mg_dl", 1),
    "s3": ("hdl_cholesterol_mg_dl", 1),
    "s4": ("total_to_hdl_ratio", 2),
    "s5": ("log_triglycerides", 4),
    "s6": ("glucose_mg_dl", 0),
    "target": ("progression", 0),
}


def load_diabetes() -> pd.DataFrame:
    """Return the diabetes table of Efron et al. (2004): 442 patients, 11 columns, no missing values.

    The unscaled table that ships with scikit-learn (`sklearn.datasets.load_diabetes(scaled=False)`), with readable
    names, units in the names, and whole numbers as integers:

    ========================== ===========================================================================
    age_years                  age in years, 19 to 79
    sex                        "sex 1" or "sex 2"; the publication does not say which code is which
    bmi_kg_m2                  body mass index, one decimal
    mean_blood_pressure_mmhg   average blood pressure, mostly whole numbers, up to two decimals
    total_cholesterol_mg_dl    total serum cholesterol
    ldl_cholesterol_mg_dl      low-density lipoproteins, one decimal
    hdl_cholesterol_mg_dl      high-density lipoproteins, whole numbers but for one value
    total_to_hdl_ratio         total cholesterol divided by HDL, up to two decimals
    log_triglycerides          natural logarithm of serum triglycerides (scikit-learn: "possibly"), four decimals
    glucose_mg_dl              blood sugar
    progression                quantitative measure of disease progression one year later; the usual target
    ========================== ===========================================================================

    The publication gives no units for the blood measurements; those in the names are the customary ones of the United
    States, which the ranges fit.

    Returns
    -------
    pandas.DataFrame
        442 rows in the order of the source; `sex` is categorical, four columns are int64 and six float64.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004), "Least Angle Regression", Annals of Statistics 32(2),
    407-499.

    Examples
    --------
    >>> table = load_diabetes()
    >>> table.shape
    (442, 11)
    >>> [str(value) for value in table.loc[0, ["age_years", "sex", "bmi_kg_m2", "progression"]]]
    ['59', 'sex 2', '32.1', '151']
    """
    import pandas as pd
    from sklearn.datasets import load_diabetes as load

    raw = load(as_frame=True, scaled=False).frame
    columns: dict[str, object] = {}
    for old, (new, decimals) in _DIABETES_COLUMNS.items():
        values = raw[old].to_numpy(dtype=np.float64).round(decimals)
        columns[new] = values if decimals else values.astype(np.int64)
    table = pd.DataFrame(columns)
    table["sex"] = pd.Categorical(["sex 1" if code == 1 else "sex 2" for code in table["sex"]], ["sex 1", "sex 2"])
    return table


def load_ehr(n: int = 1000, random_state: int = 0) -> pd.DataFrame:
    """Simulate a health-record table about diabetes, with a known generating process.

    Every row is an independent draw of this chain, where N is standard normal and U uniform, fresh for each column,
    and clipped values are pulled to the nearest bound:

    - age = 52 + 16 N years, rounded, clipped to 18 ... 90
    - sex = "female" with probability 0.52, else "male"
    - bmi = exp(ln 27.5 + 0.002 (age - 52) + 0.18 N) kg/m2, one decimal, clipped to 15 ... 60
    - blood_pressure = 124 + 0.40 (age - 52) + 0.9 (bmi - 28) + 3 [male] + 11 N mmHg (systolic), whole, 80 ... 220
    - cholesterol = 196 + 0.45 (age - 52) + 1.0 (bmi - 28) + 30 N mg/dl (total), whole, 90 ... 400
    - smoker = "yes" with log-odds -1.2 + 0.35 [male] - 0.015 (age - 52), else "no"
    - diabetes = "yes" with log-odds -1.03 + 0.045 (age - 52) + 0.11 (bmi - 28) + 0.012 (blood_pressure - 124)
      + 0.35 [smoker], else "no"; the prevalence is 0.32
    - glucose = 93 + 0.15 (age - 52) + 0.4 (bmi - 28) + 9 N mg/dl (fasting) without diabetes, and
      146 + 0.15 (age - 52) + 0.8 (bmi - 28) + 28 N with it, whole, 55 ... 400

    The coefficients are plausible, not estimated: the table is for tests and examples, and says nothing about people.

    Parameters
    ----------
    n : int, default 1000
        Rows.
    random_state : int, default 0
        Row i depends on this and on i alone, so a longer table begins with the shorter one.

    Returns
    -------
    pandas.DataFrame
        Columns age (int64), sex (str), bmi (float64), blood_pressure, cholesterol, glucose (int64), smoker and
        diabetes ("yes" or "no").

    Raises
    ------
    InputError
        If `n` is negative.

    Examples
    --------
    >>> table = load_ehr(1000)
    >>> list(table.columns)
    ['age', 'sex', 'bmi', 'blood_pressure', 'cholesterol', 'glucose', 'smoker', 'diabetes']
    >>> bool(table["age"].between(18, 90).all())
    True
    """
    import pandas as pd

    if n < 0:
        raise InputError(f"n: expected at least 0 rows, got {n!r}")
    draw = _Draws(n, random_state)
    age = (52 + 16 * draw.normal("age")).round().clip(18, 90)
    male = draw.uniform("sex") >= 0.52
    bmi = np.exp(np.log(27.5) + 0.002 * (age - 52) + 0.18 * draw.normal("bmi")).round(1).clip(15, 60)
    pressure = 124 + 0.40 * (age - 52) + 0.9 * (bmi - 28) + 3 * male + 11 * draw.normal("blood_pressure")
    pressure = pressure.round().clip(80, 220)
    cholesterol = 196 + 0.45 * (age - 52) + 1.0 * (bmi - 28) + 30 * draw.normal("cholesterol")
    smoker = draw.event("smoker", -1.2 + 0.35 * male - 0.015 * (age - 52))
    risk = -1.03 + 0.045 * (age - 52) + 0.11 * (bmi - 28) + 0.012 * (pressure - 124) + 0.35 * smoker
    diabetes = draw.event("diabetes", risk)
    noise = draw.normal("glucose")
    healthy = 93 + 0.15 * (age - 52) + 0.4 * (bmi - 28) + 9 * noise
    ill = 146 + 0.15 * (age - 52) + 0.8 * (bmi - 28) + 28 * noise
    return pd.DataFrame(
        {
            "age": age.astype(np.int64),
            "sex": _words(male, "male", "female"),
            "bmi": bmi,
            "blood_pressure": pressure.astype(np.int64),
            "cholesterol": cholesterol.round().clip(90, 400).astype(np.int64),
            "glucose": np.where(diabetes, ill, healthy).round().clip(55, 400).astype(np.int64),
            "smoker": _words(smoker, "yes", "no"),
            "diabetes": _words(diabetes, "yes", "no"),
        }
    )


class _Draws:
    """One random number per row for each named column."""

    def __init__(self, n: int, seed: int) -> None:
        self._n, self._seed = n, seed

    def uniform(self, name: Name) -> FloatArray:
        return uniforms(self._seed, ("ehr", name), 0, self._n)

    def normal(self, name: Name) -> FloatArray:
        from scipy.special import ndtri

        # Half a grid step up keeps the quantile function away from 0, where it is minus infinity.
        return np.asarray(ndtri(self.uniform(name) + 2.0**-54), dtype=np.float64)

    def event(self, name: Name, log_odds: FloatArray) -> BoolArray:
        return self.uniform(name) < 1 / (1 + np.exp(-log_odds))


def _words(condition: BoolArray, yes: str, no: str) -> list[str]:
    return [yes if held else no for held in condition]
