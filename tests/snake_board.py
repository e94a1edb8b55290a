"""Snake positions for tests, and what they look like: '.' background, '@' head, 'x' crashed head,
'*' food, and the body as arrows to where the snake went on. One character is one cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from data_gen.kernel_game import KernelGame, RowState

MARKS = np.array(list(".@^v<>*x"))  # by colour
STRAIGHT, UP, DOWN, LEFT, RIGHT = range(5)
STEPS = {"^": (-1, 0), "v": (1, 0), "<": (0, -1), ">": (0, 1)}
PLAIN, FOOD, CRASH, FULL, START = range(5)
SMALL: dict[str, Any] = {"size": (12, 12)}  # 6 x 6 cells
TINY: dict[str, Any] = {"size": (4, 4), "cell": 1}


def state_of(game: KernelGame, text: str) -> RowState:
    """The state that a picture shows: all but the variant is seen in it."""
    rows = text.split()
    high, wide = len(rows), len(rows[0])
    at = {(r, c): mark for r, line in enumerate(rows) for c, mark in enumerate(line)}
    onto = {
        cell: ((cell[0] + STEPS[mark][0]) % high, (cell[1] + STEPS[mark][1]) % wide)
        for cell, mark in at.items()
        if mark in STEPS
    }
    head = next(cell for cell, mark in at.items() if mark == "@")
    neck = next(cell for cell, there in onto.items() if there == head)
    (tail,) = set(onto) - set(onto.values())
    food = next(row * wide + column for (row, column), mark in at.items() if mark == "*")
    state = game.init(np.zeros(1, np.uint64))
    values = state.values.copy()
    seen = (*head, "^v<>".index(at[neck]), *tail, len(onto) + 1, food, 0)
    names = ("head row", "head column", "heading", "tail row", "tail column", "length", "food")
    for name, value in zip((*names, "over"), seen, strict=True):
        values[0, game.columns.index(name)] = value
    colours = [0 if mark == "*" else int(np.argmax(mark == MARKS)) for mark in at.values()]
    values[0, len(game.columns) :] = colours
    return replace(state, values=values)


def tick(game: KernelGame, state: RowState, action: int = STRAIGHT) -> RowState:
    return game.step(state, np.array([[action]]))


def picture(game: KernelGame, state: RowState) -> list[str]:
    frame, cell = game.render(state)[0, 0], game.spec.options["cell"]
    cells = frame[::cell, ::cell]
    np.testing.assert_array_equal(cells.repeat(cell, 0).repeat(cell, 1), frame)
    return ["".join(line) for line in MARKS[cells]]


def expect_film(
    game: KernelGame, film: str, *actions: int
) -> tuple[RowState, list[tuple[int, float, bool]]]:
    """The pictures stand beside each other. Returns the last state, and (event, reward, terminated)
    of each tick."""
    pictures = list(zip(*[line.split() for line in film.strip().splitlines()], strict=True))
    state = state_of(game, "\n".join(pictures[0]))
    assert picture(game, state) == list(pictures[0])
    told: list[tuple[int, float, bool]] = []
    for action, wanted in zip(actions, pictures[1:], strict=True):
        state = tick(game, state, action)
        assert picture(game, state) == list(wanted)
        told.append((int(state.event[0]), float(state.reward[0, 0]), bool(state.terminated[0])))
    return state, told
