import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llmsynth.lm.parallel import Parallel

PROGRAM = """
import json, sys
import torch
torch.set_num_threads(1)
from llmsynth import TableSynthesizer, datasets
from llmsynth.lm.parallel import Parallel
recipe = {"model": "compact", "compact": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
          "num_attention_heads": 2, "warm_up": False}, "train": {"max_epochs": 2, "batch_size": 16}}
fitted = TableSynthesizer(recipe=recipe, random_state=0).fit(datasets.load_ehr(80, 0))
if Parallel().is_main:
    total = [float(value.detach().double().sum()) for value in fitted._engine.model.parameters()]
    json.dump({"size": Parallel().size, "sums": total}, open(sys.argv[1], "w"))
"""

BUDGET = """
import json, sys, time
import torch
torch.set_num_threads(1)
import llmsynth.synthesizer as facade
from llmsynth import TableSynthesizer, datasets
from llmsynth.lm.parallel import Parallel
from llmsynth.lm.trainer import Trainer
if Parallel().rank == 1:  # has less of the budget left when training begins
    read = facade.read_table
    facade.read_table = lambda table: (time.sleep(0.4), read(table))[1]
plans, fitted_plan = [], Trainer._replan
def replan(self, *args, **options):
    fitted_plan(self, *args, **options)
    plans.append((self.counters.step, self.plan.n_steps, self.plan.eval_every))
Trainer._replan = replan
recipe = {"model": "compact", "compact": {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
          "num_attention_heads": 2, "warm_up": False}, "train": {"batch_size": 16, "refit": False}}
TableSynthesizer(recipe=recipe, random_state=0, max_minutes=0.05).fit(datasets.load_ehr(400, 0))
json.dump(plans, open(sys.argv[1], "w"))
"""

VOTE = """
import json, sys
from llmsynth.lm.parallel import Parallel
own = Parallel()
json.dump([own.agree(True), own.agree(own.rank == 0), own.agree(False)], open(sys.argv[1], "w"))
"""

LEAVE = """
import atexit, json, sys
import torch.distributed as group
from llmsynth.lm.parallel import Parallel
def last():  # handlers run in reverse order
    found = group.is_initialized()
    json.dump(found, open(sys.argv[1], "w"))
    if found:
        group.destroy_process_group()
atexit.register(last)
if {before}:
    group.init_process_group("gloo")
Parallel()
Parallel().agree(True)
"""


def test_a_process_on_its_own_keeps_every_row():
    alone = Parallel()
    assert alone.agree(True) and not alone.agree(False)
    assert (alone.rank, alone.size, alone.is_main) == (0, 1, True)
    assert alone.share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def test_processes_share_out_a_batch_without_overlap():
    shares = []
    for rank in range(3):
        part = Parallel()
        part.rank, part.size = rank, 3
        shares.extend(part.share(np.arange(8)).tolist())
    assert sorted(shares) == list(range(8))


def start(program: Path, result: Path, **environment: str) -> subprocess.Popen[str]:
    log = result.with_suffix(".log")
    with log.open("w") as output:
        command = [sys.executable, str(program), str(result)]
        return subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output, text=True)


def finish(process: subprocess.Popen[str], result: Path) -> None:
    try:
        code = process.wait(timeout=240)
    finally:
        process.kill()
    assert code == 0, result.with_suffix(".log").read_text()


def run_two(program: Path, folder: Path) -> Path:
    """Run a program in two processes that train together; returns where the first of them writes."""
    # What `accelerate launch` sets, on the loopback interface: a build machine's own name need not resolve.
    two, other = folder / "two.json", folder / "other.json"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    if sys.platform == "linux":
        common["GLOO_SOCKET_IFNAME"] = "lo"
    ranks = [start(program, path, **common, RANK=str(k), LOCAL_RANK=str(k)) for k, path in enumerate((two, other))]
    for process, path in zip(ranks, (two, other), strict=True):
        finish(process, path)
    return two


def test_two_processes_end_with_the_weights_of_one(tmp_path):
    program, one = tmp_path / "train.py", tmp_path / "one.json"
    program.write_text(PROGRAM, encoding="utf-8")
    finish(start(program, one), one)
    two = run_two(program, tmp_path)
    alone, together = json.loads(one.read_text()), json.loads(two.read_text())
    assert (alone["size"], together["size"]) == (1, 2)
    np.testing.assert_allclose(together["sums"], alone["sums"], rtol=1e-3, atol=1e-3)


def test_processes_with_different_clocks_have_one_plan(tmp_path):
    program = tmp_path / "train.py"
    program.write_text(BUDGET, encoding="utf-8")
    plans = json.loads(run_two(program, tmp_path).read_text())
    assert len(plans) > 4 and plans == json.loads((tmp_path / "other.json").read_text())


def test_processes_do_only_what_all_of_them_would(tmp_path):
    program = tmp_path / "vote.py"
    program.write_text(VOTE, encoding="utf-8")
    first = json.loads(run_two(program, tmp_path).read_text())
    assert first == json.loads((tmp_path / "other.json").read_text()) == [True, False, False]


@pytest.mark.parametrize("before", [False, True])
def test_a_group_is_left_at_exit_by_whoever_made_it(tmp_path, before):
    program = tmp_path / "leave.py"
    program.write_text(LEAVE.format(before=before), encoding="utf-8")
    assert json.loads(run_two(program, tmp_path).read_text()) is before
