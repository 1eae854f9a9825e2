"""Where the time of a piece of work goes, by groups of torch's operators, and how fast matrix products can be.

Time is that of the operator itself, without those it calls, as torch's profiler gives it on a CPU; what no operator
accounts for (Python, NumPy, the profiler) is a group of its own. Watching costs some microseconds for each operator and
nearly none inside a product, so shares of products are rather too low than too high.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

PRODUCTS, ATTENTION, OUTSIDE, OTHERS = "matrix products", "attention", "outside of operators", "other operators"
_GROUPS: dict[str, tuple[str, ...]] = {
    PRODUCTS: ("mm", "addmm", "bmm", "baddbmm", "linear", "matmul", "mv", "addmv", "dot", "mkldnn_linear",
               "_int_mm"),
    "copies and new tensors": (
        "copy_", "clone", "cat", "stack", "contiguous", "to", "_to_copy", "empty", "empty_like", "empty_strided",
        "new_empty", "zeros", "zeros_like", "new_zeros", "ones", "full", "fill_", "zero_", "repeat", "arange",
        "repeat_interleave", "slice_backward", "select_backward",
    ),
    "views": (
        "view", "_unsafe_view", "reshape", "t", "transpose", "permute", "expand", "slice", "select", "narrow",
        "unsqueeze", "squeeze", "as_strided", "split", "chunk", "detach", "alias", "_reshape_alias", "numpy_T",
    ),
    "arithmetic by element": (
        "add", "add_", "sub", "sub_", "rsub", "mul", "mul_", "div", "div_", "neg", "pow", "sqrt", "rsqrt", "exp",
        "exp_", "log", "silu", "silu_backward", "gelu", "sigmoid", "sin", "cos", "where", "clamp", "clamp_",
        "masked_fill", "masked_fill_", "lerp", "eq", "ne", "lt", "le", "gt", "ge", "bitwise_and", "logical_and",
    ),
    "sums, norms and softmax": (
        "sum", "mean", "cumsum", "amax", "max", "argmax", "all", "any", "norm", "linalg_vector_norm", "logsumexp",
        "softmax", "_softmax", "_log_softmax", "_log_softmax_backward_data", "_softmax_backward_data",
        "nll_loss_forward", "nll_loss_backward", "isfinite", "topk", "sort", "searchsorted",
    ),
    "lookups": (
        "embedding", "embedding_dense_backward", "index", "index_select", "index_put_", "_index_put_impl_",
        "index_add", "index_add_", "gather", "scatter", "scatter_", "scatter_add_", "nonzero",
    ),
}  # fmt: skip
_OF = {name: group for group, names in _GROUPS.items() for name in names}
Work = Callable[[], object]


def group_of(operator: str) -> str:
    """Return the group of an operator as the profiler names it.

    Examples
    --------
    >>> group_of("aten::addmm"), group_of("aten::_scaled_dot_product_flash_attention_for_cpu")
    ('matrix products', 'attention')
    """
    name = operator.removeprefix("aten::")
    if "scaled_dot_product" in name:
        return ATTENTION
    if "adam" in name or name.startswith("_foreach") or name.startswith("Optimizer"):
        return "optimiser"
    return _OF.get(name, OTHERS)


def profiled(work: Work, runs: int) -> dict[str, Any]:
    """Run some work several times under the profiler, after one run that does not count.

    Returns
    -------
    dict
        ``seconds`` of each run, watched; ``unwatched_seconds`` of as many that were not, in turns with them;
        ``shares`` of the watched time by group, medians over the runs, largest first; ``operators``, the ten largest
        by their median share; ``products_of_unwatched``, the seconds in products over those of an unwatched run.
    """
    work()
    watched, unwatched, by_group, by_name = [], [], [], []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        unwatched.append(time.perf_counter() - began)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            began = time.perf_counter()
            work()
            watched.append(time.perf_counter() - began)
        names = {event.key: event.self_cpu_time_total / 1e6 for event in seen.key_averages()}
        groups: dict[str, float] = {}
        for name, seconds in names.items():
            groups[group_of(name)] = groups.get(group_of(name), 0.0) + seconds
        groups[OUTSIDE] = max(0.0, watched[-1] - sum(names.values()))
        by_group.append({name: seconds / watched[-1] for name, seconds in groups.items()})
        by_name.append({name: seconds / watched[-1] for name, seconds in names.items()})
    shares, operators = _medians(by_group), _medians(by_name)
    products = statistics.median(one.get(PRODUCTS, 0.0) * s for one, s in zip(by_group, watched, strict=True))
    return {
        "seconds": watched,
        "unwatched_seconds": unwatched,
        "shares": shares,
        "operators": dict(list(operators.items())[:10]),
        "products_of_unwatched": products / statistics.median(unwatched),
    }


def _medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = {name for one in runs for name in one}
    medians = {name: statistics.median(one.get(name, 0.0) for one in runs) for name in names}
    return dict(sorted(medians.items(), key=lambda item: (-item[1], item[0])))


FACTORS = {"aten::mm": slice(0, 2), "aten::addmm": slice(1, 3)}
"""Where the two factors are among the inputs; the last input may be the tensor that the result goes to."""


def flops(work: Work) -> int:
    """Return the floating-point operations of the matrix products of some work; attention's own are not counted."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def product_shapes(work: Work, most: int) -> dict[tuple[int, int, int], int]:
    """Return the shapes (m, k, n) of the products that most operations go into, and these operations."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as seen:
        work()
    found: dict[tuple[int, int, int], int] = {}
    for event in seen.key_averages(group_by_input_shape=True):
        if event.key not in FACTORS:
            continue
        (m, k), (_, n) = event.input_shapes[FACTORS[event.key]]
        found[m, k, n] = found.get((m, k, n), 0) + 2 * m * k * n * event.count
    return dict(sorted(found.items(), key=lambda item: -item[1])[:most])


def product(shape: tuple[int, int, int], least_seconds: float = 0.02) -> tuple[Work, int]:
    """Return a float32 product of that shape, repeated so that it takes a while, and its operations in all."""
    m, k, n = shape
    left, right, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
    torch.mm(left, right, out=out)
    began = time.perf_counter()
    torch.mm(left, right, out=out)
    repeats = max(1, math.ceil(least_seconds / max(time.perf_counter() - began, 1e-6)))

    def work() -> None:
        for _ in range(repeats):
            torch.mm(left, right, out=out)

    return work, 2 * m * k * n * repeats
