"""Life-like automata on 64 grids at once: bit g of a word is a cell of grid g.

The living cells in a square of nine are added up three across and then three down, by full adders
that work on 64 grids together; a tree of multiplexers then finds the sum in the rule, of which
every grid has its own. That costs the same for any rule, and nothing is branched on.

A block is (H + 2) rows of (W + 2) words, the outermost a halo, with one more word at each end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from data_gen.kernels import fold, happens, kernel

LANES = 64  # grids in a word

WORDS = types.Array(types.uint64, 1, "C")
_BLOCKS = types.Array(types.uint64, 2, "C")
_CELLS = types.Array(types.uint8, 2, "C")  # (B, H * W)
_FRAMES = types.Array(types.uint8, 3, "C")  # (B, T + 1, H * W)
_OCTETS = types.Array(types.uint8, 1, "C")
_INT = types.int64


@kernel(types.void(WORDS, WORDS, WORDS), inline=False)
def add_across(cells: Any, ones: Any, twos: Any) -> None:
    """How many of each word and its two neighbours live, 0 to 3, in two bits."""
    left, middle, right = cells[:-2], cells[1:-1], cells[2:]
    for place in range(len(middle)):
        a, b, c = left[place], middle[place], right[place]
        ones[place] = a ^ b ^ c
        twos[place] = (a & b) | (c & (a ^ b))


@kernel(types.void(WORDS, WORDS, WORDS, WORDS, _INT, WORDS), inline=False)
def decide(cells: Any, target: Any, ones: Any, twos: Any, stride: Any, rule: Any) -> None:
    """The next state of `cells` into `target`, which are other words, as else nothing is done in
    parallel. ones, twos: the sums across, which begin one row of `stride` words above. rule (18,):
    B0 to B8, S0 to S8."""
    b0, b1, b2, b3, b4 = rule[0], rule[1], rule[2], rule[3], rule[4]
    b5, b6, b7, b8 = rule[5], rule[6], rule[7], rule[8]
    s0, s1, s2, s3, s4 = rule[9], rule[10], rule[11], rule[12], rule[13]
    s5, s6, s7, s8 = rule[14], rule[15], rule[16], rule[17]
    ones_here, ones_below = ones[stride:], ones[2 * stride :]
    twos_here, twos_below = twos[stride:], twos[2 * stride :]
    for place in range(len(cells)):
        a, b, c = ones[place], ones_here[place], ones_below[place]
        bit0 = a ^ b ^ c
        carry = (a & b) | (c & (a ^ b))
        a, b, c = twos[place], twos_here[place], twos_below[place]
        two = a ^ b ^ c
        four = (a & b) | (c & (a ^ b))
        bit1, carry = two ^ carry, two & carry
        bit2, bit3 = four ^ carry, four & carry
        # The sum counts the cell itself: a living one with sum n has n - 1 neighbours.
        alive = cells[place]
        n0, n1 = b0, b1 ^ (alive & (b1 ^ s0))
        n2, n3 = b2 ^ (alive & (b2 ^ s1)), b3 ^ (alive & (b3 ^ s2))
        n4, n5 = b4 ^ (alive & (b4 ^ s3)), b5 ^ (alive & (b5 ^ s4))
        n6, n7 = b6 ^ (alive & (b6 ^ s5)), b7 ^ (alive & (b7 ^ s6))
        n8, n9 = b8 ^ (alive & (b8 ^ s7)), s8
        n0, n2 = n0 ^ (bit0 & (n0 ^ n1)), n2 ^ (bit0 & (n2 ^ n3))
        n4, n6 = n4 ^ (bit0 & (n4 ^ n5)), n6 ^ (bit0 & (n6 ^ n7))
        n8 ^= bit0 & (n8 ^ n9)
        n0, n4 = n0 ^ (bit1 & (n0 ^ n2)), n4 ^ (bit1 & (n4 ^ n6))
        n0 ^= bit2 & (n0 ^ n4)
        target[place] = n0 ^ (bit3 & (n0 ^ n8))


@kernel(types.void(WORDS, _INT, _INT, types.boolean), inline=False)
def _close_edges(block: Any, height: Any, width: Any, wraps: Any) -> None:
    """Fill a block's halo: with the opposite edge, or with dead cells."""
    stride = width + 2
    for row in range(1, height + 1):
        first = 1 + row * stride
        block[first] = block[first + width] if wraps else np.uint64(0)
        block[first + width + 1] = block[first + 1] if wraps else np.uint64(0)
    top, bottom = 1, 1 + (height + 1) * stride
    for column in range(stride):
        block[top + column] = block[bottom - stride + column] if wraps else np.uint64(0)
        block[bottom + column] = block[top + stride + column] if wraps else np.uint64(0)


@kernel(types.void(_FRAMES, WORDS, _INT, _INT), inline=False)
def _pack(cells: Any, block: Any, height: Any, width: Any) -> None:
    """Up to 64 grids of cells (B, 1, H * W), 0 or 1, into a block, whose field is overwritten."""
    for row in range(height):
        field = block[1 + (row + 1) * (width + 2) + 1 :]
        for column in range(width):
            field[column] = np.uint64(0)
        for lane in range(len(cells)):
            line, shift = cells[lane, 0, row * width :], np.uint64(lane)
            for column in range(width):
                field[column] |= np.uint64(line[column]) << shift


@kernel(types.void(WORDS, _FRAMES, _INT, _INT, _INT, WORDS, _OCTETS), inline=False)
def _unpack(
    block: Any, frames: Any, now: Any, height: Any, width: Any, words: Any, octets: Any
) -> None:
    """A block's field into frames[:, now] of up to 64 grids (B, T + 1, H * W). words, octets: room
    for H * W. First the halo is left out, then the bits of eight grids at a time go into bytes,
    then every bit into one of its own: each loop is long and works on whole vectors."""
    lanes, size = len(frames), height * width
    for row in range(height):
        field, line = block[1 + (row + 1) * (width + 2) + 1 :], words[row * width :]
        for column in range(width):
            line[column] = field[column]
    for first in range(0, lanes, 8):
        shift = np.uint64(first)
        for place in range(size):
            octets[place] = (words[place] >> shift) & np.uint64(255)
        for lane in range(first, min(first + 8, lanes)):
            frame, bit = frames[lane, now], np.uint8(1 << (lane - first))
            for place in range(size):
                # Not a shift: Numba would shift 64 bits, and an eighth of the bytes at a time.
                frame[place] = (octets[place] & bit) != np.uint8(0)


@kernel(types.void(_FRAMES, _FRAMES, _BLOCKS, _INT, _INT, types.boolean, _INT))
def run(
    cells: Any, frames: Any, rules: Any, height: Any, width: Any, wraps: Any, ticks: Any
) -> None:
    """Advance cells (B, 1, H * W) by `ticks`, in place, 64 grids at a time. frames
    (B, T + 1, H * W): filled from frame 1 on, or none with B = 0. rules (ceil(B / 64), 18): a grid
    has its bit."""
    stride = width + 2
    words = np.zeros((4, (height + 2) * stride + 2), np.uint64)
    octets = np.empty(height * width, np.uint8)
    field = slice(1 + stride, 1 + (height + 1) * stride)
    for first in range(0, len(cells), LANES):
        here = 0
        _pack(cells[first : first + LANES], words[0], height, width)
        for now in range(ticks):
            _close_edges(words[here], height, width, wraps)
            add_across(words[here], words[2], words[3])
            target = words[1 - here]
            decide(
                words[here][field], target[field], words[2], words[3], stride, rules[first // LANES]
            )
            here = 1 - here
            if len(frames):
                shown = frames[first : first + LANES]
                _unpack(words[here], shown, now + 1, height, width, words[2], octets)
        _unpack(words[here], cells[first : first + LANES], 0, height, width, words[2], octets)


@kernel(types.void(WORDS, WORDS, _CELLS))
def soup(seeds: Any, thresholds: Any, cells: Any) -> None:
    """Cells (B, H * W) that live by chance, as `chance` of data_gen.randomness draws it."""
    for item in range(len(seeds)):
        key = fold(np.uint64(0), seeds[item])
        for place in range(cells.shape[1]):
            drawn = fold(key, np.uint64(place))
            cells[item, place] = happens(drawn, thresholds[item])
