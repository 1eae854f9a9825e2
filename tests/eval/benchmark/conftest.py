"""A small table and methods that are scripts of a few lines, in place of peers."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval.benchmark.methods import Method
from eval.benchmark.scores import Scoring
from eval.tables import Table

PEER = """\
import argparse, json, sys, time
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("train"); parser.add_argument("out")
parser.add_argument("--rows", type=int); parser.add_argument("--seed", type=int)
parser.add_argument("--budget-minutes", type=float); parser.add_argument("--target"); parser.add_argument("--meta")
parser.add_argument("--do", default="work"); parser.add_argument("--count"); parser.add_argument("--holdout")
given = parser.parse_args()
out = Path(given.out)
assert Path.cwd() == out.resolve()
if given.count:
    with open(given.count, "a") as file: file.write("fit\\n")
lines = Path(given.train).read_text().splitlines()
meta = json.loads(Path(given.meta).read_text())
assert meta["target"] == given.target and given.holdout is None
if given.do == "hang": time.sleep(60)
if given.do == "break": raise ValueError("cannot read " + repr(lines[1]))
if given.do == "die": import os; os.kill(os.getpid(), 9)
rows = (lines[1:] * (1 + given.rows // len(lines[1:])))[: given.rows]
if given.do == "narrow": lines[0], rows = lines[0].split(",")[0], [row.split(",")[0] for row in rows]
if given.do == "empty": rows = []
if given.do != "silent": (out / "synthetic.csv").write_text("\\n".join([lines[0], *rows]) + "\\n")
answer = {"seconds": {"fit": 1.5, "sample": 0.5}, "versions": {"toy": "1.0"}, "notes": ["a toy"]}
(out / "answer.json").write_text(json.dumps(answer))
if given.do == "late": raise RuntimeError("after the answer")
"""


def people(seed, n):
    rng = np.random.default_rng(seed)
    age, job = rng.integers(18, 90, n), rng.choice(["clerk", "cook", "guide"], n)
    pay = np.round(100 * age + 800 * (job == "cook") + rng.normal(0, 900, n), 2)
    return pd.DataFrame({"age": age, "pay": pay, "job": job, "rich": np.where(pay > 6000, "yes", "no")})


def table_of(n=200, *, half=False):
    return Table("toy", "Toy", "binclass", "rich", ("age", "pay"), ("job",), people(0, n), people(1, n // 2), half=half)


@pytest.fixture
def table():
    return table_of()


@pytest.fixture
def peer(tmp_path):
    """Return methods whose process counts its fits and does what it is told."""
    script = tmp_path / "run.py"
    script.write_text(PEER)

    def method(do="work"):
        own = ("--do", do, "--count", str(tmp_path / "fits"))
        return Method("toy", "Toy 1.0", "peer", lambda: (sys.executable, Path(script), own))

    return method


@pytest.fixture
def n_fits(tmp_path):
    return lambda: len((tmp_path / "fits").read_text().splitlines()) if (tmp_path / "fits").exists() else 0


@pytest.fixture
def little():
    return Scoring(grid=1, report="none")
