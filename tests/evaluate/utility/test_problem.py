"""The training rows decide what is predicted."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.problem import Problem, class_names, problem_of


def _problem(real: pd.DataFrame, *others: pd.DataFrame) -> Problem:
    problem = problem_of(encode_tables(real, *others)[0], "y")
    assert isinstance(problem, Problem)
    return problem


def test_classes_are_numbered_by_falling_frequency_and_unknown_ones_are_other() -> None:
    real = pd.DataFrame({"x": range(6), "y": ["b", "a", "b", "c", "b", "a"]})
    made = pd.DataFrame({"x": range(4), "y": ["c", "new", None, "b"]})
    tables = encode_tables(real, made)
    problem = problem_of(tables[0], "y")
    assert isinstance(problem, Problem)
    assert problem.rows(tables[0]).classes.tolist() == [0, 1, 0, 2, 0, 1]
    rows = problem.rows(tables[1])
    assert rows.classes.tolist() == [2, 3, 0] and rows.numbers.tolist() == [0, 1, 3]
    assert problem.n_classes == 4 and problem.rarest == 2 and problem.positive is None


def test_many_classes_are_pooled_and_rare_ones_are_not_named() -> None:
    names = [f"k{i:02}" for i in range(30) for _ in range(40 - i if i < 19 else 3)]
    real = pd.DataFrame({"x": range(len(names)), "y": names})
    evidence = gather(real, real, target="y")
    problem = problem_of(evidence.train, "y")
    assert isinstance(problem, Problem) and problem.n_classes == 21
    shown = class_names(evidence, problem)
    assert shown[0] == "k00" and shown[-2:] == ["class 20 (few rows)", "any other class"]


def test_a_number_stays_a_number() -> None:
    real = pd.DataFrame({"x": range(30), "y": np.arange(30.0)})
    problem = _problem(real)
    assert problem.task == "regression" and problem.n_classes == 0 and problem.positive is None


def test_what_cannot_be_predicted_is_a_reason() -> None:
    real = pd.DataFrame({"x": range(30), "y": ["a", "b"] * 15, "one": [1] * 30, "none": [None] * 30})
    (table,) = encode_tables(real)
    for target, reason in ((None, "needs a target"), ("one", "one class"), ("none", "every value is missing")):
        assert reason in str(problem_of(table, target))
    assert "beside" in str(problem_of(encode_tables(real[["y"]])[0], "y"))


def test_a_class_of_one_person_is_not_named() -> None:
    real = pd.DataFrame({"y": ["a"] * 12 + ["b"] * 8, "who": np.minimum(np.arange(20), 12), "x": np.arange(20.0)})
    for unit, expected in ((None, "b"), ("who", "class 2 (few rows)")):
        evidence = gather(real, real, target="y", unit=unit)
        problem = problem_of(evidence.train, "y")
        assert isinstance(problem, Problem) and class_names(evidence, problem)[1] == expected
