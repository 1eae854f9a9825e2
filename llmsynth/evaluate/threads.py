"""One thread for matrix products and for boosted trees while metrics are computed.

Both libraries meet at a barrier after every small step and wait for each other busily. Where another process has one of
the cores, every step waits for it: on two busy cores a boosted classifier of 32,000 rows took 53 s with two threads and
5 s with one, and for matrices as small as those here a second thread gains nothing on idle cores either. Distances and
forests, which have large parts that need not meet, keep their threads.

With one thread sums are added in one order, so that figures do not depend on the number of cores.

Knows thread pools. Refuses to know what is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread in the calling thread, and lift the limit at the end.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> with one_thread():
    ...     {pool["num_threads"] for pool in threadpool_info()}
    {1}
    """
    import scipy.linalg  # noqa: F401  a library that is loaded later would not be limited
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
