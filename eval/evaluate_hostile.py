"""`evaluate-hostile`: tens of thousands of calls of `evaluate` with tables that break things; none may fail untidily.

Hypothesis draws the calls (`hostile_frames`): hostile names and values, every data type, tables of no row, of one row,
without a value, constant, 500 columns wide, columns lost or of another type, roles that do not exist. A call ends well
if it returns a report that JSON takes, a verdict follows, or an error of the library's own is raised. Anything else is
counted, with the place it came from and never a value. Most calls are of level quick, some of level full.

`pytest --hypothesis-profile nightly tests/evaluate/test_hostile_frames.py` is the same as a test. Seconds stand in the
result to say what a night holds, and no target is on them.
"""

from __future__ import annotations

import json
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from eval import record
from eval.hostile_frames import Call, calls
from eval.record import Target
from llmsynth.errors import LlmsynthError
from llmsynth.evaluate import evaluate, judge

EXAMPLES = {"quick": 20_000, "full": 500}


def ends(call: Call) -> str:
    """Evaluate, judge and write as JSON; return how it ended.

    Returns
    -------
    str
        The verdict, or the name of the library's error.

    Raises
    ------
    Exception
        Whatever else is raised.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that overflow: what is asked here is that a call ends well
        try:
            report = evaluate(call.real, call.synthetic, call.holdout, **call.options)
        except LlmsynthError as refused:
            return type(refused).__name__
        json.dumps(report.to_dict(), allow_nan=False)
        return str(judge(report).decision)


def place_of(problem: BaseException) -> str:
    """Return the kind of an exception and the innermost line of the library it came through."""
    frames = [one for one in traceback.extract_tb(problem.__traceback__) if "llmsynth" in Path(one.filename).parts]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "outside the library"
    return f"{type(problem).__name__} in {place}"


def drawn(level: str, examples: int) -> dict[str, Any]:
    """Draw calls of a level and count how they end."""
    ended: Counter[str] = Counter()
    failed: Counter[str] = Counter()

    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate], derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(calls(level))
    def each(call: Call) -> None:
        try:
            ended[ends(call)] += 1
        except Exception as problem:  # counted, and the benchmark misses its target
            failed[place_of(problem)] += 1

    began = time.process_time()
    each()
    return {
        "examples": ended.total() + failed.total(), "ended": dict(ended.most_common()), "uncaught": failed.total(),
        "uncaught_by_place": dict(failed.most_common()), "processor_seconds": time.process_time() - began,
    }  # fmt: skip


def run(*, examples: dict[str, int] | None = None, folder: Path = record.RESULTS) -> Path:
    """Draw calls of every level and write the result file."""
    wanted = EXAMPLES if examples is None else examples
    levels = {level: drawn(level, number) for level, number in wanted.items()}
    targets = [
        Target("calls of evaluate", float(sum(one["examples"] for one in levels.values())), ">=",
               float(sum(wanted.values()))),
        Target("calls that end in an uncaught exception", float(sum(one["uncaught"] for one in levels.values())),
               "<=", 0.0),
    ]  # fmt: skip
    return record.write("evaluate-hostile", {"levels": levels}, targets, folder=folder)
