"""The loops that make a game's states a graph: numbers of keys and of frames, and predecessors."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_gen.kernels import kernel

_ONE, _SIX, _63 = np.uint64(1), np.uint64(6), np.uint64(63)
_S1, _S2, _S4, _S56 = (np.uint64(bits) for bits in (1, 2, 4, 56))
_M1, _M2, _M4, _H01 = (
    np.uint64(mask)
    for mask in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F, 0x0101010101010101)
)
_PRIME = np.uint64(0x100000001B3)
_MIDDLE = np.uint64(32)


@kernel()
def _ones(bits: Any) -> Any:
    """How many bits of a uint64 are 1."""
    bits = bits - ((bits >> _S1) & _M1)
    bits = (bits & _M2) + ((bits >> _S2) & _M2)
    bits = (bits + (bits >> _S4)) & _M4
    return np.int64((bits * _H01) >> _S56)


@kernel(inline=False)
def mark(keys: Any, bits: Any, below: Any) -> None:
    """Set the bits of keys (N,) in bits (W,), uint64; below (W,) becomes the number of keys before
    each word, so that `rank_all` can tell how many keys there are below any of them."""
    for key in keys:
        bits[key >> 6] |= _ONE << (np.uint64(key) & _63)
    total = 0
    for word in range(len(bits)):
        below[word] = total
        total += _ones(bits[word])


@kernel(inline=False)
def rank_all(keys: Any, bits: Any, below: Any, ranks: Any) -> Any:
    """Fill ranks (N,): where each of keys (N,) is in the sorted list. False if one is not there."""
    for item in range(len(keys)):
        key = keys[item]
        word, bit = bits[key >> 6], _ONE << (np.uint64(key) & _63)
        if not word & bit:
            return False
        ranks[item] = below[key >> 6] + _ones(word & (bit - _ONE))
    return True


@kernel()
def _place(row: Any, rows: Any, slots: Any) -> Any:
    """The slot in which a row is, or the free one where it would be. Slots hold a row's number plus
    1, and 0 when they are free; how many there are is a power of 2."""
    mixed = np.uint64(0xCBF29CE484222325)
    for value in row:
        mixed = (mixed ^ np.uint64(value)) * _PRIME
    slot = np.int64((mixed ^ (mixed >> _MIDDLE)) & np.uint64(len(slots) - 1))
    while slots[slot]:
        other, same = rows[slots[slot] - 1], True
        for place in range(len(row)):
            same = same and other[place] == row[place]
        if same:
            break
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@kernel(inline=False)
def number_rows(found: Any, rows: Any, count: Any, slots: Any, numbers: Any) -> Any:
    """Fill numbers (B,): where each of `found` (B, V) is in rows (R, V), of which `count` are known
    and to which new ones are added; there is room for all. Returns the new count."""
    for item in range(len(found)):
        slot = _place(found[item], rows, slots)
        if slots[slot] == 0:
            rows[count] = found[item]
            count += 1
            slots[slot] = count
        numbers[item] = slots[slot] - 1
    return count


@kernel(inline=False)
def fill_slots(rows: Any, count: Any, slots: Any) -> None:
    """Put rows[:count], all different, into slots, which are free."""
    for number in range(count):
        slots[_place(rows[number], rows, slots)] = number + 1


@kernel(inline=False)
def number_kinds(found: Any, kinds: Any, count: Any, numbers: Any) -> Any:
    """Fill numbers (B,): where each row of `found` (B, F) is in kinds (K, F), of which `count` are
    known, and to which new ones are added. Returns the new count; K + 1 if there is no room."""
    for item in range(len(found)):
        row, number = found[item], 0
        while number < count:
            same = True
            for place in range(len(row)):
                same = same and kinds[number, place] == row[place]
            if same:
                break
            number += 1
        if number == count:
            if count == len(kinds):
                return count + 1
            kinds[count] = row
            count += 1
        numbers[item] = number
    return count


@kernel(inline=False)
def count_ways(after: Any, first: Any, ends: Any) -> None:
    """ends (n + 1,), zeros: how many ways of after (N, A) lead to the states before `first` + i,
    from `first` on, for i = 0 to n."""
    for state in range(len(after)):
        for action in range(after.shape[1]):
            place = np.int64(after[state, action]) - first
            if 0 <= place < len(ends) - 1:
                ends[place + 1] += 1
    for place in range(len(ends) - 1):
        ends[place + 1] += ends[place]


@kernel(inline=False)
def list_ways(after: Any, frame_of: Any, first: Any, next_free: Any, shown: Any) -> None:
    """Fill `shown`: of each way to a state, in the order of these states, the number of the frame
    that it comes from. next_free (n,): where the ways to each of them begin; it moves on."""
    for state in range(len(after)):
        for action in range(after.shape[1]):
            place = np.int64(after[state, action]) - first
            if 0 <= place < len(next_free):
                shown[next_free[place]] = frame_of[state]
                next_free[place] += 1
