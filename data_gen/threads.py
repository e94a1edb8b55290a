"""Sharing work out among threads. Kernels run without Python's lock, so threads are enough."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise


def in_parts(work: Callable[[slice], None], count: int, threads: int) -> None:
    """Call `work` for slices that together are range(count), each in a thread of its own.

    Raises ValueError if threads < 1.
    """
    if threads < 1:
        raise ValueError(f"there must be at least 1 thread, not {threads}")
    threads = max(1, min(threads, count))
    edges = [count * number // threads for number in range(threads + 1)]
    parts = [slice(first, end) for first, end in pairwise(edges)]
    if len(parts) == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(work, parts))
