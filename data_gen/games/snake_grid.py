"""Snake's board: what its colours mean, and steps on it."""

from __future__ import annotations

from typing import Any

from numba import types

from data_gen.kernels import kernel

STRAIGHT = 0  # the other actions are 1 + heading
UP, DOWN, LEFT, RIGHT = range(4)  # headings; heading ^ 1 is the opposite one
BACKGROUND, HEAD, BODY, FOOD, CRASHED = 0, 1, 2, 6, 7  # colours; BODY + heading are arrows

_INT = types.int64


@kernel(_INT(_INT))
def down(heading: Any) -> Any:
    return (heading == DOWN) - (heading == UP)


@kernel(_INT(_INT))
def right(heading: Any) -> Any:
    return (heading == RIGHT) - (heading == LEFT)


@kernel(_INT(_INT, _INT))
def wrapped(place: Any, length: Any) -> Any:
    """place, at most one beyond the edge, on a torus."""
    return place + length if place < 0 else (place - length if place >= length else place)
