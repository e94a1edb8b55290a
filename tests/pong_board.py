"""Pong positions for tests, and what they look like: '.' background, '[' left paddle, ']' right
paddle, 'O' ball, '+' score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_gen.pong import STAY, SUB, Pong, PongState

MARKS = np.array(list(".[]O+"))


def state_of(
    game: Pong,
    ball: tuple[int, int],
    side: int = 1,
    rise: int = 0,
    paddles: tuple[int, int] = (12, 12),
    score: tuple[int, int] = (0, 0),
) -> PongState:
    """One game. ball: column and row below the score's row, px; side: -1 flies left; rise: rows per
    tick, -2 to 2, negative upwards; paddles: their top rows."""
    return replace(
        game.init(np.zeros(1, np.uint64)),
        ball=np.array([ball]) * SUB,
        side=np.array([side]),
        angle=np.array([rise + 2]),
        paddles=np.array([paddles]),
        score=np.array([score]),
    )


def tick(game: Pong, state: PongState, left: int = STAY, right: int = STAY) -> PongState:
    return game.step(state, np.array([[left, right]]))


def picture(game: Pong, state: PongState, rows: slice, columns: slice) -> list[str]:
    """rows: of the frame, so that the score is row 0 and row 0 of the field row 1."""
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0, rows, columns]]


def expect_film(
    game: Pong,
    state: PongState,
    film: str,
    top: int = 0,
    left: int = 0,
    actions: tuple[int, int] = (STAY, STAY),
) -> PongState:
    """The board's part that begins at frame row `top` and column `left` shows one picture of the
    film after the other; they stand beside each other in it."""
    rows = [line.split() for line in film.strip().splitlines()]
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state, *actions) if number else state
        part = slice(top, top + len(wanted)), slice(left, left + len(wanted[0]))
        assert picture(game, state, *part) == list(wanted), f"picture {number}"
    return state


def place(state: PongState) -> tuple[int, int]:
    column, row = (state.ball[0] // SUB).tolist()
    return column, row
