"""Key-door by the rules in data_gen/games/keydoor.py, one game after the other."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State, select
from data_gen.randomness import integers
from data_gen.registry import make_game

VARIANTS: list[dict[str, Any]] = [
    {"keys": 2, "walls": 0},
    {"keys": 4, "walls": 1},
    {"keys": [4, 2, 3], "walls": [2, 0, 1]},
    {"size": (28, 28), "keys": 4},
    {"size": (28, 44), "keys": [2, 3]},
    {"size": (48, 36), "keys": [3, 4]},
]

STEPS = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]  # rows and columns of the five actions
PLAIN, TAKE, OPEN, BUMP, TREASURE, ROUND = range(6)


@dataclass(frozen=True)
class KeydoorState(State):
    """Boards are (B, rows, columns) of cells; colours are numbered from 1, 0 is none."""

    person: NDArray[np.int64]  # (B, 2): row and column
    pocket: NDArray[np.int64]  # (B,): colour of the key in it
    walls: NDArray[np.bool_]
    niches: NDArray[np.bool_]
    keys: NDArray[np.int64]  # colour of the key that lies there
    doors: NDArray[np.int64]  # colour
    opened: NDArray[np.bool_]  # of the doors
    treasures: NDArray[np.bool_]


class Reference:
    """See data_gen.games.keydoor.keydoor for the options."""

    def __init__(self, **options: Any) -> None:
        self.spec = make_game("keydoor", **options).spec
        _, height, width = self.spec.shape
        self._grid = height // 4, width // 4

    def init(self, seeds: Seeds) -> KeydoorState:
        games = [self._begin(seeds[item : item + 1]) for item in range(len(seeds))]
        return KeydoorState(
            **{
                entry.name: np.concatenate([getattr(game, entry.name) for game in games])
                for entry in fields(KeydoorState)
            }
        )

    def step(self, state: KeydoorState, actions: Actions) -> KeydoorState:
        names = [entry.name for entry in fields(KeydoorState)]
        after = KeydoorState(**{name: getattr(state, name).copy() for name in names})
        after.reward[:] = 0
        for item, action in enumerate(actions[:, 0]):
            game = select(after, slice(item, item + 1))  # a view
            game.event[0] = _tick(game, int(action))
        return replace(after, terminated=after.event == TREASURE)

    def render(self, state: KeydoorState) -> Frames:
        frames = np.zeros((len(state.event), *self.spec.shape), np.uint8)
        for item, frame in enumerate(frames[:, 0]):
            _draw(select(state, slice(item, item + 1)), frame)
        return frames

    def _begin(self, seed: Seeds) -> KeydoorState:
        rows, columns = self._grid

        def drawn(bound: int, stream: int) -> int:
            return int(integers(bound, seed, stream)[0])

        def spread(count: int, stream: int) -> list[int]:
            """`count` rows of which no two are neighbours: a choice of that many among fewer rows,
            pulled apart by one row each."""
            slots, chosen = rows - (count - 1), []
            for slot in range(slots):
                if drawn(slots - slot, stream + slot) < count - len(chosen):
                    chosen.append(slot)
            return [slot + number for number, slot in enumerate(chosen)]

        def shuffled(values: list[int], stream: int) -> list[int]:
            order = list(values)
            for last in reversed(range(1, len(order))):
                other = drawn(last + 1, stream + last)
                order[last], order[other] = order[other], order[last]
            return order

        options = self.spec.options
        count = options["keys"][drawn(len(options["keys"]), 0)]
        kind = options["walls"][drawn(len(options["walls"]), 1)]
        niche_rows, door_rows = spread(count, 1 << 20), spread(count, 2 << 20)
        door_colours = shuffled([1, 2, 3, 4], 10)[:count]
        boards: dict[str, NDArray[Any]] = {}
        for name in ("keys", "doors"):
            boards[name] = np.zeros((1, rows, columns), np.int64)
        for name in ("walls", "niches", "opened", "treasures"):
            boards[name] = np.zeros((1, rows, columns), np.bool_)

        walls = boards["walls"][0]
        walls[:, [0, -2, -1]] = True
        walls[niche_rows, 0] = False
        walls[door_rows, -2] = walls[door_rows, -1] = False
        boards["niches"][0, niche_rows, 0] = True
        boards["treasures"][0, door_rows, -1] = True
        boards["doors"][0, door_rows, -2] = door_colours
        boards["keys"][0, niche_rows, 0] = shuffled(door_colours, 20)
        hall = walls[1:-1, 2:-3]  # without the cells along its four sides, which stay free
        for row in range(0, hall.shape[0], 2) if kind > 0 else ():
            for column in range(0, hall.shape[1], 2):
                hall[row, column] = True
                place = (row + 1) * columns + column + 2
                arm = drawn(3, (3 << 20) + place) if kind == 2 else 0
                hall[row : row + 1 + (arm == 2), column : column + 1 + (arm == 1)] = True
        return KeydoorState(
            reward=np.zeros((1, 1), np.float32),
            terminated=np.zeros(1, np.bool_),
            description=np.array([[count, kind]], np.float32),
            event=np.zeros(1, np.uint8),
            person=np.array([[drawn(rows, 2), columns - 3]]),
            pocket=np.zeros(1, np.int64),
            **boards,
        )


def _tick(game: KeydoorState, action: int) -> int:
    """Change the one game in `game`; returns what happened."""
    here = (0, *game.person[0])
    if game.treasures[here]:
        _begin_round(game)
        return ROUND
    row, column = game.person[0] + STEPS[action]
    rows, columns = game.walls.shape[1:]
    there = (0, row, column)
    if action == 0 or not (0 <= row < rows and 0 <= column < columns) or game.walls[there]:
        return PLAIN
    if game.doors[there] and not game.opened[there]:
        if game.pocket[0] != game.doors[there]:
            return BUMP
        game.opened[there] = True
        game.pocket[0] = 0
        return OPEN
    game.person[0] = row, column
    if game.keys[there]:
        game.pocket[0] = game.keys[there]
        game.keys[:] = 0
        return TAKE
    if game.treasures[there]:
        game.reward[0] = 1
        return TREASURE
    return PLAIN


def _begin_round(game: KeydoorState) -> None:
    """All follows from the doors' colours and from which of them is open."""
    doors, niches = game.doors[game.doors > 0], np.argwhere(game.niches[0])
    (number,) = np.flatnonzero(game.opened[game.doors > 0])
    colours = np.roll(doors, -1)
    game.doors[game.doors > 0] = colours
    game.keys[0, niches[:, 0], niches[:, 1]] = np.roll(colours, -number)
    game.opened[:] = False
    game.person[0, 1] -= 2  # out of the room, and out of the door


def _draw(game: KeydoorState, frame: NDArray[np.uint8]) -> None:
    """frame: (H, W) of background."""
    rows, columns = game.walls.shape[1:]
    cells = frame.reshape(rows, 4, columns, 4).swapaxes(1, 2)  # (rows, columns, 4, 4), a view
    cells[game.walls[0]] = 2
    for place in _places(game.niches):
        cells[place][::3, ::3] = 3
    for place in _places(game.treasures):
        cells[place][...] = 4
        cells[place][1, 1:3] = 0
    for place in _places(game.keys > 0):
        colour = 4 + game.keys[(0, *place)]
        cells[place][:, 1] = colour
        cells[place][[0, 1, 3], 2] = colour
    for place in _places(game.doors > 0):
        cells[place][...] = 4 + game.doors[(0, *place)]
        if game.opened[(0, *place)]:
            cells[place][1:3] = 0
        else:
            cells[place][1, 1:3] = cells[place][2, 2] = 0
    person = cells[tuple(game.person[0])]
    person[:3, 1:3] = person[1] = 1
    person[3, [0, 3]] = 1


def _places(board: NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(int(row), int(column)) for row, column in np.argwhere(board[0])]
