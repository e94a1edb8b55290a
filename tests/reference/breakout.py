"""Breakout in plain Python, written from the rules in data_gen/games/breakout.py, as the oracle of
its tests: one game after the other, what is where in a map of the board's pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.randomness import integers
from data_gen.registry import make_game

VARIANTS: list[dict[str, Any]] = [
    {"size": (32, 48), "paddle_width": 4, "paddle_speed": 4, "brick_rows": 6},
    {"size": (60, 36), "paddle_width": 16, "ball_speed": 2, "brick_rows": 1},
    {"ball_speed": 2, "paddle_width": [5, 9], "brick_rows": 2},
    {
        "paddle_width": [4, 8, 13],
        "paddle_speed": [1, 2, 3],
        "ball_speed": [1, 2],
        "brick_rows": [1, 2, 3, 4, 5, 6],
    },
]
PARAMETERS = ("paddle_width", "paddle_speed", "ball_speed", "brick_rows")


@dataclass(frozen=True)
class BreakoutState(State):
    parameters: NDArray[np.int64]  # (B, 4), see PARAMETERS
    paddle: NDArray[np.int64]  # (B,): left column
    ball: NDArray[np.int64]  # (B, 2): left column, top row
    velocity: NDArray[np.int64]  # (B, 2): columns and rows per step
    bricks: NDArray[np.bool_]  # (B, 6, W / 4)
    served: NDArray[np.bool_]  # (B,): by the last tick


@dataclass
class Table:
    """One game, while a tick is played on it."""

    height: int
    width: int
    paddle_width: int
    paddle: int
    ball: tuple[int, int]
    velocity: tuple[int, int]
    bricks: NDArray[np.bool_]  # (rows, W / 4), as many rows as this variant has
    broken: int = 0
    seen: set[str] = field(default_factory=set)  # what turned the ball

    def serve(self) -> None:
        self.ball = (self.width - 2) // 2, 4 + 2 * len(self.bricks) + 1
        speed = 2 if self.bricks.sum() % 2 == 1 else 1
        paddle_middle = self.paddle + self.paddle_width / 2
        self.velocity = (-speed if paddle_middle < self.ball[0] + 1 else speed), 1

    def fly(self) -> None:
        while self.turns():
            pass
        self.ball = self.ball[0] + self.velocity[0], self.ball[1] + self.velocity[1]

    def turns(self) -> bool:
        """Look, and turn if something is in the way."""
        (x, y), (vx, vy) = self.ball, self.velocity
        beside, above = self.bricks_at(x + vx, y), self.bricks_at(x, y + vy)
        across = bool(beside) or not 0 <= x + vx <= self.width - 2
        along = bool(above) or y + vy < 0
        ahead = set() if across or along else self.bricks_at(x + vx, y + vy)
        if ahead:
            across = along = True
        for row, column in beside | above | ahead:
            self.bricks[row, column] = False
            self.broken += 1
        if across or along:
            self.seen.add("brick" if beside or above or ahead else "wall")
        self.velocity = (-vx if across else vx), (-vy if along else vy)
        return self.meets_the_paddle() or across or along

    def meets_the_paddle(self) -> bool:
        (x, y), (vx, vy) = self.ball, self.velocity
        touches = range(self.paddle - 1, self.paddle + self.paddle_width)  # for the ball's left
        if vy < 0 or y + 2 != self.height - 3 or x not in touches:
            return False
        # In the middle of its touch: which fifth of all the touches is that?
        fifth = int((touches.index(x) + 0.5) / len(touches) * 5)
        forward = 1 if vx > 0 else -1
        self.velocity = (-2, -1, forward, 1, 2)[fifth], -1
        self.seen.add("paddle")
        return True

    def bricks_at(self, left: int, top: int) -> set[tuple[int, int]]:
        """The bricks of which a ball at this place would cover a pixel."""
        pixels = [(top + down, left + right) for down in (0, 1) for right in (0, 1)]
        found = {((row - 4) // 2, column // 4) for row, column in pixels}
        rows, columns = self.bricks.shape
        there = {(r, c) for r, c in found if 0 <= r < rows and 0 <= c < columns}
        return {place for place in there if self.bricks[place]}


class Reference:
    def __init__(
        self,
        size: Sequence[int] = (32, 32),
        paddle_width: int | Sequence[int] = 8,
        paddle_speed: int | Sequence[int] = 2,
        ball_speed: int | Sequence[int] = 1,
        brick_rows: int | Sequence[int] = 4,
    ) -> None:
        self.spec = make_game(
            "breakout",
            size=size,
            paddle_width=paddle_width,
            paddle_speed=paddle_speed,
            ball_speed=ball_speed,
            brick_rows=brick_rows,
        ).spec
        self.height, self.width = size

    def init(self, seeds: Seeds) -> BreakoutState:
        batch, columns = len(seeds), self.width // 4
        options = [np.array(self.spec.options[name]) for name in PARAMETERS]
        drawn = [option[integers(len(option), seeds, i)] for i, option in enumerate(options)]
        parameters = np.stack(drawn, 1)  # (B, 4)
        stream = 16 + np.arange(6 * columns, dtype=np.uint64)
        there = integers(8, seeds[:, None], stream) >= integers(8, seeds, 5)[:, None]
        bricks = there.reshape(batch, 6, columns)
        bricks &= (np.arange(6) < parameters[:, 3, None])[:, :, None]
        bricks[:, 0, 0] |= ~bricks.any((1, 2))
        state = BreakoutState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=parameters.astype(np.float32),
            event=np.zeros(batch, np.uint8),
            parameters=parameters,
            paddle=integers(self.width - parameters[:, 0] + 1, seeds, 4),
            ball=np.zeros((batch, 2), np.int64),
            velocity=np.zeros((batch, 2), np.int64),
            bricks=bricks,
            served=np.zeros(batch, np.bool_),
        )
        for item in range(batch):
            table = self._table(state, item)
            table.serve()
            state.ball[item], state.velocity[item] = table.ball, table.velocity
        return state

    def step(self, state: BreakoutState, actions: Actions) -> BreakoutState:
        after = replace(
            state,
            reward=np.zeros_like(state.reward),
            event=np.zeros_like(state.event),
            paddle=state.paddle.copy(),
            ball=state.ball.copy(),
            velocity=state.velocity.copy(),
            bricks=state.bricks.copy(),
            served=np.zeros_like(state.served),
        )
        for item, action in enumerate(actions[:, 0].tolist()):
            table = self._table(after, item)
            event = self._play(table, action, *after.parameters[item, 1:3].tolist())
            if state.served[item] and event not in ("miss", "clear"):
                event = "serve"
            after.event[item] = self.spec.events.index(event)
            after.served[item] = event in ("miss", "clear")
            after.reward[item] = table.broken - (event == "miss")
            after.paddle[item] = table.paddle
            after.ball[item], after.velocity[item] = table.ball, table.velocity
        return replace(after, terminated=after.event == self.spec.events.index("clear"))

    def _play(self, table: Table, action: int, paddle_speed: int, steps: int) -> str:
        """One tick. Returns what happened."""
        table.paddle += (0, -paddle_speed, paddle_speed)[action]
        table.paddle = min(max(table.paddle, 0), table.width - table.paddle_width)
        for _ in range(steps):
            table.fly()
            if not table.bricks.any():
                table.bricks[:] = True
                table.serve()
                return "clear"
            if table.ball[1] + 1 >= table.height:
                table.serve()
                return "miss"
        return next((what for what in ("brick", "paddle", "wall") if what in table.seen), "plain")

    def _table(self, state: BreakoutState, item: int) -> Table:
        paddle_width, _, _, rows = state.parameters[item].tolist()
        (x, y), (vx, vy) = state.ball[item].tolist(), state.velocity[item].tolist()
        bricks = state.bricks[item, :rows]  # a view: what breaks there is broken in the state
        paddle = int(state.paddle[item])
        return Table(self.height, self.width, paddle_width, paddle, (x, y), (vx, vy), bricks)

    def render(self, state: BreakoutState) -> Frames:
        frames = np.zeros((len(state.paddle), self.height, self.width), np.uint8)
        colours = self.spec.colours.index("bricks 1") + np.arange(6)
        bricks = state.bricks * colours[:, None]  # (B, 6, W / 4)
        wall = bricks.repeat(2, 1).repeat(4, 2)
        frames[:, 4 : 4 + wall.shape[1]] = wall
        for item, frame in enumerate(frames):
            paddle, (x, y) = state.paddle[item], state.ball[item]
            width = state.parameters[item, 0]
            frame[-3:-1, paddle : paddle + width] = self.spec.colours.index("paddle")
            frame[y : y + 2, x : x + 2] = self.spec.colours.index("ball")
        return frames[:, None]
