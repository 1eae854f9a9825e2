"""How good and how close to its source a synthetic table is; never learns how the rows were made.

`evaluate` computes every metric, one per file, each with its interval and beside the figure of real rows that were held
out; `judge` turns the report into a verdict by a policy. `summarize` is the short form that a run prints.
"""

from llmsynth.evaluate.c2st import C2ST, c2st
from llmsynth.evaluate.closeness import Closeness, closeness
from llmsynth.evaluate.copies import exact_copies
from llmsynth.evaluate.distances import nearest_distances
from llmsynth.evaluate.encoding import EncodedTable, Layout, encode_tables
from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.gate import Verdict, judge
from llmsynth.evaluate.learners import Classifier, Learners, Regressor
from llmsynth.evaluate.policy import Policy, read_policy
from llmsynth.evaluate.render import render, render_comparison
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.report_diff import ReportDiff, report_diff
from llmsynth.evaluate.report_from_statistics import report_from_statistics
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.shape import ks_distance, shape, shape_by_column, tv_distance
from llmsynth.evaluate.summary import METRICS, Summary, SummaryLine, compare, summarize
from llmsynth.evaluate.trend import correlations, trend, trend_matrix
from llmsynth.evaluate.tstr import Utility, infer_task, tstr
from llmsynth.evaluate.utility.scarcity import scarcity

__all__ = [
    "C2ST",
    "METRICS",
    "Classifier",
    "Closeness",
    "EncodedTable",
    "Layout",
    "Learners",
    "Policy",
    "Regressor",
    "Report",
    "ReportDiff",
    "Score",
    "Summary",
    "SummaryLine",
    "Utility",
    "Verdict",
    "c2st",
    "closeness",
    "compare",
    "correlations",
    "encode_tables",
    "evaluate",
    "exact_copies",
    "infer_task",
    "judge",
    "ks_distance",
    "nearest_distances",
    "read_policy",
    "render",
    "render_comparison",
    "report_diff",
    "report_from_statistics",
    "scarcity",
    "shape",
    "shape_by_column",
    "summarize",
    "trend",
    "trend_matrix",
    "tstr",
    "tv_distance",
]
