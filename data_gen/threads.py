"""Sharing work out among threads. Kernels run without Python's lock, so threads are enough."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise


def in_parts(work: Callable[[slice], None], count: int, threads: int) -> None:
    """Call `work` for slices that together are range(count), each in a thread of its own.

    Raises ValueError if threads < 1, and what `work` raises, when all have ended.
    """
    if threads < 1:
        raise ValueError(f"there must be at least 1 thread, not {threads}")
    threads = max(1, min(threads, count))
    edges = [count * number // threads for number in range(threads + 1)]
    first, *rest = [slice(begin, end) for begin, end in pairwise(edges)]
    others = [_pool(os.getpid(), threads - 1).submit(work, part) for part in rest]
    try:
        work(first)
    finally:
        wait(others)  # they write to the caller's arrays
    for other in others:
        other.result()


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Kept, as starting a thread takes longer than many calls. process: a forked one has no threads
    of its parent's."""
    return ThreadPoolExecutor(threads)
