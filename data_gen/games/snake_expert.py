"""The scripted player of Snake, which reads the board off a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from data_gen.drawing import find
from data_gen.games.snake_grid import BACKGROUND, BODY, FOOD, HEAD, STRAIGHT, down, right, wrapped
from data_gen.kernels import EXPERT, FRAME, kernel

_INT = types.int64


@kernel(_INT(FRAME, _INT))
def _cell_size(frame: Any, head: Any) -> Any:
    """px of a cell, from the head, whose first pixel's place is given; 0 if that cannot be."""
    height, width = frame.shape
    size = 0
    while head % width + size < width and frame[head // width, head % width + size] == HEAD:
        size += 1
    return 0 if height % size or width % size else size


@kernel(inline=False)
def _read(frame: Any, size: Any, board: Any, pointed: Any) -> Any:
    """Read a frame into board, with a cell more on each side: 0 where a snake can go, else 1.
    Returns the places of food and tail (the last cell that no arrow points to), 0 if not seen."""
    high, wide = frame.shape[0] // size, frame.shape[1] // size
    board[:], pointed[:] = 1, 0
    food, tail = 0, 0
    for again in range(2):  # all arrows first
        for row in range(high):
            for column in range(wide):
                colour = np.int64(frame[row * size, column * size])
                cell = (row + 1) * (wide + 2) + column + 1
                if 0 <= colour - BODY < 4:
                    there = wrapped(row + down(colour - BODY), high) + 1
                    there = there * (wide + 2) + wrapped(column + right(colour - BODY), wide) + 1
                    tail = cell if again and not pointed[cell] else tail
                    pointed[there] = 1
                food = cell if colour == FOOD else food
                board[cell] = colour != BACKGROUND and colour != FOOD
    return food, tail


@kernel(inline=False)
def _ways(board: Any, stride: Any, goal: Any, head: Any, ways: Any, queue: Any) -> None:
    """Steps to `goal` from the cells around the head, and from others that are no further; -1 where
    it cannot be reached. stride: cells of a row of the board."""
    ways[:] = -1
    ways[goal], queue[0] = 0, goal
    done, known, wanted = 0, np.int64(goal > 0), 0
    for heading in range(4):
        wanted += not board[head + down(heading) * stride + right(heading)]
    while done < known and wanted:
        cell = np.int64(queue[done])
        for heading in range(4):
            there = cell + down(heading) * stride + right(heading)
            if not board[there] and ways[there] < 0:
                ways[there] = ways[cell] + 1
                queue[known] = there
                known += 1
        away = abs(cell - head)
        wanted -= not board[cell] and (away == 1 or away == stride)
        done += 1


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """The shortest way to the food, as long as the tail can be reached from there, so that there
    is a way out; else the longest way after the tail. The edges are taken for walls. aim: which
    heading is tried first. Goes straight where no head is seen."""
    head = find(frame, HEAD, 0)
    size = _cell_size(frame, head) if head >= 0 else 0
    if size == 0:
        return STRAIGHT
    stride = frame.shape[1] // size + 2
    cells = (frame.shape[0] // size + 2) * stride
    board, queue = np.empty(cells, np.uint8), np.empty(cells, np.int32)
    to_food, to_tail = np.empty(cells, np.int32), np.empty(cells, np.int32)
    food, tail = _read(frame, size, board, queue)
    row, column = head // frame.shape[1] // size + 1, head % frame.shape[1] // size + 1
    _ways(board, stride, food, row * stride + column, to_food, queue)
    _ways(board, stride, tail, row * stride + column, to_tail, queue)
    board[tail] = 0  # it leaves
    chosen, best = STRAIGHT, np.int64(-1)
    for turn in range(4):
        heading = (np.int64((aim + 1) * 1.99) + turn) % 4
        there = (row + down(heading)) * stride + column + right(heading)
        frame_row = (row + down(heading) - 1) * size
        # With a snake of two the tail is the neck, which is the way back.
        if board[there] or (
            there == tail
            and frame[frame_row, (column + right(heading) - 1) * size] == BODY + (heading ^ 1)
        ):
            continue
        # First comes what is safe, and then near the food, or else far from the tail.
        worth = max(to_tail[there], 0) + 1
        if to_food[there] >= 0:
            worth = 2 * cells - to_food[there]
        worth += 4 * cells * (to_tail[there] >= 0)
        if worth > best:
            chosen, best = 1 + heading, worth
    return chosen
