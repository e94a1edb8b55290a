"""Life-like automata on one large board: 64 neighbours of a row in a word.

Column c of a row is bit c + 1, so that there is a halo of one cell on either side; the rows have a
halo above and below, and one more word at each end. Sums and rule are those of life_grids.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from data_gen.games.life_grids import WORDS, decide
from data_gen.kernels import kernel

_INT = types.int64
_BAND = 32  # rows whose sums are kept at a time: they stay in a near cache
_ONE, _LAST = np.uint64(1), np.uint64(63)


def advance(
    cells: NDArray[np.bool_], rule: NDArray[np.bool_], wraps: bool, ticks: int
) -> NDArray[np.bool_]:
    """cells (H, W) after `ticks` generations by rule (18,): B0 to B8, S0 to S8."""
    height, width = cells.shape
    stride = -(-(width + 2) // 64)  # words in a row
    bits = np.zeros((height + 2, stride * 64), np.bool_)
    bits[1:-1, 1 : width + 1] = cells
    board = np.zeros((height + 2) * stride + 2, np.uint64)
    board[1:-1] = np.packbits(bits, axis=1, bitorder="little").view(np.uint64).reshape(-1)
    target = np.zeros_like(board)
    words = np.where(rule, np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0))
    board = _run(board, target, height, width, wraps, words, ticks)
    octets = board[1:-1].view(np.uint8).reshape(height + 2, -1)
    after = np.unpackbits(octets, axis=1, bitorder="little")
    return after[1:-1, 1 : width + 1].view(np.bool_)


@kernel(types.void(WORDS, _INT, _INT, types.boolean))
def _close_edges(board: Any, height: Any, width: Any, wraps: Any) -> None:
    stride = (width + 2 + 63) // 64
    end, end_bit = (width + 1) // 64, np.uint64((width + 1) % 64)
    last, last_bit = width // 64, np.uint64(width % 64)
    for row in range(1, height + 1):
        first = 1 + row * stride
        west, east = np.uint64(0), np.uint64(0)
        if wraps:
            west, east = (board[first + last] >> last_bit) & _ONE, (board[first] >> _ONE) & _ONE
        board[first] = (board[first] & ~_ONE) | west
        board[first + end] = (board[first + end] & ~(_ONE << end_bit)) | (east << end_bit)
    top, bottom = 1, 1 + (height + 1) * stride
    for place in range(stride):
        board[top + place] = board[bottom - stride + place] if wraps else np.uint64(0)
        board[bottom + place] = board[top + stride + place] if wraps else np.uint64(0)


@kernel(types.void(WORDS, WORDS, WORDS), inline=False)
def _add_across(cells: Any, ones: Any, twos: Any) -> None:
    """Sums of three neighbours of a row, as in life_grids. One word more at each end of cells."""
    before, here, after = cells[:-2], cells[1:-1], cells[2:]
    for place in range(len(here)):
        b = here[place]
        a = (b << _ONE) | (before[place] >> _LAST)
        c = (b >> _ONE) | (after[place] << _LAST)
        ones[place] = a ^ b ^ c
        twos[place] = (a & b) | (c & (a ^ b))


@kernel(WORDS(WORDS, WORDS, _INT, _INT, types.boolean, WORDS, _INT))
def _run(
    board: Any, target: Any, height: Any, width: Any, wraps: Any, rule: Any, ticks: Any
) -> Any:
    """The board after `ticks`; it is one of the two that were given."""
    stride = (width + 2 + 63) // 64
    ones = np.empty((_BAND + 2) * stride, np.uint64)
    twos = np.empty((_BAND + 2) * stride, np.uint64)
    for _ in range(ticks):
        _close_edges(board, height, width, wraps)
        for top in range(0, height, _BAND):
            rows = min(_BAND, height - top)
            above, count = top * stride, (rows + 2) * stride  # from the row above on, with halo
            _add_across(board[above : above + count + 2], ones[:count], twos[:count])
            field = slice(1 + above + stride, 1 + above + count - stride)
            decide(board[field], target[field], ones[:count], twos[:count], stride, rule)
        board, target = target, board
    return board
