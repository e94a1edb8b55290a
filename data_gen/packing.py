"""Rows of whole numbers as keys of few bits, so that tens of millions of them fit into memory.

Each column has a list of the values that it takes. A value is told by its place in the list, and
the places of a row are the digits of a number, to a base that differs from column to column. What
does not fit into one word of 62 bits goes on in the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from data_gen.kernels import fold, kernel

Rows = NDArray[np.int32]  # (B, F)
Keys = NDArray[np.int64]  # (B, W)

WORD = 1 << 62  # keys of one word are below this
_SPREAD = 1 << 24  # places of all columns together
_BYTES = 1 << 29  # that a list of keys may take: fewer keys if each is large
_BITS = 1 << 33  # of a bitmap of all possible keys; with more, a hash table
_SLOTS = 1 << 18  # of a hash table, at first
_UNKNOWN = -1
_LEAST, _SPAN, _CODES, _COUNT, _VALUES, _WORD, _STRIDE = range(7)  # of a column, in the layout

_ROWS = types.Array(types.int32, 2, "C")
_KEYS = types.Array(types.int64, 2, "C")
_LAYOUT = types.Array(types.int64, 2, "C")
_LIST = types.Array(types.int32, 1, "C")
_FLAGS = types.Array(types.boolean, 1, "C")
_BITMAP = types.Array(types.uint8, 1, "C")
_TABLE = types.Array(types.uint32, 1, "C")


@dataclass(frozen=True)
class Packing:
    """How rows of F columns become keys of W words, and back.

    layout (F, 7): of each column the least value, how far up from it the table `codes` reaches and
    where it begins, how many values there are and where they begin in `values`, the word, and what
    a place counts there. words: W. room: how many keys there could be if W = 1.
    """

    layout: NDArray[np.int64]
    codes: NDArray[np.int32]
    values: NDArray[np.int32]
    words: int
    room: int

    @staticmethod
    def of(columns: Sequence[NDArray[np.int32]]) -> Packing:
        """For the values (n,) that each column takes, sorted and all different. Raises ValueError,
        with the column's number, for values too far apart for a table."""
        layout = np.zeros((len(columns), 7), np.int64)
        codes: list[NDArray[np.int32]] = []
        begin = first = word = 0
        stride = 1
        for number, values in enumerate(columns):
            span = int(values[-1]) - int(values[0]) + 1
            if begin + span > _SPREAD:
                raise ValueError(f"column {number} takes values from {values[0]} to {values[-1]}")
            if stride * len(values) > WORD:
                word, stride = word + 1, 1
            layout[number] = int(values[0]), span, begin, len(values), first, word, stride
            places = np.full(span, _UNKNOWN, np.int32)
            places[values.astype(np.int64) - int(values[0])] = np.arange(len(values))
            codes.append(places)
            begin, first, stride = begin + span, first + len(values), stride * len(values)
        return Packing(layout, np.concatenate(codes), np.concatenate(columns), word + 1, stride)

    def pack(self, rows: Rows) -> tuple[Keys, NDArray[np.bool_]]:
        """Keys (B, W) of rows (B, F), and which (B,) of them are right: rows with a value that its
        column's list does not hold have none."""
        keys = np.empty((len(rows), self.words), np.int64)
        known = np.empty(len(rows), np.bool_)
        _pack(rows, self.layout, self.codes, keys, known)
        return keys, known

    def unpack(self, keys: Keys) -> Rows:
        """The rows (B, F) of keys (B, W)."""
        rows = np.empty((len(keys), len(self.layout)), np.int32)
        _unpack(keys, self.layout, self.values, rows)
        return rows


class KeyList:
    """Different keys (N, W) of a packing, in the order in which they were added.

    What was added before is told by a bit for each possible key, or by a hash table where these are
    too many. most: how many there may be; fewer if they are so large that they would take over
    512 MiB.
    """

    def __init__(self, packing: Packing, most: int) -> None:
        self.most = min(most, _BYTES // (8 * packing.words))
        self._room: Keys = np.empty(
            (self.most, packing.words), np.int64
        )  # taken up as it is filled
        self._count = 0
        listed = packing.words > 1 or packing.room > _BITS
        self._bitmap = np.zeros(0 if listed else packing.room // 8 + 1, np.uint8)
        self._table = np.zeros(_SLOTS if listed else 0, np.uint32)

    def __len__(self) -> int:
        return self._count

    @property
    def keys(self) -> Keys:
        return self._room[: self._count]

    def add(self, keys: Keys) -> bool:
        """Add those of the keys (B, W) that are new. False if there was not room for all."""
        if self._table.size and 2 * (self._count + len(keys)) > len(self._table):
            self._table = np.zeros(4 * max(len(self._table), len(keys)), np.uint32)
            _add_new(self.keys, self._room, 0, self._bitmap, self._table)
        self._count = _add_new(keys, self._room, self._count, self._bitmap, self._table)
        if self._count <= self.most:
            return True
        self._count = self.most
        return False


@kernel(types.void(_ROWS, _LAYOUT, _LIST, _KEYS, _FLAGS))
def _pack(rows: Any, layout: Any, codes: Any, keys: Any, known: Any) -> None:
    for item in range(len(rows)):
        keys[item] = 0
        right = True
        for column in range(rows.shape[1]):
            place = rows[item, column] - layout[column, _LEAST]
            right = right and 0 <= place < layout[column, _SPAN]
            if not right:
                break
            code = codes[layout[column, _CODES] + place]
            right = code >= 0
            keys[item, layout[column, _WORD]] += code * layout[column, _STRIDE]
        known[item] = right


@kernel(types.void(_KEYS, _LAYOUT, _LIST, _ROWS))
def _unpack(keys: Any, layout: Any, values: Any, rows: Any) -> None:
    for item in range(len(keys)):
        word, rest = -1, 0
        for column in range(rows.shape[1]):
            if layout[column, _WORD] != word:
                word = layout[column, _WORD]
                rest = keys[item, word]
            count, place = layout[column, _COUNT], 0
            if count > 1:
                place = rest % count
                rest //= count
            rows[item, column] = values[layout[column, _VALUES] + place]


@kernel(types.int64(types.Array(types.int64, 1, "C"), _KEYS, _TABLE))
def _slot(key: Any, keys: Any, table: Any) -> Any:
    """The slot in which the key is, or the free one where it would be. Slots hold the key's place
    in `keys` plus 1, and 0 when they are free; their number is a power of 2."""
    mixed = np.uint64(0)
    for word in range(len(key)):
        mixed = fold(mixed, np.uint64(key[word]))
    slot = np.int64(mixed & np.uint64(len(table) - 1))
    while table[slot]:
        same = True
        for word in range(len(key)):
            same = same and keys[table[slot] - 1, word] == key[word]
        if same:
            break
        slot = (slot + 1) & (len(table) - 1)
    return slot


@kernel(types.int64(_KEYS, _KEYS, types.int64, _BITMAP, _TABLE))
def _add_new(found: Any, keys: Any, count: Any, bitmap: Any, table: Any) -> Any:
    """Append those of `found` that were not seen to keys[:count], and mark them as seen. Returns
    the new count; one more than there is room for when that is not enough."""
    for item in range(len(found)):
        if len(bitmap):
            key = found[item, 0]
            bit = 1 << (key & 7)
            if bitmap[key >> 3] & bit:
                continue
            if count == len(keys):
                return count + 1
            bitmap[key >> 3] |= bit
        else:
            slot = _slot(found[item], keys, table)
            if table[slot]:
                continue
            if count == len(keys):
                return count + 1
            table[slot] = count + 1
        keys[count] = found[item]
        count += 1
    return count
