"""Garden: a ball flies about in a Game of Life and turns over what it bounces off; whoever plays
keeps it off the ground.

A game made of two parts, each with its own state and its own law, that know little of each other. A
tick: the ball sees the 3 x 3 cells around it, and flies on: living ones ahead throw it back. The
board feels where it was touched, if it was, or sown, where the ball comes back from the upper edge:
nine cells around that place are turned over, and then Life takes its course. A hit is a point, a
miss costs one, and the ground throws the ball back.

The board may be any game of cells, also a learned one: see gameengine/learned_garden.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.drawing import find
from data_gen.game import Actions, AnyGame, Frames, GameSpec, Seeds, State
from data_gen.games.automaton import CellState
from data_gen.games.garden_ball import BALL_EVENTS, LEFT, NONE, RIGHT, Ball, BallState, Places
from data_gen.games.life import life
from data_gen.kernels import EXPERT, kernel
from data_gen.options import frame_size, whole_number

SOIL, PLANT, BALL, BALL_ON_PLANT, PADDLE = range(5)  # the first two are the board's colours
ALLEY = 8  # rows below the board, where nothing grows
_AROUND = np.arange(-1, 2)

Showing = Callable[[Any, Frames], Any]  # a board's state, as if it showed other frames


@dataclass(frozen=True)
class GardenState(State):
    board: State  # whatever the board's game has
    ball: BallState


class Garden:
    """board: a Life, true or learned, ALLEY rows lower than the frames. paddle_width: in pixels.
    showing: the board's state as if it showed other cells; by default that of a true Life.
    """

    def __init__(self, board: AnyGame, paddle_width: int, showing: Showing | None = None) -> None:
        height, width = board.spec.shape[1] + ALLEY, board.spec.shape[2]
        self.board = board
        self._showing: Showing = showing or _with_cells
        self._ball = Ball(height, width, ALLEY, paddle_width)
        own = board.spec.options
        self.spec = GameSpec(
            name="garden",
            version=board.spec.version,
            shape=(1, height, width),
            actions=("none", "left", "right"),
            keys=({"left": LEFT, "right": RIGHT, "a": LEFT, "d": RIGHT},),
            fps=20,
            colours=("soil", "plant", "ball", "ball on plant", "paddle"),
            palette=(
                (18, 18, 28),
                (88, 176, 104),
                (255, 214, 90),
                (250, 150, 60),
                (120, 170, 250),
            ),
            tracked=("paddle",),
            context=2,
            events=BALL_EVENTS,
            options={
                "size": [height, width],
                "paddle_width": paddle_width,
                "density": own["density"],
                "rule": own["rule"],
            },
        )

    def with_board(self, board: AnyGame, showing: Showing | None = None) -> Garden:
        """The same game with another board in the place of its own. Raises ValueError for one that
        is not of the same game."""
        if board.spec != self.board.spec:
            wanted, found = (
                (s.name, s.shape, dict(s.options)) for s in (self.board.spec, board.spec)
            )
            raise ValueError(f"the board must be a {wanted}, not a {found}")
        return Garden(board, self._ball.paddle_width, showing)

    def init(self, seeds: Seeds) -> GardenState:
        return _joined(self.board.init(seeds), self._ball.init(seeds))

    def step(self, state: GardenState, actions: Actions) -> GardenState:
        cells = self.board.render(state.board)  # (B, 1, h, W)
        ball, touched = self._ball.step(state.ball, actions, _seen(cells, state.ball))
        board = self._showing(state.board, _turned_over(cells, touched))
        return _joined(self.board.step(board, np.zeros((len(cells), 1), np.int64)), ball)

    def render(self, state: GardenState) -> Frames:
        frames = np.zeros((len(state.event), *self.spec.shape), np.uint8)
        cells = self.board.render(state.board)
        frames[:, :, : cells.shape[2]] = cells
        ball, item = state.ball, np.arange(len(frames))
        beside = np.arange(self.spec.shape[2]) - ball.paddle[:, None]  # (B, W)
        frames[:, 0, -1][(beside >= 0) & (beside < self._ball.paddle_width)] = PADDLE
        below = frames[item, 0, ball.row, ball.column]
        frames[item, 0, ball.row, ball.column] = np.where(below == PLANT, BALL_ON_PLANT, BALL)
        return frames


def _joined(board: State, ball: BallState) -> GardenState:
    return GardenState(
        reward=ball.reward,
        terminated=ball.terminated,
        description=ball.description,
        event=ball.event,
        board=board,
        ball=ball,
    )


def _seen(cells: Frames, ball: BallState) -> NDArray[np.bool_]:
    """What the ball sees of the board: (B, 3, 3), itself in the middle; beyond all edges, and so in
    the alley, nothing lives."""
    row = ball.row[:, None, None] + _AROUND[:, None]  # (B, 3, 1)
    column = ball.column[:, None, None] + _AROUND  # (B, 1, 3)
    height, width = cells.shape[2:]
    there = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    item = np.arange(len(cells))[:, None, None]
    return there & (cells[item, 0, row.clip(0, height - 1), column.clip(0, width - 1)] == PLANT)


def _turned_over(cells: Frames, touched: Places) -> Frames:
    """What the board feels of the ball: dead cells live and living ones die, in the square of nine
    around a place (B, 2); nowhere, where the row is negative."""
    row = np.arange(cells.shape[2])[:, None] - touched[:, :1, None]  # (B, h, 1)
    column = np.arange(cells.shape[3]) - touched[:, 1:, None]  # (B, 1, W)
    near = (np.abs(row) <= 1) & (np.abs(column) <= 1) & (touched[:, :1, None] >= 0)
    return cells ^ near[:, None].astype(np.uint8)


def _with_cells(state: CellState, frames: Frames) -> CellState:
    return replace(state, cells=frames[:, 0] == PLANT)


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """Follow the ball. aim: with which end of the paddle. Does nothing where either is not seen."""
    height, width = frame.shape
    ball = max(find(frame, BALL, 0), find(frame, BALL_ON_PLANT, 0))
    first = find(frame, PADDLE, (height - 1) * width)
    if ball < 0 or first < 0:
        return NONE
    last = width - 1
    while frame[height - 1, last] != PADDLE:
        last -= 1
    left = first % width
    wanted = ball % width - (last - left) // 2 - int(aim * ((last - left) // 2))
    if left == wanted:
        return NONE
    return LEFT if wanted < left else RIGHT


def garden(
    size: Sequence[int] = (32, 32),
    paddle_width: int = 6,
    density: float = 0.35,
    rule: str = "B3/S23",
) -> Garden:
    """Garden for one. size: (H, W), 12 or more; the board has ALLEY rows less. paddle_width: in
    pixels, 3 to W / 2. density: share of cells that live at first. rule: of the board, as in life.
    Raises ValueError for parameters out of range.
    """
    height, width = frame_size(size, least=12)
    whole_number("paddle_width", paddle_width, 3, width // 2)
    return Garden(
        life(size=(height - ALLEY, width), rule=rule, edges="dead", density=density), paddle_width
    )
