"""Drawing into a frame and finding in one, from kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from data_gen.kernels import FRAME, kernel

_INT = types.int64
_BLOCK = 64  # pixels that are compared at once


@kernel(types.void(FRAME, _INT, _INT, _INT, _INT, _INT))
def fill(frame: Any, top: Any, left: Any, height: Any, width: Any, colour: Any) -> None:
    """A rectangle, which must lie within the frame."""
    # Unsigned, so that Numba need not ask whether an index counts from the end.
    first = np.uint64(left)
    if width == 2:  # most things are that wide; the loop below takes three times as long for it
        for row in range(np.uint64(top), np.uint64(top + height)):
            frame[row, first] = colour
            frame[row, first + np.uint64(1)] = colour
        return
    for row in range(np.uint64(top), np.uint64(top + height)):
        for column in range(first, np.uint64(left + width)):
            frame[row, column] = colour


@kernel(types.int64(FRAME, _INT, _INT))
def find(frame: Any, colour: Any, first: Any) -> Any:
    """The first place (row * W + column) from `first` on that has the colour, or -1."""
    pixels, wanted = frame.reshape(-1), np.uint8(colour)
    begin = first
    while begin < len(pixels):
        end = min(begin + _BLOCK, len(pixels))
        seen = 0
        for place in range(np.uint64(begin), np.uint64(end)):  # no early end: this is vectorised
            seen |= pixels[place] == wanted
        if seen:
            for place in range(begin, end):
                if pixels[place] == wanted:
                    return place
        begin = end
    return -1
