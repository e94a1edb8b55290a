"""Catch positions for tests, what they look like, and all that there are: '.' background, 'U'
basket, 'a' apple, 'l' lemon, 'p' plum, '^' leaf, 'b' bomb, '*' spark, '+' score."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from data_gen.games.catch import GO_LEFT, GO_RIGHT, IS_BOMB, LANE, PIPS, PLACE, ROW, STAY
from data_gen.kernel_game import KernelGame, RowState
from data_gen.randomness import training_seeds

MARKS = np.array(list(".Ualp^b*+"))
Rows = NDArray[np.int32]  # (N, F)


def state_of(
    game: KernelGame, basket: int, lane: int, row: int, score: int = 0, bomb: int = 0
) -> RowState:
    state = game.init(np.zeros(1, np.uint64))
    state.values[:, [PLACE, LANE, ROW, PIPS, IS_BOMB]] = basket, lane, row, score, bomb
    return state


def tick(game: KernelGame, state: RowState, action: int = STAY) -> RowState:
    return game.step(state, np.array([[action]]))


def row_of(state: RowState, column: int) -> int:
    return int(state.values[0, column])


def picture(game: KernelGame, state: RowState) -> list[str]:
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0]]


def expect_film(
    game: KernelGame, state: RowState, film: str, top: int, left: int, actions: list[int]
) -> RowState:
    """The board's part from row `top` and column `left` on shows one picture after the other."""
    rows = [line.split() for line in film.strip().splitlines()]
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state, actions[number - 1]) if number else state
        part = picture(game, state)[top : top + len(wanted)]
        assert [row[left : left + len(wanted[0])] for row in part] == list(wanted), number
    return state


def codes(rows: Rows) -> NDArray[np.int64]:
    """A number for each state of a game with fixed parameters."""
    number = np.zeros(len(rows), np.int64)
    for column, bound in ((PLACE, 64), (LANE, 32), (ROW, 64), (IS_BOMB, 2), (PIPS, 8)):
        number = number * bound + rows[:, column]
    return number


def reachable(game: KernelGame) -> Rows:
    """All states that play can reach, breadth first."""
    start = game.init(training_seeds(0, 0, 4096))
    first = np.unique(start.values, axis=0)
    seen, frontier = np.zeros(64 * 32 * 64 * 2 * 8, np.bool_), first
    seen[codes(first)] = True
    found = [first]
    while len(frontier):
        rows = frontier.repeat(3, 0)
        shape = {entry.name: getattr(start, entry.name)[:1] for entry in fields(start)}
        many = RowState(**{name: value.repeat(len(rows), 0) for name, value in shape.items()})
        actions = np.tile([[STAY], [GO_LEFT], [GO_RIGHT]], (len(frontier), 1))
        after = game.step(replace(many, values=rows), actions).values
        _, which = np.unique(codes(after), return_index=True)
        frontier = after[which[~seen[codes(after[which])]]]
        seen[codes(frontier)] = True
        found.append(frontier)
    return np.concatenate(found)
