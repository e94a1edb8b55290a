"""Snake as plain Python lists, written from the rules at the head of data_gen/games/snake.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.randomness import integers
from data_gen.registry import make_game

Cell = tuple[int, int]  # row, column

WAYS: list[Cell] = [(-1, 0), (1, 0), (0, -1), (0, 1)]  # up, down, left, right
HEAD, BODY, FOOD, CRASHED = 1, (2, 3, 4, 5), 6, 7  # colours; of the body, by the way on from there
SHARES = (0.382, 0.236, 0.472, 0.146)  # of all cells; strides of the food, by the last way

VARIANTS: list[dict[str, Any]] = [
    {"walls": False},
    {"walls": [True, False], "start_length": [2, 3, 5, 8]},
    {"size": (12, 12)},
    {"size": (4, 5), "cell": 1, "walls": [False, True], "start_length": [2, 3]},
    {"size": (16, 48), "cell": 4, "start_length": 2},
    {"size": (30, 21), "cell": 3, "walls": False, "start_length": 6},
    {"size": (8, 8), "walls": False, "start_length": 2},
]


@dataclass(frozen=True)
class SnakeState(State):
    bodies: NDArray[np.object_]  # (B,): a list of cells each, the head first, the tail last
    foods: NDArray[np.int64]  # (B, 2): row, column
    heading: NDArray[np.int64]  # (B,): index of WAYS
    crashed: NDArray[np.bool_]  # (B,)
    walls: NDArray[np.bool_]  # (B,)
    start_length: NDArray[np.int64]  # (B,)


class Reference:
    def __init__(self, **options: Any) -> None:
        self.spec = make_game("snake", **options).spec
        made = self.spec.options
        self._cell = int(made["cell"])
        self._rows, self._columns = (length // self._cell for length in made["size"])
        self._walls, self._start_lengths = np.array(made["walls"]), np.array(made["start_length"])
        self._strides = strides(self._rows * self._columns)

    def init(self, seeds: Seeds) -> SnakeState:
        batch, rows, columns = len(seeds), self._rows, self._columns
        walls = self._walls[integers(len(self._walls), seeds, 0)]
        length = self._start_lengths[integers(len(self._start_lengths), seeds, 1)]
        heading = integers(4, seeds, 2)
        upright = heading < 2
        along = integers(np.where(upright, rows, columns) - length, seeds, 3)  # behind the tail
        across = integers(np.where(upright, columns, rows), seeds, 4)
        sought = integers(rows * columns, seeds, 5)
        bodies, foods = np.empty(batch, object), np.zeros((batch, 2), np.int64)
        for item in range(batch):
            tail = {
                0: (rows - 1 - along[item], across[item]),
                1: (along[item], across[item]),
                2: (across[item], columns - 1 - along[item]),
                3: (across[item], along[item]),
            }[int(heading[item])]
            bodies[item] = straight(tail, heading[item], length[item])
            cell = divmod(int(sought[item]), columns)
            foods[item] = self._free(bodies[item], cell, heading[item])
        return SnakeState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.stack([walls, length], 1).astype(np.float32),
            event=np.zeros(batch, np.uint8),
            bodies=bodies,
            foods=foods,
            heading=heading,
            crashed=np.zeros(batch, np.bool_),
            walls=walls,
            start_length=length,
        )

    def step(self, state: SnakeState, actions: Actions) -> SnakeState:
        batch = len(state.bodies)
        after = replace(
            state,
            reward=np.zeros((batch, 1), np.float32),
            event=np.zeros(batch, np.uint8),
            bodies=state.bodies.copy(),
            foods=state.foods.copy(),
            heading=state.heading.copy(),
            crashed=np.zeros(batch, np.bool_),
        )
        for item in range(batch):
            name = self._tick(after, item, int(actions[item, 0]), bool(state.terminated[item]))
            after.event[item] = self.spec.events.index(name)
            after.reward[item] = {"food": 1, "full": 1, "crash": -1}.get(name, 0)
            after.crashed[item] = name == "crash"
        over = np.isin(after.event, [self.spec.events.index(name) for name in ("crash", "full")])
        return replace(after, terminated=over)

    def render(self, state: SnakeState) -> Frames:
        boards = np.zeros((len(state.bodies), 1, self._rows, self._columns), np.uint8)
        for board, body, food, crashed in zip(
            boards[:, 0], state.bodies, state.foods, state.crashed, strict=True
        ):
            board[tuple(food)] = FOOD
            for ahead, cell in pairwise(body):
                board[cell] = next(
                    colour
                    for colour, way in zip(BODY, range(4), strict=True)
                    if self._onto(cell, way) == ahead
                )
            board[body[0]] = CRASHED if crashed else HEAD
        return boards.repeat(self._cell, 2).repeat(self._cell, 3)

    def _tick(self, state: SnakeState, item: int, action: int, was_over: bool) -> str:
        """Change one item of a new state; returns the event."""
        food = (int(state.foods[item, 0]), int(state.foods[item, 1]))
        if was_over:
            even = sum(food) % 2 == 0
            row = (food[0] + self._rows // 2) % self._rows
            tail = (row, 0 if even else self._columns - 1)
            state.heading[item] = 3 if even else 2
            state.bodies[item] = straight(tail, state.heading[item], state.start_length[item])
            return "start"
        body, way = state.bodies[item], int(state.heading[item])
        if action and WAYS[action - 1] != (-WAYS[way][0], -WAYS[way][1]):
            way = action - 1
        there = (body[0][0] + WAYS[way][0], body[0][1] + WAYS[way][1])
        if state.walls[item] and there != self._onto(body[0], way):
            return "crash"
        there = self._onto(body[0], way)
        left = body if there == food else body[:-1]
        if there in left:
            return "crash"
        state.bodies[item], state.heading[item] = [there, *left], way
        if there != food:
            return "plain"
        if len(left) + 1 == self._rows * self._columns:
            return "full"
        state.foods[item] = self._free(state.bodies[item], food, way)
        return "food"

    def _onto(self, cell: Cell, way: int) -> Cell:
        """The next cell that way, beyond an edge that on the other side."""
        return (cell[0] + WAYS[way][0]) % self._rows, (cell[1] + WAYS[way][1]) % self._columns

    def _free(self, body: Sequence[Cell], cell: Cell, way: int) -> Cell:
        number = int(cell[0]) * self._columns + int(cell[1])
        while divmod(number, self._columns) in body:
            number = (number + self._strides[way]) % (self._rows * self._columns)
        return divmod(number, self._columns)


def straight(tail: Cell, way: int, length: int) -> list[Cell]:
    """A straight body; all of it must lie within the board."""
    down, right = WAYS[way]
    cells = [(int(tail[0]) + down * n, int(tail[1]) + right * n) for n in range(length)]
    return cells[::-1]


def strides(cells: int) -> list[int]:
    """For each way the first stride from its share on (1 follows the last) that visits every cell
    and is no other way's."""
    found: list[int] = []
    for share in SHARES:
        tried = [(round(share * cells) - 1 + more) % cells + 1 for more in range(cells)]
        found.append(next(n for n in tried if gcd(n, cells) == 1 and n not in found))
    return found
