"""What a command line printed and how it ended, for the tests of `python -m data_gen`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def assert_one_line(ended: Ended, *parts: str) -> None:
    """Ended as a user's mistake does."""
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    for part in parts:
        assert part in ended.err
