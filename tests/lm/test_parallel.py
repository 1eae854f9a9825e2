import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

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


def test_a_process_on_its_own_keeps_every_row():
    alone = Parallel()
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


def test_two_processes_end_with_the_weights_of_one(tmp_path):
    # What `accelerate launch` sets, on the loopback interface: a build machine's own name need not resolve.
    program = tmp_path / "train.py"
    program.write_text(PROGRAM, encoding="utf-8")
    one, two, other = tmp_path / "one.json", tmp_path / "two.json", tmp_path / "other.json"
    finish(start(program, one), one)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    if sys.platform == "linux":
        common["GLOO_SOCKET_IFNAME"] = "lo"
    ranks = [start(program, path, **common, RANK=str(k), LOCAL_RANK=str(k)) for k, path in enumerate((two, other))]
    for process, path in zip(ranks, (two, other), strict=True):
        finish(process, path)
    alone, together = json.loads(one.read_text()), json.loads(two.read_text())
    assert (alone["size"], together["size"]) == (1, 2)
    np.testing.assert_allclose(together["sums"], alone["sums"], rtol=1e-3, atol=1e-3)
