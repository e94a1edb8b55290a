"""A search for cells whose future is given: Numba. Boards lie flat, and a table says which cells
are around each, so that nothing here knows of rows, columns or edges.

around (N, 9): cell 3 * row + column of the 3 x 3 around each cell, itself in the middle; -1 where
there is nothing. law (512,): what a cell becomes, of its neighbourhood, in which bit k is cell k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_gen.kernels import kernel


@kernel()
def live(
    law: NDArray[np.uint8],
    around: NDArray[np.int32],
    cells: NDArray[np.uint8],
    seen: NDArray[np.int16],
) -> None:
    """Fill boards cells (T + 1, N) from the first, and the neighbourhoods seen (T, N) between."""
    for tick in range(len(seen)):
        for cell in range(cells.shape[1]):
            number = 0
            for k in range(9):
                other = around[cell, k]
                if other >= 0 and cells[tick, other]:
                    number |= 1 << k
            seen[tick, cell] = number
            cells[tick + 1, cell] = law[number]


@kernel()
def turn(
    around: NDArray[np.int32],
    cells: NDArray[np.uint8],
    seen: NDArray[np.int16],
    which: NDArray[np.int32],
) -> None:
    """Turn cells of a board (N,) over, and in the neighbourhoods (N,) that hold them."""
    for cell in which:
        cells[cell] ^= np.uint8(1)
        for k in range(9):
            if around[cell, k] >= 0:  # for which this cell is on the other side
                seen[around[cell, k]] ^= np.int16(1 << (8 - k))


@kernel()
def push(
    law: NDArray[np.uint8],
    around: NDArray[np.int32],
    cells: NDArray[np.uint8],
    seen: NDArray[np.int16],
    changed: NDArray[np.int32],
    counts: NDArray[np.int64],
    visits: NDArray[np.int64],
    cell: int,
) -> None:
    """Turn a cell of the first board over, and what changes by it on all but the last: there it is
    only listed. changed (T + 1, N), of which the first counts (T + 1,) are filled: what changes on
    each board. visits (N + 1,): the last visit to each cell, and how many there were."""
    changed[0, 0], counts[0] = cell, 1
    for tick in range(len(seen)):
        which, found = changed[tick, : counts[tick]], 0
        turn(around, cells[tick], seen[tick], which)
        visits[-1] += 1
        for other in which:
            for k in range(9):
                near = around[other, k]
                if near >= 0 and visits[near] != visits[-1]:
                    visits[near] = visits[-1]
                    if law[seen[tick, near]] != cells[tick + 1, near]:
                        changed[tick + 1, found] = near
                        found += 1
        counts[tick + 1] = found


@kernel()
def worse_at_once(
    law: NDArray[np.uint8],
    around: NDArray[np.int32],
    seen: NDArray[np.int16],
    after: NDArray[np.uint8],
    place: NDArray[np.int32],
    cell: int,
) -> int:
    """How many more cells of the next board are wrong if `cell` is turned over. The same as turning
    it, counting and turning it back, in a third of the time. place (N,): -1 where it is right."""
    worse = 0
    for k in range(9):
        other = around[cell, k]
        if other >= 0 and law[seen[other] ^ (1 << (8 - k))] != after[other]:
            worse += 1 if place[other] < 0 else -1
    return worse


@kernel()
def search(
    law: NDArray[np.uint8],
    around: NDArray[np.int32],
    reach: NDArray[np.int32],
    target: NDArray[np.uint8],
    cells: NDArray[np.uint8],
    warmth: float,
    moves: int,
    rng: np.random.Generator,
) -> int:
    """Look for cells that are `target` (N,) after T ticks, by turning over one at a time.

    reach (N, R): the cells on which each depends after T ticks; -1 where there is none. cells
    (T + 1, N): the search begins at the first board; at the end that is the best one found, and the
    others are its future. Each move takes a wrong cell by chance and turns one over that it depends
    on: each with the weight exp(-w / warmth), if w more cells are wrong then. So it always moves,
    and only where something is wrong. Returns how many cells are wrong in the best.
    """
    ticks, size = len(cells) - 1, cells.shape[1]
    seen = np.empty((ticks, size), np.int16)
    live(law, around, cells, seen)
    wrong, place = np.empty(size, np.int32), np.full(size, -1, np.int32)  # a list, and where in it
    count = 0
    for cell in range(size):
        if cells[ticks, cell] != target[cell]:
            wrong[count], place[cell] = cell, count
            count += 1
    best, start = count, cells[0].copy()
    changed, counts = np.empty((ticks + 1, size), np.int32), np.zeros(ticks + 1, np.int64)
    visits, sums = np.zeros(size + 1, np.int64), np.empty(reach.shape[1])
    for _ in range(moves):
        if not best:
            break
        near, total = reach[wrong[int(rng.random() * count)]], 0.0
        for choice, cell in enumerate(near):
            if cell >= 0:
                worse = 0
                if ticks == 1:
                    worse = worse_at_once(law, around, seen[0], cells[1], place, cell)
                else:
                    push(law, around, cells, seen, changed, counts, visits, cell)
                    for other in changed[ticks, : counts[ticks]]:
                        worse += 1 if place[other] < 0 else -1
                    for tick in range(ticks):
                        turn(around, cells[tick], seen[tick], changed[tick, : counts[tick]])
                total += np.exp(-worse / warmth)
            sums[choice] = total
        chosen = near[np.searchsorted(sums, rng.random() * total, side="right")]
        push(law, around, cells, seen, changed, counts, visits, chosen)
        for cell in changed[ticks, : counts[ticks]]:
            cells[ticks, cell] ^= np.uint8(1)
            if place[cell] < 0:
                wrong[count], place[cell] = cell, count
                count += 1
            else:  # right now: the last of the list takes its place
                count -= 1
                wrong[place[cell]], place[wrong[count]] = wrong[count], place[cell]
                place[cell] = -1
        if count < best:
            best = count
            start[:] = cells[0]
    cells[0] = start
    live(law, around, cells, seen)
    return best
