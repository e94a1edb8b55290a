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
def mark(
    wrong: NDArray[np.int32], place: NDArray[np.int32], count: int, cell: int, new: bool
) -> int:
    """Put a cell on the list of the `count` wrong ones if it is new there, or take it off: the last
    takes its place. place (N,): where in the list each cell is, -1 for nowhere. Returns how many
    there are now."""
    if new:
        wrong[count], place[cell] = cell, count
        return count + 1
    count -= 1
    wrong[place[cell]], place[wrong[count]] = wrong[count], place[cell]
    place[cell] = -1
    return count


@kernel()
def search(
    law: NDArray[np.uint8],
    around: NDArray[np.int32],
    reach: NDArray[np.int32],
    target: NDArray[np.uint8],
    cells: NDArray[np.uint8],
    found: NDArray[np.uint8],
    warmth: float,
    moves: int,
    rng: np.random.Generator,
) -> int:
    """Look for cells that are `target` (N,) after T ticks, by turning over one at a time.

    reach (N, R): the cells on which each depends after T ticks; -1 where there is none. cells
    (T + 1, N): the search begins at the first board; at the end that is where it is, and the others
    are its future. found (N,) is filled with the best first board on the way. Each move takes a
    wrong cell by chance and turns one over that it depends on: each with the weight
    exp(-w / warmth), if w more cells are wrong then. So it always moves, and only where something
    is wrong. Returns how many cells are wrong in the best.
    """
    ticks, size = len(cells) - 1, cells.shape[1]
    seen = np.empty((ticks, size), np.int16)
    live(law, around, cells, seen)
    wrong, place = np.empty(size, np.int32), np.full(size, -1, np.int32)  # a list, and where in it
    count = 0
    for cell in range(size):
        if cells[ticks, cell] != target[cell]:
            count = mark(wrong, place, count, cell, True)
    best = count
    found[:] = cells[0]
    changed, counts = np.empty((ticks + 1, size), np.int32), np.zeros(ticks + 1, np.int64)
    visits, sums = np.zeros(size + 1, np.int64), np.empty(reach.shape[1])
    most = reach.shape[1]  # as many cells depend on one as it depends on
    weights = np.exp(-np.arange(-most, most + 1) / warmth)
    for _ in range(moves):
        if not best:
            break
        near, total = reach[wrong[int(rng.random() * count)]], 0.0
        for choice, cell in enumerate(near):
            if cell >= 0:
                push(law, around, cells, seen, changed, counts, visits, cell)
                worse = 0
                for other in changed[ticks, : counts[ticks]]:
                    worse += 1 if place[other] < 0 else -1
                for tick in range(ticks):
                    turn(around, cells[tick], seen[tick], changed[tick, : counts[tick]])
                total += weights[worse + most]
            sums[choice] = total
        chosen = near[np.searchsorted(sums, rng.random() * total, side="right")]
        push(law, around, cells, seen, changed, counts, visits, chosen)
        for cell in changed[ticks, : counts[ticks]]:
            cells[ticks, cell] ^= np.uint8(1)
            count = mark(wrong, place, count, cell, place[cell] < 0)
        if count < best:
            best = count
            found[:] = cells[0]
    return best


@kernel()
def search_one_tick(
    law: NDArray[np.uint8],
    around: NDArray[np.int32],
    target: NDArray[np.uint8],
    cells: NDArray[np.uint8],
    found: NDArray[np.uint8],
    warmth: float,
    moves: int,
    rng: np.random.Generator,
) -> int:
    """As `search` for one tick, in a third of the time: what turning a cell over does is looked up
    in a number for each cell around it. cells (N,): the first board alone."""
    size = len(cells)
    turned = np.zeros(1024, np.int16)  # of a neighbourhood, and 512 if its cell is wrong: bit k, if
    for number in range(512):  # turning cell k over changes it; bit 9 if that would mend it
        for k in range(9):
            if law[number] != law[number ^ (1 << k)]:
                turned[number] |= np.int16(1 << k)
        turned[512 + number] = turned[number] | np.int16(512)
    seen, effect = np.zeros(size, np.int16), np.empty(size, np.int16)
    wrong, place = np.empty(size, np.int32), np.full(size, -1, np.int32)  # a list, and where in it
    count = 0
    for cell in range(size):
        for k in range(9):
            if around[cell, k] >= 0 and cells[around[cell, k]]:
                seen[cell] |= np.int16(1 << k)
        if law[seen[cell]] != target[cell]:
            count = mark(wrong, place, count, cell, True)
        effect[cell] = turned[seen[cell] + 512 * (place[cell] >= 0)]
    best = count
    found[:] = cells
    weights, sums = np.exp(-np.arange(-9, 10) / warmth), np.empty(9)
    for _ in range(moves):
        if not best:
            break
        near, total = around[wrong[int(rng.random() * count)]], 0.0
        for choice in range(9):
            if near[choice] >= 0:
                worse = 9
                for k in range(9):
                    other = around[near[choice], k]
                    if other >= 0:
                        known = effect[other]
                        worse += ((known >> (8 - k)) & 1) * (1 - 2 * (known >> 9))
                total += weights[worse]
            sums[choice] = total
        goal, choice = rng.random() * total, 0
        while sums[choice] <= goal and sums[choice] < total:  # a product may be rounded up
            choice += 1
        chosen = near[choice]
        cells[chosen] ^= np.uint8(1)
        for k in range(9):
            other = around[chosen, k]
            if other < 0:
                continue
            if (effect[other] >> (8 - k)) & 1:
                count = mark(wrong, place, count, other, place[other] < 0)
            seen[other] ^= np.int16(1 << (8 - k))
            effect[other] = turned[seen[other] + 512 * (place[other] >= 0)]
        if count < best:
            best = count
            found[:] = cells
    return best
