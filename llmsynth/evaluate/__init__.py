"""How good and how close to its source a synthetic table is; never learns how the rows were made.

One metric per file. `summarize` gives them all, each beside the figure of real rows that were held out.
"""

from llmsynth.evaluate.c2st import C2ST, c2st
from llmsynth.evaluate.closeness import Closeness, closeness
from llmsynth.evaluate.copies import exact_copies
from llmsynth.evaluate.distances import nearest_distances
from llmsynth.evaluate.encoding import EncodedTable, Layout, encode_tables
from llmsynth.evaluate.learners import Classifier, Learners, Regressor
from llmsynth.evaluate.render import render, render_comparison
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.shape import ks_distance, shape, shape_by_column, tv_distance
from llmsynth.evaluate.summary import METRICS, Summary, SummaryLine, compare, summarize
from llmsynth.evaluate.trend import correlations, trend, trend_matrix
from llmsynth.evaluate.tstr import Utility, infer_task, tstr

__all__ = [
    "C2ST",
    "METRICS",
    "Classifier",
    "Closeness",
    "EncodedTable",
    "Layout",
    "Learners",
    "Regressor",
    "Score",
    "Summary",
    "SummaryLine",
    "Utility",
    "c2st",
    "closeness",
    "compare",
    "correlations",
    "encode_tables",
    "exact_copies",
    "infer_task",
    "ks_distance",
    "nearest_distances",
    "render",
    "render_comparison",
    "shape",
    "shape_by_column",
    "summarize",
    "trend",
    "trend_matrix",
    "tstr",
    "tv_distance",
]
