"""Breakout positions for tests, and what they look like: '.' background, '=' paddle, 'O' ball, '1'
to '6' the bricks of a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_gen.games.breakout import BRICKS, LEFT, PLACE, STAY, VX, VY, X, Y
from data_gen.kernel_game import KernelGame, RowState

MARKS = np.array(list(".=O123456"))
FAR = "#......."  # a brick in the corner, out of the way: without any the game would end


def state_of(
    game: KernelGame,
    ball: tuple[int, int],
    velocity: tuple[int, int] = (1, 1),
    paddle: int = 12,
    wall: Sequence[str] = (FAR,),
) -> RowState:
    """One game. ball: left column and top row; wall: the first rows of bricks, '#' where there is
    one; those that are not given are empty."""
    state = game.init(np.zeros(1, np.uint64))
    columns = game.spec.shape[2] // 4
    state.values[:, BRICKS:] = 0
    bricks = np.array([[mark == "#" for mark in row] for row in wall]).reshape(-1)
    assert len(bricks) == len(wall) * columns
    state.values[:, BRICKS : BRICKS + len(bricks)] = bricks
    state.values[:, [LEFT, X, Y, VX, VY, PLACE]] = bricks.sum(), *ball, *velocity, paddle
    return state


def tick(game: KernelGame, state: RowState, action: int = STAY) -> RowState:
    return game.step(state, np.array([[action]]))


def picture(game: KernelGame, state: RowState) -> list[str]:
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0]]


def flight(state: RowState) -> tuple[int, ...]:
    """x, y, vx, vy of the first game's ball."""
    return tuple(state.values[0, [X, Y, VX, VY]].tolist())


def expect_film(game: KernelGame, state: RowState, film: str, top: int, left: int) -> RowState:
    """The board's part from row `top` and column `left` on shows one picture after the other."""
    rows = [line.split() for line in film.strip().splitlines()]
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state) if number else state
        part = picture(game, state)[top : top + len(wanted)]
        assert [row[left : left + len(wanted[0])] for row in part] == list(wanted), number
    return state
