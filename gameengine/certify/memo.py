"""The questions that were asked, and which of them got a wrong answer.

Questions are keys of W words, below 2^61. They are kept in a hash table (S, W); a bit above a key
tells that the answer is wrong.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_gen.kernels import fold, kernel
from gameengine.certify.world import UnfitError

BITS = 61  # of a word of a key
RIGHT, WRONG, UNKNOWN = range(3)
_KEY = (1 << BITS) - 1
_FREE = -1


class Fresh(NamedTuple):
    """Questions that were not asked yet. keys (R, W), where (R, 3): a transition of each: state,
    joint action and frame before. slots: of a hash table of places in `keys`, plus 1. known (1,):
    how many there are, more than R if there was no room."""

    keys: NDArray[np.int64]
    where: NDArray[np.int64]
    slots: NDArray[np.int32]
    known: NDArray[np.int64]

    @staticmethod
    def empty(most: int, words: int) -> Fresh:
        return Fresh(
            np.empty((most, words), np.int64),
            np.empty((most, 3), np.int64),
            np.zeros(2 * most, np.int32),
            np.zeros(1, np.int64),
        )


class Memo:
    """The questions (Q, W) that were asked, at most `most`, in a hash table."""

    def __init__(self, words: int, most: int) -> None:
        self.slots = np.full((1 << 16, words), _FREE, np.int64)
        self._most, self._count = most, 0

    def add(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the keys (N, W) are new. Raises UnfitError if they are too many."""
        while 5 * (self._count + len(keys)) > 3 * len(self.slots):
            slots = np.full((2 * len(self.slots), self.slots.shape[1]), _FREE, np.int64)
            _move_keys(self.slots, slots)
            self.slots = slots
        new = np.empty(len(keys), np.bool_)
        _add_keys(keys, self.slots, new)
        self._count += int(new.sum())
        if self._count > self._most:
            raise UnfitError(f"its networks have to be asked more than {self._most:,} questions")
        return new


@kernel()
def _start(keys: Any, item: Any, slots: Any) -> Any:
    """Where to look first for one of the keys (N, W)."""
    mixed = np.uint64(0)
    for word in range(keys.shape[1]):
        mixed = fold(mixed, np.uint64(keys[item, word]))
    return np.int64(mixed & np.uint64(len(slots) - 1))


@kernel()
def _slot(keys: Any, item: Any, slots: Any) -> Any:
    """Where one of the keys (N, W) is in slots (S, W), or the free slot where it would be."""
    slot = _start(keys, item, slots)
    while slots[slot, 0] != _FREE:
        same = slots[slot, 0] & _KEY == keys[item, 0]
        for word in range(1, keys.shape[1]):
            same = same and slots[slot, word] == keys[item, word]
        if same:
            break
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@kernel(inline=False)
def _add_keys(keys: Any, slots: Any, new: Any) -> None:
    """Put keys (N, W) into slots, in which there is room; new (N,): whether each was not there."""
    for item in range(len(keys)):
        slot = _slot(keys, item, slots)
        new[item] = slots[slot, 0] == _FREE
        if new[item]:
            slots[slot] = keys[item]


@kernel(inline=False)
def set_wrong(keys: Any, slots: Any) -> None:
    """Mark keys (N, W), which are there."""
    for item in range(len(keys)):
        slots[_slot(keys, item, slots), 0] |= 1 << BITS


@kernel(inline=False)
def _move_keys(old: Any, slots: Any) -> None:
    """Put all that is in `old` into slots, which are free, marks and all."""
    key = np.empty((1, old.shape[1]), np.int64)
    for item in range(len(old)):
        if old[item, 0] != _FREE:
            key[0] = old[item]
            key[0, 0] &= _KEY
            slots[_slot(key, 0, slots)] = old[item]


@kernel()
def state_of(keys: Any, item: Any, slots: Any) -> Any:
    """RIGHT, WRONG or UNKNOWN: what is known of one of the keys (N, W)."""
    slot = _slot(keys, item, slots)
    return UNKNOWN if slots[slot, 0] == _FREE else slots[slot, 0] >> BITS


@kernel(inline=False)
def note(keys: Any, item: Any, state: Any, action: Any, frame: Any, fresh: Any) -> None:
    """Add one of the keys (N, W), which was not asked yet, to the fresh ones."""
    slot = _start(keys, item, fresh.slots)
    while fresh.slots[slot]:
        same, other = True, fresh.slots[slot] - 1
        for word in range(keys.shape[1]):
            same = same and fresh.keys[other, word] == keys[item, word]
        if same:
            return
        slot = (slot + 1) & (len(fresh.slots) - 1)
    count = fresh.known[0]
    if count >= len(fresh.keys):
        fresh.known[0] = len(fresh.keys) + 1
        return
    for word in range(keys.shape[1]):
        fresh.keys[count, word] = keys[item, word]
    fresh.where[count, 0], fresh.where[count, 1], fresh.where[count, 2] = state, action, frame
    fresh.slots[slot] = count + 1
    fresh.known[0] = count + 1
