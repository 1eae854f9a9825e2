"""Generators side by side on one table: how good their rows are, how long they take, and which one is enough.

`run.compare` does it, `result.Comparison` is what comes out, `recommend` holds the rules of the recommendation.
"""

from llmsynth.comparison.recommend import Recommendation
from llmsynth.comparison.result import Comparison
from llmsynth.comparison.run import compare

__all__ = ["Comparison", "Recommendation", "compare"]
