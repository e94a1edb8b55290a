"""A search for cells whose future is given: Numba. Boards lie flat, and a table says which cells
are around each, so that nothing here knows of rows, columns or edges.

around (N, 9): cell 3 * row + column of the 3 x 3 around each cell, itself in the middle; -1 where
there is nothing. law (512,): what a cell becomes, of its neighbourhood, in which bit k is cell k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_gen.kernels import kernel

# Nine small numbers in one int64, for the 3 x 3 around a cell: number k lies at bit 7 * k.
LEFT = sum(127 << 7 * k for k in (0, 3, 6))
MIDDLE, RIGHT = LEFT << 7, LEFT << 14
ONES = sum(1 << 7 * k for k in range(9))


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
        chance = rng.random() * count
        near, total = reach[wrong[int(chance)]], 0.0
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
        goal = (chance - int(chance)) * total
        chosen = near[np.searchsorted(sums, goal, side="right")]
        push(law, around, cells, seen, changed, counts, visits, chosen)
        for cell in changed[ticks, : counts[ticks]]:
            cells[ticks, cell] ^= np.uint8(1)
            count = mark(wrong, place, count, cell, place[cell] < 0)
        if count < best:
            best = count
            found[:] = cells[0]
    return best


@kernel()
def two_around(around: NDArray[np.int32]) -> NDArray[np.uint32]:
    """(N, 25): the cells of the 5 x 5 around each, row by row; N where there is nothing."""
    near = np.empty((len(around), 25), np.uint32)  # no sign to look at: quicker
    for cell in range(len(around)):
        for place in range(25):
            over, beside = place // 5 - 2, place % 5 - 2
            first, second = max(-1, min(1, over)), max(-1, min(1, beside))
            between = around[cell, 3 * first + second + 4]
            there = around[between, 3 * (over - first) + beside - second + 4]
            near[cell, place] = there if between >= 0 and there >= 0 else len(around)
    return near


@kernel()
def effects_of(law: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(1024,): for the number of a neighbourhood, and 512 more if its cell is wrong, nine small
    numbers: what turning over each cell of the 3 x 3 does to the one in the middle. 0: it mends
    it, 1: nothing, 2: it makes it wrong."""
    effects = np.zeros(1024, np.int64)
    for number in range(512):
        for k in range(9):
            matters = int(law[number] != law[number ^ (1 << k)])
            effects[number] |= (1 + matters) << (7 * k)
            effects[512 + number] |= (1 - matters) << (7 * k)
    return effects


@kernel()
def outlook(effect: NDArray[np.int64], near: NDArray[np.uint32]) -> int:
    """Nine small numbers: how many more cells are wrong if each of the 3 x 3 around a cell is
    turned over, plus 9. near (25,): the cells of the 5 x 5 around it; effect (N + 1,): of
    turning cells over, on each of these."""
    total = 0
    for column in range(5):
        # Each row of what a cell says of its own 3 x 3 goes to the row of ours where it lies.
        down = (effect[near[column]] >> 42) + (effect[near[column + 5]] >> 21)
        up = (effect[near[column + 15]] << 21) + (effect[near[column + 20]] << 42)
        all_rows = down + effect[near[column + 10]] + up
        if column == 0:
            total += (all_rows & RIGHT) >> 14
        elif column == 1:
            total += (all_rows & (MIDDLE | RIGHT)) >> 7
        elif column == 2:
            total += all_rows
        elif column == 3:
            total += (all_rows & (LEFT | MIDDLE)) << 7
        else:
            total += (all_rows & LEFT) << 14
    return int(total)


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
    """As `search` for one tick, in a sixth of the time: what turning cells over does to each cell
    is kept, and added up for nine of them at once. cells (N,): the first board alone."""
    size = len(cells)
    near, effects = two_around(around), effects_of(law)
    seen, effect = np.zeros(size, np.int16), np.empty(size + 1, np.int64)
    effect[size] = ONES  # beyond an edge nothing changes
    wrong, place = np.empty(size, np.int32), np.full(size, -1, np.int32)  # a list, and where in it
    count = 0
    for cell in range(size):
        for k in range(9):
            if around[cell, k] >= 0 and cells[around[cell, k]]:
                seen[cell] |= np.int16(1 << k)
        if law[seen[cell]] != target[cell]:
            count = mark(wrong, place, count, cell, True)
            seen[cell] |= np.int16(512)
        effect[cell] = effects[seen[cell]]
    best = count
    found[:] = cells
    weights, sums = np.exp(-np.arange(-9, 10) / warmth), np.empty(9)
    for _ in range(moves):
        if not best:
            break
        chance = rng.random() * count
        cell, total = wrong[int(chance)], 0.0
        worse = outlook(effect, near[cell])
        for choice in range(9):
            if around[cell, choice] >= 0:
                total += weights[(worse >> 7 * choice) & 127]
            sums[choice] = total
        goal, choice = (chance - int(chance)) * total, 0
        while sums[choice] <= goal and sums[choice] < total:  # a product may be rounded up
            choice += 1
        chosen = around[cell, choice]
        cells[chosen] ^= np.uint8(1)
        for k in range(9):
            other = around[chosen, k]
            if other < 0:
                continue
            if (effect[other] >> 7 * (8 - k)) & 127 != 1:
                seen[other] ^= np.int16(512)
                count = mark(wrong, place, count, other, place[other] < 0)
            seen[other] ^= np.int16(1 << (8 - k))
            effect[other] = effects[seen[other]]
        if count < best:
            best = count
            found[:] = cells
    return best
