"""What to call a cell: the shortest number, or the coarsest date, that lies inside it.

The name is what a pretrained model reads and writes for the cell, so it is ordinary text. Cells are disjoint and an
atom is never inside one, hence names are unique within a column.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from llmsynth.table.cells import IntArray
from llmsynth.table.datetimes import LOCAL_DAY

_NANOSECONDS = {
    "D": 86_400 * 10**9,
    "h": 3_600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "ns": 1,
}
_UNITS = tuple(_NANOSECONDS)


def format_grid(point: int, decimals: int) -> str:
    """Grid point as decimal text without needless zeros: 1250 with two decimals is ``12.5``."""
    if decimals < 0:
        return str(point * 10**-decimals)
    sign, digits = ("-" if point < 0 else ""), str(abs(point)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    whole, fraction = digits[:-decimals], digits[-decimals:].rstrip("0")
    return sign + whole + ("." + fraction if fraction else "")


def shortest_numbers(
    lower: IntArray,
    upper: IntArray,
    exact: npt.NDArray[np.bool_],
    decimals: int,
    is_atom: Callable[[IntArray], npt.NDArray[np.bool_]],
) -> list[str]:
    """Name of each code.

    Parameters
    ----------
    lower, upper : ndarray of int64, shape (n_codes,)
        First and last grid point of each code, inclusive.
    exact : ndarray of bool, shape (n_codes,)
        Codes that are single values (atoms).
    decimals : int
        Decimals of the grid.
    is_atom : callable
        Tells which grid points are atoms, and so may not name a cell.

    Returns
    -------
    list of str
        Distinct texts, one per code.
    """
    names = []
    for first, last, single in zip(lower.tolist(), upper.tolist(), exact.tolist(), strict=True):
        names.append(format_grid(first if single else _roundest(first, last, is_atom), decimals))
    return _aligned(names)


def _aligned(names: list[str]) -> list[str]:
    """Whole parts padded with zeros to one width, so that the first digit written already says the magnitude.

    Without it ``1700`` and ``17000`` begin alike and a model that writes digit by digit learns the magnitude last.
    """
    width = max((len(name.lstrip("-").split(".")[0]) for name in names), default=0)
    padded = []
    for name in names:
        sign, digits = ("-", name[1:]) if name.startswith("-") else ("", name)
        whole, point, fraction = digits.partition(".")
        padded.append(f"{sign}{whole.rjust(width, '0')}{point}{fraction}")
    return padded


def _roundest(first: int, last: int, is_atom: Callable[[IntArray], npt.NDArray[np.bool_]]) -> int:
    """The member of [first, last] with the most trailing zeros that is not an atom; nearest the middle of those."""
    step = 10 ** len(str(max(abs(first), abs(last), 1)))
    middle = (first + last) // 2
    while step >= 1:
        low, high = -(-first // step), last // step
        if low <= high:
            best = min(max((2 * middle + step) // (2 * step), low), high)
            near = [factor * step for factor in range(max(low, best - 5), min(high, best + 5) + 1)]
            taken = is_atom(np.array(near, dtype=np.int64)).tolist()
            free = [point for point, atom in zip(near, taken, strict=True) if not atom]
            if free:
                return int(min(free, key=lambda point: abs(point - middle)))
        step //= 10
    # Every round member near the middle is an atom: the bounds of a cell never are.
    return first


def shortest_dates(
    lower: IntArray,
    upper: IntArray,
    exact: npt.NDArray[np.bool_],
    unit: str,
    is_atom: Callable[[IntArray], npt.NDArray[np.bool_]],
) -> list[str]:
    """ISO text of each code: the coarsest of date, minute, second, ... with a member in [lower, upper].

    Parameters
    ----------
    lower, upper : ndarray of int64, shape (n_codes,)
        First and last count of `unit` since 1970-01-01, inclusive.
    exact : ndarray of bool, shape (n_codes,)
        Codes that are single values (atoms).
    unit : str
        One of `llmsynth.table.datetimes.PER_DAY`.
    is_atom : callable
        Tells which grid points are atoms, and so may not name a cell.

    Returns
    -------
    list of str
        Distinct texts, one per code.
    """
    own = {"min": "m", LOCAL_DAY: "D"}.get(unit, unit)
    coarser = _UNITS[: _UNITS.index(own) + 1]
    return [
        _coarsest(first, last, single, (own, coarser), is_atom)
        for first, last, single in zip(lower.tolist(), upper.tolist(), exact.tolist(), strict=True)
    ]


def _coarsest(
    first: int,
    last: int,
    single: bool,
    units: tuple[str, tuple[str, ...]],
    is_atom: Callable[[IntArray], npt.NDArray[np.bool_]],
) -> str:
    own, coarser = units
    for candidate in coarser:
        per = _NANOSECONDS[candidate] // _NANOSECONDS[own]
        point = -(-first // per) * per
        if not single and is_atom(np.array([point]))[0]:
            point += per
        if point <= last and (single or not is_atom(np.array([point]))[0]):
            return _iso(point, own, "m" if candidate == "h" else candidate)
    return _iso(first, own, own)


def _iso(point: int, unit: str, shown_unit: str) -> str:
    return str(np.int64(point).astype(f"datetime64[{unit}]").astype(f"datetime64[{shown_unit}]")).replace("T", " ")
