"""Pong positions for tests, and what they look like: '.' background, '[' left paddle, ']' right
paddle, 'O' ball, '+' score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.games.pong import ANGLE, LEFT, LEFT_SCORE, RIGHT, RIGHT_SCORE, SIDE, STAY, SUB, X, Y
from data_gen.kernel_game import KernelGame, RowState

MARKS = np.array(list(".[]O+"))


def state_of(
    game: KernelGame,
    ball: tuple[int, int],
    side: int = 1,
    rise: int = 0,
    paddles: tuple[int, int] = (12, 12),
    score: tuple[int, int] = (0, 0),
) -> RowState:
    """One game. ball: column and row below the score's row, px; side: -1 flies left; rise: rows per
    tick, -2 to 2, negative upwards; paddles: their top rows."""
    flight = {X: ball[0] * SUB, Y: ball[1] * SUB, SIDE: side, ANGLE: rise + 2}
    rest = {LEFT: paddles[0], RIGHT: paddles[1], LEFT_SCORE: score[0], RIGHT_SCORE: score[1]}
    return changed(game.init(np.zeros(1, np.uint64)), flight | rest)


def changed(state: RowState, columns: dict[int, Any]) -> RowState:
    """The state with other values in some columns of its rows."""
    values = state.values.copy()
    for column, value in columns.items():
        values[:, column] = value
    return replace(state, values=values)


def tick(game: KernelGame, state: RowState, left: int = STAY, right: int = STAY) -> RowState:
    return game.step(state, np.array([[left, right]]))


def picture(game: KernelGame, state: RowState, rows: slice, columns: slice) -> list[str]:
    """rows: of the frame, so that the score is row 0 and row 0 of the field row 1."""
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0, rows, columns]]


def expect_film(
    game: KernelGame,
    state: RowState,
    film: str,
    top: int = 0,
    left: int = 0,
    actions: tuple[int, int] = (STAY, STAY),
) -> RowState:
    """The board's part that begins at frame row `top` and column `left` shows one picture of the
    film after the other; they stand beside each other in it."""
    rows = [line.split() for line in film.strip().splitlines()]
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state, *actions) if number else state
        part = slice(top, top + len(wanted)), slice(left, left + len(wanted[0]))
        assert picture(game, state, *part) == list(wanted), f"picture {number}"
    return state


def balls(state: RowState) -> NDArray[np.int32]:
    """Left column and top row (B, 2), 1/16 px."""
    return state.values[:, [X, Y]]


def paddles(state: RowState) -> NDArray[np.int32]:
    """Top rows of the left and the right paddle (B, 2), px."""
    return state.values[:, [LEFT, RIGHT]]


def scores(state: RowState) -> NDArray[np.int32]:
    """Of the left and the right player (B, 2)."""
    return state.values[:, [LEFT_SCORE, RIGHT_SCORE]]


def place(state: RowState) -> tuple[int, int]:
    """Column and row of the first game's ball, px."""
    column, row = (balls(state)[0] // SUB).tolist()
    return column, row
