"""Key-door: the test of memory. What happened hundreds of ticks ago decides, and is not seen.

A person walks on a grid of cells of 4 x 4 px, one cell a tick; walls and the frame's edge stop him.
In niches of the left wall there are keys, in the right wall doors of the same colours, and behind
each door a treasure. The pocket holds one key: with the first that is taken all of them vanish, and
the pocket is not shown. A closed door that is walked into opens if the key in the pocket has its
colour, which uses the key up; else nothing happens. On a treasure the person is rewarded, and the
next tick, whatever is pressed, begins a new round: he stands before the door that he had opened,
all doors are closed, and the keys are back.

The new round follows from what is seen. With colours d[0] .. d[n-1] of the doors from top to
bottom and number r the opened one, door i gets d[i + 1] and niche i the key d[i + 1 + r], modulo n.
So every frame tells all that is to be known but one thing: which key is in the pocket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from data_gen.game import GameSpec
from data_gen.games.keydoor_expert import expert
from data_gen.games.keydoor_grid import (
    BELOW,
    CHEST,
    COLOUR_NAMES,
    COLOURS,
    DOOR,
    DOWN,
    FIGURE,
    FLOOR,
    KEY,
    LEFT,
    NICHE,
    OPEN_DOOR,
    RIGHT,
    SIDE,
    STAY,
    TILES,
    UP,
    WALL,
)
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, TICK, draw_integer, draw_variant, kernel
from data_gen.options import frame_size, listed, one_or_more

__all__ = ["expert", "keydoor"]

PLAIN, TAKE, OPEN, BUMP, TREASURE, ROUND = range(6)  # events
OPEN_HALL, PILLARS, ARMS = range(3)  # values of the option `walls`

COLUMNS = (
    "row",  # of the person, cells
    "column",
    "pocket",  # 0 empty, 1 + the colour of the key in it
    "keys",  # 2 to 4
    "walls",  # 0 to 2
)
ROW, COLUMN, POCKET, COUNT, WALLS = range(5)
CELLS = len(COLUMNS)  # where the cells begin, row after row
HIGH, WIDE, CHOICES = range(3)  # of the rules: the grid in cells, then two lists, length first
START, DOOR_COLOURS, KEY_COLOURS = 2, 10, 20  # streams of the draws; the rest are many each
NICHE_ROWS, DOOR_ROWS, ARM = 1 << 20, 2 << 20, 3 << 20


@kernel(inline=False)
def _shuffle(seed: Any, stream: Any, values: Any, count: Any) -> None:
    """Put the first `count` values into any order."""
    for last in range(count - 1, 0, -1):
        other = draw_integer(seed, stream + last, last + 1)
        values[last], values[other] = values[other], values[last]


@kernel(inline=False)
def _line_up(rules: Any, state: Any, seed: Any, stream: Any, column: Any) -> None:
    """A wall with as many niches as there are keys, no two of them in neighbouring rows."""
    slots = rules[HIGH] - state[COUNT] + 1
    chosen = 0
    for slot in range(slots):  # each choice is equally likely (Knuth's algorithm S)
        if draw_integer(seed, stream + slot, slots - slot) < state[COUNT] - chosen:
            state[CELLS + (slot + chosen) * rules[WIDE] + column] = NICHE
            chosen += 1


@kernel(inline=False)
def _paint(rules: Any, state: Any, column: Any, kind: Any, colours: Any, first: Any) -> None:
    """Make all of a column that is not wall keys or doors: from top to bottom in colours[first],
    the one after it, and so on around."""
    number = first
    for row in range(rules[HIGH]):
        place = CELLS + row * rules[WIDE] + column
        if state[place] != WALL:
            state[place] = kind + colours[number % state[COUNT]]
            number += 1


@kernel(inline=False)
def _build_hall(rules: Any, state: Any, seed: Any) -> None:
    """Pillars in every other row and column of the hall, each with an arm to the right, down, or
    none. The hall's border stays free, and a ring of pillars would need an arm that points back:
    so no place is ever cut off."""
    for row in range(1, rules[HIGH] - 1, 2):
        for column in range(2, rules[WIDE] - 3, 2):
            place = row * rules[WIDE] + column
            state[CELLS + place] = WALL
            arm = draw_integer(seed, ARM + place, 3) if state[WALLS] == ARMS else 0
            if arm == 1 and column + 1 < rules[WIDE] - 3:
                state[CELLS + place + 1] = WALL
            if arm == 2 and row + 1 < rules[HIGH] - 1:
                state[CELLS + place + rules[WIDE]] = WALL


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    """Draw the variant, the layout, all colours, and the person's row beside the doors' wall."""
    high, wide = rules[HIGH], rules[WIDE]
    draw_variant(rules, CHOICES, seed, state, COUNT, 2)
    description[0], description[1] = state[COUNT], state[WALLS]
    for row in range(high):
        for column in (0, wide - 2, wide - 1):
            state[CELLS + row * wide + column] = WALL
    _line_up(rules, state, seed, NICHE_ROWS, 0)
    _line_up(rules, state, seed, DOOR_ROWS, wide - 2)
    for row in range(high):
        if state[CELLS + row * wide + wide - 2] == NICHE:
            state[CELLS + row * wide + wide - 1] = CHEST
    if state[WALLS] != OPEN_HALL:
        _build_hall(rules, state, seed)
    colours = np.arange(COLOURS)
    _shuffle(seed, DOOR_COLOURS, colours, COLOURS)
    _paint(rules, state, wide - 2, DOOR, colours, 0)
    _shuffle(seed, KEY_COLOURS, colours, state[COUNT])  # keys have the colours of the doors
    _paint(rules, state, 0, KEY, colours, 0)
    state[ROW], state[COLUMN] = draw_integer(seed, START, high), wide - 3


@kernel(inline=False)
def _begin_round(rules: Any, state: Any) -> None:
    """The person is on a treasure."""
    high, wide = rules[HIGH], rules[WIDE]
    colours = np.empty(COLOURS, np.int64)
    number, opened = 0, 0
    for row in range(high):
        kind = state[CELLS + row * wide + wide - 2]
        if kind != WALL:
            opened = number if row == state[ROW] else opened
            colours[number] = (kind - DOOR) % COLOURS
            number += 1
    _paint(rules, state, wide - 2, DOOR, colours, 1)
    _paint(rules, state, 0, KEY, colours, 1 + opened)
    state[COLUMN] = wide - 3


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    """One step, if nothing is in the way."""
    high, wide, action = rules[HIGH], rules[WIDE], actions[0]
    if state[CELLS + state[ROW] * wide + state[COLUMN]] == CHEST:
        _begin_round(rules, state)
        return ROUND
    row = state[ROW] + (action == DOWN) - (action == UP)
    column = state[COLUMN] + (action == RIGHT) - (action == LEFT)
    if action == STAY or row < 0 or row >= high or column < 0 or column >= wide:
        return PLAIN
    place = CELLS + row * wide + column
    kind = state[place]
    if kind == WALL:
        return PLAIN
    if DOOR <= kind < DOOR + COLOURS:
        if state[POCKET] != 1 + kind - DOOR:
            return BUMP
        state[POCKET] = 0
        state[place] = kind - DOOR + OPEN_DOOR
        return OPEN
    state[ROW], state[COLUMN] = row, column
    if KEY <= kind < KEY + COLOURS:
        state[POCKET] = 1 + kind - KEY
        for key in range(high):
            if state[CELLS + key * wide] != WALL:
                state[CELLS + key * wide] = NICHE
        return TAKE
    if kind == CHEST:
        reward[0] = 1
        return TREASURE
    return PLAIN


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    """The person is drawn over what he stands on, whose upper corners stay to be seen."""
    words = frame.view(np.uint32)  # (H, W / 4)
    place = np.uint64(CELLS)
    for row in range(np.uint64(rules[HIGH])):
        for column in range(np.uint64(rules[WIDE])):
            kind = np.uint64(state[place])
            place += np.uint64(1)
            if kind != np.uint64(FLOOR):  # which is there already
                for line in range(np.uint64(SIDE)):
                    words[row * np.uint64(SIDE) + line, column] = TILES[kind, line]
    for line in range(SIDE):
        top = SIDE * state[ROW] + line
        words[top, state[COLUMN]] = words[top, state[COLUMN]] & BELOW[line] | FIGURE[line]


def keydoor(
    size: Sequence[int] = (32, 32), keys: int | Sequence[int] = 3, walls: int | Sequence[int] = 2
) -> KernelGame:
    """Key-door for one. size: (H, W), multiples of 4 px, the side of a cell, of 28 or more.
    Parameters that are given as several values are drawn for each item by its seed.

    keys: as many as doors, 2 to 4: log2(keys) bits are to be remembered. walls: 0 an open hall, 1
    pillars, 2 pillars with arms. Raises ValueError for parameters out of range.
    """
    height, width = frame_size(size, multiple=SIDE, least=7 * SIDE)
    choices = one_or_more("keys", keys, 2, COLOURS), one_or_more("walls", walls, OPEN_HALL, ARMS)
    spec = GameSpec(
        name="keydoor",
        version=1,
        shape=(1, height, width),
        actions=("stay", "up", "down", "left", "right"),
        keys=({"up": UP, "down": DOWN, "left": LEFT, "right": RIGHT},),
        fps=8,
        colours=("background", "person", "wall", "niche", "treasure", *COLOUR_NAMES),
        palette=(
            *((18, 18, 28), (250, 250, 240), (58, 62, 86), (120, 125, 150), (255, 205, 80)),
            *((240, 84, 84), (110, 210, 120), (90, 160, 250), (205, 120, 245)),
        ),
        tracked=("person",),
        events=("plain", "key", "door", "bump", "treasure", "round"),
        description=("keys", "walls"),
        options={"size": [height, width], "keys": choices[0], "walls": choices[1]},
    )
    cells = height // SIDE * (width // SIDE)
    rules = (height // SIDE, width // SIDE, *listed(choices))
    ends = ("treasure",)
    return KernelGame(spec, begin, tick, draw, columns=COLUMNS, cells=cells, rules=rules, ends=ends)
