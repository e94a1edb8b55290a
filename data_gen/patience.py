"""Telling a person what is being waited for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer


@contextmanager
def told_if_slow(message: str, seconds: float = 2.0) -> Iterator[None]:
    """Print `message` to a terminal's stderr if what happens inside takes longer than that."""
    timer = Timer(seconds, lambda: print(message, file=sys.stderr, flush=True))
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
