"""Rates are those of the work, operations those of the products, and a GPU is asked for where there is none."""

import json
import time

import pytest
import torch

from eval import accelerator, data

CPU = torch.device("cpu")


def test_without_a_gpu_nothing_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="needs a CUDA device"):
        accelerator.run(folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_first_run_does_not_count():
    calls = []
    found = accelerator.seconds_of(lambda: calls.append(time.sleep(0.02 if calls else 0.2)), 2, CPU)
    assert len(calls) == 3 and len(found) == 2 and all(0.01 < one < 0.15 for one in found)


def test_attention_with_fewer_heads_of_keys_is_not_counted_and_products_are():
    query, key = torch.randn(2, 9, 5, 64, requires_grad=True), torch.randn(2, 3, 5, 64)

    def work():
        torch.nn.functional.scaled_dot_product_attention(query, key, key, enable_gqa=True).sum().backward()
        return torch.randn(8, 4) @ torch.randn(4, 2)

    assert accelerator.flops_of(work) == 2 * 8 * 4 * 2


def test_rates_are_operations_over_seconds(monkeypatch, tiny, tmp_path):
    monkeypatch.setattr(data, "load", lambda name: tiny)
    sizes = accelerator.Sizes((16,), (32, 64))
    path = accelerator.run(cases={"compact": sizes}, device="cpu", runs=1, large=64, folder=tmp_path)
    result = json.loads(path.read_text())
    one, peak = result["models"]["compact"], result["peak"]["flops_per_second"]["float32"]
    assert [size["own"] for size in one["training"]] == [True, False] and one["training"][1]["rows"] == 16
    for size in one["training"]:
        assert size["share_of_peak"] == pytest.approx(
            size["tokens_per_second"] * size["flops_per_token"] / peak, rel=1e-4
        )
        # Forward, and twice that backward.
        assert size["flops_per_token"] == pytest.approx(6 * 332_352, rel=0.05)
        # The last batch of an epoch may be smaller.
        assert 0.5 < size["rows_per_second"] * size["seconds_per_step"][0] / size["rows"] < 1.001
    assert [size["own"] for size in one["sampling"]].count(True) == 1
    assert one["same_rows"] == {"rows": 64, "batches": [64, 32], "share": 1.0}
    assert [target["what"] for target in result["targets"]] == ["compact, rows sampled per second"]
