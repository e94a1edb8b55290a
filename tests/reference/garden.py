"""Garden in plain NumPy, and its ball in plain Python, one game after the other, from the rules in
data_gen/games/garden.py and garden_ball.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.randomness import chance, integers
from data_gen.registry import make_game
from reference.life import next_cells

ALLEY = 8
VARIANTS: list[dict[str, Any]] = [
    {"size": (12, 12), "paddle_width": 3, "density": 0.6},
    {"size": (30, 17), "rule": "B36/S125", "paddle_width": 8},
    {"size": (20, 64), "rule": "B0/S8", "density": 0.0},
]

Cells = NDArray[np.bool_]  # (h, W)


@dataclass(frozen=True)
class GardenState(State):
    cells: NDArray[np.bool_]  # (B, h, W)
    thing: NDArray[np.int64]  # (B, 5): of the ball row, column, down, right; the paddle's left


class Reference:
    def __init__(self, **options: Any) -> None:
        self.spec = make_game("garden", **options).spec
        self._height, self._width = self.spec.options["size"]

    def init(self, seeds: Seeds) -> GardenState:
        batch, rows, width = len(seeds), self._height - ALLEY, self._width
        place = np.arange(rows * width, dtype=np.uint64).reshape(rows, width)
        room = width - self.spec.options["paddle_width"] + 1
        return GardenState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.zeros((batch, 0), np.float32),
            event=np.zeros(batch, np.uint8),
            cells=chance(self.spec.options["density"], seeds[:, None, None], place),
            thing=np.stack(
                [
                    np.full(batch, rows),
                    integers(width, seeds, 0xBA11, 0),
                    np.full(batch, -1),
                    2 * integers(2, seeds, 0xBA11, 1) - 1,
                    integers(room, seeds, 0xBA11, 2),
                ],
                1,
            ),
        )

    def step(self, state: GardenState, actions: Actions) -> GardenState:
        after = replace(
            state,
            reward=np.zeros_like(state.reward),
            event=np.zeros_like(state.event),
            cells=state.cells.copy(),
            thing=state.thing.copy(),
        )
        for item in range(len(state.cells)):
            cells = after.cells[item]
            thing, event, touched = self._fly(state.thing[item].tolist(), actions[item, 0], cells)
            if touched is not None:
                top, left = (max(0, place - 1) for place in touched)
                cells[top : touched[0] + 2, left : touched[1] + 2] ^= True
            after.thing[item], after.event[item] = thing, event
            after.reward[item] = {1: 1, 4: -1}.get(event, 0)
        births, survivals = self.spec.options["rule"][1:].split("/S")
        rule = [str(n) in part for part in (births, survivals) for n in range(9)]
        rules = np.tile(np.array(rule, np.float32), (len(after.cells), 1))
        return replace(after, cells=next_cells(after.cells, rules, wraps=False))

    def render(self, state: GardenState) -> Frames:
        frames = np.zeros((len(state.cells), *self.spec.shape), np.uint8)
        frames[:, 0, :-ALLEY] = state.cells
        for frame, (row, column, _, _, paddle) in zip(frames[:, 0], state.thing, strict=True):
            frame[-1, paddle : paddle + self.spec.options["paddle_width"]] = 4
            frame[row, column] = 3 if frame[row, column] == 1 else 2
        return frames

    def _fly(
        self, thing: list[int], action: int, cells: Cells
    ) -> tuple[list[int], int, tuple[int, int] | None]:
        """What becomes of ball and paddle, the event, and what was touched."""
        row, column, down, right, paddle = thing
        wide = self.spec.options["paddle_width"]
        if action == 1 and paddle > 0:
            paddle -= 1
        if action == 2 and paddle + wide < self._width:
            paddle += 1
        event, touched = 0, None
        ahead, beside = lives(cells, row + down, column), lives(cells, row, column + right)
        if ahead and beside:
            touched = row + down, column + right
            down, right = -down, -right
        elif ahead:
            touched = row + down, column
            down = -down
        elif beside:
            touched = row, column + right
            right = -right
        elif lives(cells, row + down, column + right):
            touched = row + down, column + right
            down, right = -down, -right
        if touched is not None:
            event = 1
        if not 0 <= column + right < self._width:
            right = -right
        if row + down < 0:
            down = 1
            if touched is None:
                event, touched = 2, (1, column)
        elif row + down == self._height:
            down = -1
        elif row + down == self._height - 1:
            covered = range(paddle, paddle + wide)
            if column in covered or column + right in covered:
                down, event = -1, 3
            else:
                event = 4
        return [row + down, column + right, down, right, paddle], event, touched


def lives(cells: Cells, row: int, column: int) -> bool:
    """Nothing does beyond the board."""
    height, width = cells.shape
    return 0 <= row < height and 0 <= column < width and bool(cells[row, column])
