"""Flappy positions for tests, and what they look like: '.' background, 'o' bird, 'x' crashed bird,
'#' pipe, '=' lip, '_' ground, '+' score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from data_gen.kernel_game import KernelGame, RowState

MARKS = np.array(list(".o#=_+x"))  # by colour
NONE, FLAP = range(2)
PLAIN, PASS, CRASH, START = range(4)


def state_of(
    game: KernelGame,
    bird: int,
    velocity: int = 0,
    pipes: Sequence[tuple[int, int]] = ((28, 5),),
    score: int = 0,
) -> RowState:
    """One game. bird: its upper row. pipes: left column, and first row of the gap; the columns lie
    `spacing` apart."""
    state = game.init(np.zeros(1, np.uint64))
    values = state.values.copy()
    columns = {name: number for number, name in enumerate(game.columns)}
    for name, value in (
        ("bird", bird),
        ("velocity", velocity),
        ("pipe", pipes[0][0]),
        ("pipes", len(pipes)),
        ("score", score),
        ("over", 0),
    ):
        values[0, columns[name]] = value
    for number, (left, first) in enumerate(pipes):
        assert left == pipes[0][0] + number * values[0, columns["spacing"]]
        values[0, len(columns) + number] = first - 3
    return replace(state, values=values)


def tick(game: KernelGame, state: RowState, action: int = NONE) -> RowState:
    return game.step(state, np.array([[action]]))


def picture(game: KernelGame, state: RowState, rows: slice, columns: slice) -> list[str]:
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0, rows, columns]]


def expect_film(
    game: KernelGame, state: RowState, film: str, top: int, left: int, *actions: int
) -> RowState:
    """The frame's part that begins at row `top` and column `left` shows one picture of the film
    after the other."""
    rows = [line.split() for line in film.strip().splitlines()]
    part = slice(top, top + len(rows)), slice(left, left + len(rows[0][0]))
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state, actions[number - 1]) if number else state
        assert picture(game, state, *part) == list(wanted), f"picture {number}"
    return state


def bird_rows(game: KernelGame, state: RowState, actions: Sequence[int]) -> list[int]:
    """The bird's upper row after each action."""
    found: list[int] = []
    for action in actions:
        state = tick(game, state, action)
        found.append(int(np.argwhere(np.isin(game.render(state)[0, 0], (1, 6)))[0, 0]))
    return found


def told(state: RowState) -> tuple[int, float, bool]:
    return int(state.event[0]), float(state.reward[0, 0]), bool(state.terminated[0])


def first_rows(game: KernelGame, state: RowState) -> list[int]:
    """Of the gaps that are seen, from the left to the right: the row below the upper lip."""
    columns = picture(game, state, slice(1, -1), slice(None))
    found = ["".join(line).find("=") + 2 for line in zip(*columns, strict=True) if line[0] in "#="]
    return [row for number, row in enumerate(found) if number == 0 or row != found[number - 1]]
