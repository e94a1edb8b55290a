"""Snake: eat, grow, and hit neither the wall nor yourself. Nothing hidden, nothing random after the
start.

The body's colours are arrows: each cell shows where the snake went on from it. So one frame shows
the order of the body however it is coiled, its tail (the cell that no arrow points to) and where
the head is heading (the way that led to it). Shades that repeat would leave coils ambiguous.

A tick: the head moves one cell. It may move to where the tail leaves, but if it eats, the snake
grows at once: the tail stays. The next food lies some strides after the eaten one, counting cells
row by row and on from the first after the last, on the first cell that is free; the stride depends
on the heading. After a crash (the snake stays, its head turns red) or a full board, the next tick
puts a new snake into the row half a board away from the food, or from the head of a full board,
where the food then lies: it starts at the left edge if row + column of the food are even, else at
the right edge, and heads away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np

from data_gen.drawing import fill
from data_gen.game import GameSpec
from data_gen.games.snake_expert import expert
from data_gen.games.snake_grid import (
    BACKGROUND,
    BODY,
    CRASHED,
    DOWN,
    FOOD,
    HEAD,
    LEFT,
    RIGHT,
    UP,
    down,
    right,
    wrapped,
)
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, TICK, draw_integer, draw_variant, kernel
from data_gen.options import frame_size, listed, one_or_both, one_or_more, whole_number

__all__ = ["expert", "snake"]

PLAIN, EAT, CRASH, FULL, START = range(5)

LEAST = 4  # cells of a board in a row or a column
STRIDES = (0.382, 0.236, 0.472, 0.146)  # of the cells of a board, about, for each heading

COLUMNS = (
    "head row",
    "head column",
    "heading",
    "tail row",
    "tail column",
    "length",
    "food",  # row * columns + column
    "over",  # 1 if the last tick ended the game
    "walls",  # 0 or 1
    "start length",
)
ROW, COLUMN, HEADING, TAIL_ROW, TAIL_COLUMN, LENGTH, FOOD_CELL, OVER, WALLS, SHORT = range(10)
CELLS = len(COLUMNS)  # from here on: the colour of each cell but for the food's
HIGH, WIDE, SIZE, STRIDE, CHOICES = 0, 1, 2, 3, 7  # of the rules; 4 strides, then lists


@kernel()
def _free_cell(rules: Any, state: Any, cell: Any) -> Any:
    """The first free cell from `cell` on, in strides of the present heading."""
    cells, stride = rules[HIGH] * rules[WIDE], rules[STRIDE + state[HEADING]]
    while state[CELLS + cell] != BACKGROUND:
        cell = wrapped(cell + stride, cells)
    return cell


@kernel()
def _lay(rules: Any, state: Any, row: Any, column: Any, heading: Any) -> None:
    """A straight snake of the start length, with its tail at the place."""
    length = state[SHORT]
    state[TAIL_ROW], state[TAIL_COLUMN], state[HEADING] = row, column, heading
    for _ in range(length - 1):
        state[CELLS + row * rules[WIDE] + column] = BODY + heading
        row += down(heading)
        column += right(heading)
    state[CELLS + row * rules[WIDE] + column] = HEAD
    state[ROW], state[COLUMN], state[LENGTH] = row, column, length


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    """Draw the variant, a straight snake with a free cell ahead, and the food."""
    high, wide = rules[HIGH], rules[WIDE]
    draw_variant(rules, CHOICES, seed, state, WALLS, 2)
    heading = draw_integer(seed, 2, 4)
    upright = heading in (UP, DOWN)
    length, breadth = (high, wide) if upright else (wide, high)
    along = draw_integer(seed, 3, length - state[SHORT])
    across = draw_integer(seed, 4, breadth)
    if heading in (UP, LEFT):
        along = length - 1 - along
    if upright:
        _lay(rules, state, along, across, heading)
    else:
        _lay(rules, state, across, along, heading)
    state[FOOD_CELL] = _free_cell(rules, state, draw_integer(seed, 5, high * wide))
    description[:] = state[WALLS : SHORT + 1]


@kernel()
def _start_again(rules: Any, state: Any) -> None:
    high, wide, food = rules[HIGH], rules[WIDE], state[FOOD_CELL]
    state[CELLS:] = BACKGROUND
    row = wrapped(food // wide + high // 2, high)
    if (food // wide + food % wide) % 2 == 0:
        _lay(rules, state, row, 0, RIGHT)
    else:
        _lay(rules, state, row, wide - 1, LEFT)
    state[OVER] = 0


@kernel()
def _drop_tail(rules: Any, state: Any) -> None:
    row, column = state[TAIL_ROW], state[TAIL_COLUMN]
    cell = CELLS + row * rules[WIDE] + column
    onward = state[cell] - BODY
    state[cell] = BACKGROUND
    state[TAIL_ROW] = wrapped(row + down(onward), rules[HIGH])
    state[TAIL_COLUMN] = wrapped(column + right(onward), rules[WIDE])


@kernel()
def _eat(rules: Any, state: Any, reward: Any) -> Any:
    """The head is where the food was, the tail where it was before."""
    reward[0] = 1
    state[LENGTH] += 1
    if state[LENGTH] == rules[HIGH] * rules[WIDE]:
        state[OVER] = 1
        return FULL
    state[FOOD_CELL] = _free_cell(rules, state, state[FOOD_CELL])
    return EAT


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    """See the head of this file."""
    if state[OVER]:
        _start_again(rules, state)
        return START
    high, wide, heading = rules[HIGH], rules[WIDE], state[HEADING]
    wanted = np.int64(actions[0]) - 1
    if wanted >= 0 and wanted != heading ^ 1:
        heading = wanted
    here = state[ROW] * wide + state[COLUMN]
    row, column = state[ROW] + down(heading), state[COLUMN] + right(heading)
    outside = row < 0 or row >= high or column < 0 or column >= wide
    row, column = wrapped(row, high), wrapped(column, wide)
    there = row * wide + column
    tail = state[TAIL_ROW] * wide + state[TAIL_COLUMN]
    taken = state[CELLS + there] != BACKGROUND and there != tail
    if (outside and state[WALLS]) or taken:
        state[CELLS + here] = CRASHED
        state[OVER] = 1
        reward[0] = -1
        return CRASH
    if there != state[FOOD_CELL]:
        _drop_tail(rules, state)
    state[CELLS + here] = BODY + heading
    state[CELLS + there] = HEAD
    state[ROW], state[COLUMN], state[HEADING] = row, column, heading
    return _eat(rules, state, reward) if there == state[FOOD_CELL] else PLAIN


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    """The food, and over it the snake, tail to head; on a full board the head covers the food."""
    high, wide, size, food = rules[HIGH], rules[WIDE], rules[SIZE], state[FOOD_CELL]
    fill(frame, food // wide * size, food % wide * size, size, size, FOOD)
    row, column = state[TAIL_ROW], state[TAIL_COLUMN]
    for _ in range(state[LENGTH]):
        colour = state[CELLS + row * wide + column]
        fill(frame, row * size, column * size, size, size, colour)
        row = wrapped(row + down(colour - BODY), high)
        column = wrapped(column + right(colour - BODY), wide)


def _strides(cells: int) -> list[int]:
    """For each heading a stride that leads to all the cells of a board before it repeats."""
    strides: list[int] = []
    for share in STRIDES:
        stride = round(share * cells)
        while gcd(stride, cells) > 1 or stride in strides:
            stride = stride % cells + 1
        strides.append(stride)
    return strides


def snake(
    size: Sequence[int] = (32, 32),
    cell: int = 2,
    walls: bool | Sequence[bool] = True,
    start_length: int | Sequence[int] = 3,
) -> KernelGame:
    """Snake for one. size: (H, W), multiples of `cell`, 4 of them or more. Parameters that are
    given as several values are drawn for each item by its seed.

    cell: 1 to 4 pixels, so that a board has H / cell rows and W / cell columns. walls: the edges
    end the game; otherwise the snake comes in again on the other side. start_length: in cells, 2 to
    8, and shorter than a row and a column.
    Raises ValueError for parameters out of range.
    """
    cell = whole_number("cell", cell, 1, 4)
    height, width = frame_size(size, multiple=cell, least=LEAST * cell)
    high, wide = height // cell, width // cell
    longest = min(8, high - 1, wide - 1)
    choices = {
        "walls": one_or_both("walls", walls),
        "start_length": one_or_more("start_length", start_length, 2, longest),
    }
    spec = GameSpec(
        name="snake",
        version=1,
        shape=(1, height, width),
        actions=("straight", "up", "down", "left", "right"),
        keys=({"up": 1 + UP, "down": 1 + DOWN, "left": 1 + LEFT, "right": 1 + RIGHT},),
        fps=8,
        colours=(
            "background",
            "head",
            *(f"body going {way}" for way in ("up", "down", "left", "right")),
            "food",
            "crashed head",
        ),
        palette=(
            *((18, 18, 28), (250, 250, 240)),
            *((88, 205, 140), (46, 150, 110), (64, 170, 190), (110, 215, 185)),
            *((255, 149, 90), (235, 70, 85)),
        ),
        tracked=("head", "food"),
        events=("plain", "food", "crash", "full", "start"),
        description=("walls", "start length"),
        options={"size": [height, width], "cell": cell, **choices},
    )
    rules = (high, wide, cell, *_strides(high * wide), *listed(choices.values()))
    cells, ends = high * wide, ("crash", "full")
    return KernelGame(spec, begin, tick, draw, columns=COLUMNS, cells=cells, rules=rules, ends=ends)
