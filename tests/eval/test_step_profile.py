"""Time is told apart by what it was spent on, operations are those of the model, and the limit follows from both."""

import json
import time

import pytest
import torch

from eval import data, step_profile
from eval.benchmark import operators


def test_a_product_is_a_product_and_sleep_is_outside():
    left = torch.randn(256, 256)
    busy = operators.profiled(lambda: [left @ left for _ in range(5)], 2)
    assert busy["shares"][operators.PRODUCTS] > 0.3 and "aten::mm" in busy["operators"]
    idle = operators.profiled(lambda: time.sleep(0.05), 2)
    assert idle["shares"][operators.OUTSIDE] > 0.9 and idle["products_of_unwatched"] == 0.0
    assert len(idle["seconds"]) == len(idle["unwatched_seconds"]) == 2
    assert list(busy["shares"].values()) == sorted(busy["shares"].values(), reverse=True)


@pytest.mark.parametrize(
    ("operator", "group"),
    [
        ("aten::bmm", operators.PRODUCTS),
        ("aten::linear", operators.PRODUCTS),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", operators.ATTENTION),
        ("aten::_fused_adamw_", "optimiser"),
        ("aten::silu", "arithmetic by element"),
        ("aten::copy_", "copies and new tensors"),
        ("aten::something_new", operators.OTHERS),
    ],
)
def test_operators_have_their_groups(operator, group):
    assert operators.group_of(operator) == group


def test_operations_and_shapes_are_those_of_the_products():
    left, right = torch.randn(8, 16), torch.randn(16, 4)

    def work():
        with torch.inference_mode():
            return left @ right, right.T @ left.T @ left

    assert operators.flops(work) == 2 * (8 * 16 * 4 + 4 * 16 * 8 + 4 * 8 * 16)
    assert operators.product_shapes(work, 9) == {(8, 16, 4): 1024, (4, 16, 8): 1024, (4, 8, 16): 1024}
    assert len(operators.product_shapes(work, 1)) == 1
    _, count = operators.product((8, 16, 4), least_seconds=0.0)
    assert count == 1024


def test_the_share_of_the_limit_is_rows_per_second_against_rate_over_operations(monkeypatch, tiny, tmp_path):
    monkeypatch.setattr(data, "load", lambda name: tiny)
    steps = step_profile.steps_of("compact", tiny)
    monkeypatch.setattr(step_profile, "steps_of", lambda model, table: small(steps))
    path = step_profile.run(cases={"compact": "adult"}, runs=1, large=64, folder=tmp_path)
    result = json.loads(path.read_text())
    one = result["models"]["compact"]
    limit = one["flops_per_second"]["large"] / one["flops_per_row"]
    assert one["sampling"]["limit_rows_per_second"] == pytest.approx(limit, rel=1e-4)
    assert one["sampling"]["share_of_limit"] == pytest.approx(one["sampling"]["rows_per_second"] / limit, rel=1e-4)
    # 332,352 weights in three layers, a product adds and multiplies. The start is computed once for all rows, and the
    # last of the four columns is not fed: three positions.
    assert one["flops_per_row"] == pytest.approx(3 * 2 * 332_352, rel=0.02)
    assert 0.5 < one["own_shapes_share_of_flops"] <= 1.0
    assert [target["what"].split(",")[1] for target in result["targets"]] == [
        " training step", " decoding step", " rows sampled per second", " share of the arithmetic limit",
    ]  # fmt: skip
    assert sum(one["training_step"]["shares"].values()) == pytest.approx(1.0, abs=0.05)


def test_products_into_a_given_tensor_have_the_shapes_of_their_factors():
    left, right, out = torch.randn(8, 16), torch.randn(16, 4), torch.zeros(8, 4)

    def work():
        torch.mm(left, right, out=out)
        torch.addmm(out, left, right, out=out)

    assert operators.product_shapes(work, 9) == {(8, 16, 4): 2048} and operators.flops(work) == 2048


def small(steps):
    """The same steps with fewer rows sampled."""
    from dataclasses import replace

    return replace(steps, sample=steps.decode, sampled_rows=steps.decoding_rows)
