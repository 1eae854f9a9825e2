"""Random numbers that depend on what they are for, never on when they are drawn.

This file knows how to turn one user seed and a name into random numbers. It refuses to know what they are used for,
and it never touches the global state of `random`, numpy or torch.

Why counter-based and not one generator passed along: with a plain generator the numbers of row 100 depend on how many
were drawn before it, hence on the batch size and on which process drew the first ninety-nine. Philox (Salmon et al.,
"Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011) computes its i-th output directly from a key and the counter i.
The key is a hash of the seed and the stream's name, the counter is the row, so any row can be drawn alone, in any
batch and on any machine, with the same result. Points of a Sobol sequence are numbered in the same way.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
Name = str | int
_WORDS_PER_COUNTER = 4  # Philox4x64 gives four 64-bit words per counter step
MOST_DIMENSIONS = 21_201
"""Of Joe and Kuo's direction numbers, which SciPy has."""
_BLOCK = 65_536  # points of one sequence; it has to be run through from its beginning, so it must not be long
_BITS = 32  # of a coordinate; with more SciPy 1.17 cannot skip points


def derive(seed: int, *names: Name) -> int:
    """Return the seed of a named part of the work.

    Parameters
    ----------
    seed : int
        The user's seed, or one that was derived before.
    *names : str or int
        The path of the part, such as ``"decoder", 3``. ``"3"`` and ``3`` are different names.

    Returns
    -------
    int
        In ``[0, 2**63)``, so that torch, numpy, scikit-learn after ``% 2**32``, and JSON all accept it.

    Examples
    --------
    >>> derive(0, "trainer") == derive(0, "trainer")
    True
    >>> derive(0, "trainer") == derive(0, "decoder")
    False
    """
    return int.from_bytes(_digest(seed, names)[:8], "big") >> 1


def generator(seed: int, *names: Name) -> np.random.Generator:
    """Return a fresh numpy generator for a named part of the work.

    Two calls with the same arguments give generators that produce the same numbers.

    Parameters
    ----------
    seed : int
        The user's seed.
    *names : str or int
        The path of the part.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> generator(0, "split").permutation(5).tolist() == generator(0, "split").permutation(5).tolist()
    True
    """
    return np.random.Generator(np.random.Philox(key=_key(seed, names)))


def uniforms(seed: int, stream: Name | tuple[Name, ...], row_start: int, n: int) -> npt.NDArray[np.float64]:
    """Return the uniform numbers of rows ``row_start`` to ``row_start + n - 1`` of a stream.

    Row i's number depends on the seed, the stream and i alone: ``uniforms(s, t, 100, 10)`` equals
    ``uniforms(s, t, 0, 200)[100:110]``.

    Parameters
    ----------
    seed : int
        The user's seed.
    stream : str, int or tuple of them
        What the numbers are for, such as ``("sample", "age", 0)``. Different streams are independent.
    row_start : int
        First row, at least 0 and below ``2**63``.
    n : int
        How many rows.

    Returns
    -------
    ndarray of float64, shape (n,)
        In ``[0, 1)``, multiples of ``2**-53``.

    Raises
    ------
    ValueError
        If ``row_start`` or ``n`` is negative.

    Examples
    --------
    >>> bool((uniforms(7, "age", 100, 10) == uniforms(7, "age", 0, 200)[100:110]).all())
    True
    """
    if row_start < 0 or n < 0:
        raise ValueError(f"row_start and n must be at least 0, got row_start={row_start!r} and n={n!r}")
    names = stream if isinstance(stream, tuple) else (stream,)
    counter, skip = divmod(int(row_start), _WORDS_PER_COUNTER)
    philox = np.random.Philox(key=_key(seed, names), counter=counter)
    return np.random.Generator(philox).random(skip + n)[skip:]


def spread_uniforms(
    seed: int, stream: Name | tuple[Name, ...], row_start: int, n: int, group: int
) -> npt.NDArray[np.float64]:
    """Return uniform numbers as `uniforms` does, those of each `group` of rows one in each of as many equal strata.

    Each number is uniform, and those of different groups are independent; within a group the strata are dealt out at
    random (Latin hypercube sampling, McKay, Beckman and Conover 1979). So a mean over a group errs less than one of
    independent numbers, while the k-th rows of all groups are a plain sample.

    Parameters
    ----------
    seed, stream, row_start, n
        As in `uniforms`.
    group : int
        Rows of a group, at least 1; rows 0 to ``group - 1`` are the first. 1 gives `uniforms`.

    Returns
    -------
    ndarray of float64, shape (n,)
        In ``[0, 1)``.

    Examples
    --------
    >>> sorted((spread_uniforms(7, "age", 0, 5, 5) * 5).astype(int).tolist())
    [0, 1, 2, 3, 4]
    """
    if group == 1:
        return uniforms(seed, stream, row_start, n)
    names = stream if isinstance(stream, tuple) else (stream,)
    first, last = row_start // group, -(-(row_start + n) // group)
    begin, size = first * group, (last - first) * group
    within = uniforms(seed, names, begin, size).reshape(-1, group)
    stratum = uniforms(seed, (*names, "stratum"), begin, size).reshape(-1, group).argsort(axis=1).argsort(axis=1)
    spread = np.minimum((stratum + within) / group, np.nextafter(1.0, 0.0)).ravel()
    return spread[row_start - begin : row_start - begin + n]


def quasi_random(
    seed: int, stream: Name | tuple[Name, ...], rows: IntArray, n_dimensions: int
) -> npt.NDArray[np.float64]:
    """Return points that fill the unit cube evenly: randomised quasi-Monte Carlo.

    Row i's point is the i-th of a Sobol sequence (Sobol 1967; direction numbers by Joe and Kuo 2008), scrambled by
    random linear maps and a digital shift (Matousek 1998) that the seed and the stream decide. Each point by itself is
    uniform in the cube; of any ``2**k`` in a row from a multiple of ``2**k`` on, exactly one lies in each of as many
    equal intervals of every axis. So a mean over rows errs less than one over independent points, and the rows depend
    on each other. Every 65,536 rows a sequence begins that is scrambled anew.

    Parameters
    ----------
    seed, stream
        As in `uniforms`.
    rows : ndarray of int64, shape (n,)
        Numbers of the rows, increasing, at least 0.
    n_dimensions : int
        From 1 to `MOST_DIMENSIONS`. Other numbers of dimensions are other points.

    Returns
    -------
    ndarray of float64, shape (n, n_dimensions)
        In ``[0, 1)``, multiples of ``2**-32``.

    Examples
    --------
    >>> points = quasi_random(7, "sample", np.arange(8), 2)
    >>> [sorted((8 * axis).astype(int).tolist()) for axis in points.T]
    [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7]]
    """
    from scipy.stats import qmc  # half a second, which only those who ask for such points should wait

    names = stream if isinstance(stream, tuple) else (stream,)
    points = np.empty((rows.size, n_dimensions))
    blocks = rows // _BLOCK
    for block in np.unique(blocks).tolist():
        here = blocks == block
        places = rows[here] - block * _BLOCK
        scrambling = derive(seed, *names, "sobol", block)
        sequence = qmc.Sobol(n_dimensions, scramble=True, bits=_BITS, rng=scrambling)
        first, n = int(places[0]), int(places[-1] - places[0]) + 1
        if first:
            sequence.fast_forward(first)
        else:
            n = 1 << (n - 1).bit_length()  # SciPy warns of other numbers at the beginning
        points[here] = sequence.random(n)[places - first]
    return points


def _key(seed: int, names: tuple[Name, ...]) -> int:
    return int.from_bytes(_digest(seed, names), "big")


def _digest(seed: int, names: tuple[Name, ...]) -> bytes:
    # JSON keeps 3 and "3" apart, cannot be confused by separators inside names, and escapes lone surrogates.
    text = json.dumps([int(seed), *(name if isinstance(name, str) else int(name) for name in names)])
    return hashlib.blake2b(text.encode("ascii"), digest_size=16, person=b"llmsynth").digest()
