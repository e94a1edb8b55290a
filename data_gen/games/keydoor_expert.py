"""The scripted player of Key-door, which reads the cells off a frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_gen.drawing import find
from data_gen.games.keydoor_grid import (
    CHEST,
    DOOR,
    DOWN,
    FLOOR,
    KEY,
    LEFT,
    PERSON,
    RIGHT,
    SIDE,
    STAY,
    UP,
    kind_seen,
)
from data_gen.kernels import EXPERT, kernel


@kernel(inline=False)
def _way(kinds: Any, wide: Any, start: Any, goal: Any) -> Any:
    """The first action of a shortest way from cell `start` to cell `goal`, over floor. kinds:
    (cells,). STAY if there is none."""
    queue, found = np.empty(len(kinds), np.int64), np.zeros(len(kinds), np.bool_)
    queue[0], found[goal] = goal, True
    length = 1
    for head in range(len(kinds)):
        if head >= length:
            break
        place = queue[head]
        row, column = place // wide, place % wide
        for action in range(UP, RIGHT + 1):  # that leads from `near` to `place`
            near_row = row + (action == UP) - (action == DOWN)
            near_column = column + (action == LEFT) - (action == RIGHT)
            near = near_row * wide + near_column
            if near_row < 0 or near_column < 0 or near_column >= wide or near >= len(kinds):
                continue
            if near == start:
                return action
            if kinds[near] == FLOOR and not found[near]:
                queue[length], found[near] = near, True
                length += 1
    return STAY


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """Takes a key, opens a door, goes for its treasure. It does not know its pocket, as it sees one
    frame only: it tries one door, until its aim changes. Of n keys the aim (-1 to 1) cuts to one of
    n equal parts; of n doors, its thousandths counted from -1 name one modulo n."""
    high, wide = frame.shape[0] // SIDE, frame.shape[1] // SIDE
    kinds = np.empty(high * wide, np.int64)
    counts = np.zeros(DOOR + 1, np.int64)
    reachable = 0  # a treasure whose door is open, if any
    for row in range(high):
        for column in range(wide):
            place = row * wide + column
            kinds[place] = kind_seen(frame, row, column)
            counts[kinds[place]] += 1
            if kinds[place] == CHEST and column > 0 and kinds[place - 1] == FLOOR:
                reachable = place
    person = find(frame, PERSON, 0)
    if person < 0:
        return STAY
    start = person // frame.shape[1] // SIDE * wide + person % frame.shape[1] // SIDE
    whim = min(max(np.int64(np.round((aim + 1) * 1000)), 0), 2000)
    if reachable:
        return _way(kinds, wide, start, reachable)
    wanted = KEY if counts[KEY] else DOOR
    if counts[wanted] == 0:
        return STAY
    number = whim * counts[wanted] // 2001 if wanted == KEY else whim % counts[wanted]
    for place in range(high * wide):
        if kinds[place] == wanted:
            if number == 0:
                return _way(kinds, wide, start, place)
            number -= 1
    return STAY
