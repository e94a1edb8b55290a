"""The rules of key-door, as pictures of cells (see keydoor_board.py)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from keydoor_board import HALL, board_of, changed, state_of, walk

from data_gen.games.keydoor import (
    BUMP,
    COLUMN,
    OPEN,
    PLAIN,
    POCKET,
    ROUND,
    ROW,
    TAKE,
    TREASURE,
    keydoor,
)
from data_gen.kernel_game import KernelGame
from data_gen.randomness import training_seeds


@pytest.fixture
def game() -> KernelGame:
    return keydoor(size=(28, 28))


@pytest.mark.parametrize(
    ("way", "there"),
    [
        *((".", (1, 3)), ("^", (0, 3)), ("v", (2, 3)), ("<", (1, 2)), (">", (1, 4))),
        *(("^^^", (0, 3)), ("v<", (2, 3)), ("<v", (1, 2)), ("<^", (1, 2)), ("^>>", (0, 4))),
    ],
)
def test_a_step_is_one_cell_and_walls_and_the_edge_stop_it(
    game: KernelGame, way: str, there: tuple[int, int]
) -> None:
    state, events = walk(game, state_of(game, HALL, (1, 3)), way)
    assert board_of(game, state) == changed(HALL, {there: "@"})
    assert set(events) == {PLAIN}


@pytest.mark.parametrize(("row", "colour"), [(1, "r"), (3, "g"), (5, "b")])
def test_with_one_key_all_vanish(game: KernelGame, row: int, colour: str) -> None:
    state, events = walk(game, state_of(game, HALL, (row, 2)), "<<<")
    empty = {(1, 0): "_", (3, 0): "_", (5, 0): "_"}
    assert board_of(game, state) == changed(HALL, empty | {(row, 0): "&"})
    assert events == [PLAIN, TAKE, PLAIN]  # the third goes against the edge
    assert state.values[0, POCKET] == 1 + "rgbv".index(colour)
    again, events = walk(game, state, ">vv<^^" if row < 5 else ">^^<vv")
    assert set(events) == {PLAIN}
    assert again.values[0, POCKET] == state.values[0, POCKET]


def test_a_door_opens_to_its_colour_and_then_lets_pass(game: KernelGame) -> None:
    hall = "\n".join(changed(HALL, {(1, 0): "_", (3, 0): "_", (5, 0): "_"}))
    state, events = walk(game, state_of(game, hall, (3, 4), "g"), ">")
    assert (board_of(game, state), events) == (changed(hall, {(3, 4): "@", (3, 5): "2"}), [OPEN])
    state, events = walk(game, state, ">")
    assert (board_of(game, state), events) == (changed(hall, {(3, 5): "!"}), [PLAIN])
    state, events = walk(game, state, "<^^>vvvv>")  # the key is used up, the door stays open
    assert events == [PLAIN] * 3 + [BUMP] + [PLAIN] * 4 + [BUMP]
    assert board_of(game, state) == changed(hall, {(5, 4): "@", (3, 5): "2"})


@pytest.mark.parametrize(("row", "pocket"), [(1, "b"), (3, "r"), (5, ""), (1, "v")])
def test_another_door_does_nothing(game: KernelGame, row: int, pocket: str) -> None:
    before = state_of(game, HALL, (row, 4), pocket)
    state, events = walk(game, before, ">>>")
    assert events == [BUMP] * 3
    np.testing.assert_array_equal(state.values, before.values)
    assert board_of(game, state) == changed(HALL, {(row, 4): "@"})


# The doors' colours move up by one, and the keys' by as many more as there are doors above.
@pytest.mark.parametrize(
    ("row", "opened", "keys"), [(1, "1GB", "gbr"), (3, "R2B", "brg"), (5, "RG3", "rgb")]
)
@pytest.mark.parametrize("action", ".<>")
def test_after_the_treasure_comes_a_new_round(
    game: KernelGame, row: int, opened: str, keys: str, action: str
) -> None:
    niches, doors = [(1, 0), (3, 0), (5, 0)], [(1, 5), (3, 5), (5, 5)]
    hall = changed(HALL, dict.fromkeys(niches, "_") | dict(zip(doors, opened, strict=True)))
    state, events = walk(game, state_of(game, "\n".join(hall), (row, 5)), ">")
    assert board_of(game, state) == changed("\n".join(hall), {(row, 6): "%"})
    assert events == [TREASURE]
    assert (state.reward.tolist(), state.terminated.tolist()) == ([[1.0]], [True])
    state, events = walk(game, state, action)
    marks = dict(zip(niches, keys, strict=True)) | dict(zip(doors, "GBR", strict=True))
    assert board_of(game, state) == changed(HALL, marks | {(row, 4): "@"})
    assert events == [ROUND]
    assert (state.reward.tolist(), state.terminated.tolist()) == ([[0.0]], [False])


def reachable(board: list[str], start: tuple[int, int]) -> set[tuple[int, int]]:
    """All that is walked to over floor alone, and what lies beside that."""
    found, open_places = {start}, [start]
    for row, column in open_places:
        for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            inside = 0 <= near[0] < len(board) and 0 <= near[1] < len(board[0])
            if inside and near not in found:
                found.add(near)
                open_places += [near] if board[near[0]][near[1]] in ".@" else []
    return found


@pytest.mark.parametrize("size", [(28, 28), (32, 32), (36, 48)])
def test_every_layout_can_be_played(size: tuple[int, int]) -> None:
    game = keydoor(size=size, keys=[2, 3, 4], walls=[0, 1, 2])
    state = game.init(training_seeds(0, 0, 300))
    boards = set()
    for item, (count, walls) in enumerate(state.description.astype(int).tolist()):
        board = board_of(game, replace(state, values=state.values[item : item + 1]))
        boards.add(tuple(board))
        keys, doors = ["".join(row[column] for row in board) for column in (0, -2)]
        for wall in (keys, doors):
            assert len(wall.replace("#", "")) == len(set(wall) - {"#"}) == count
            assert all("#" in pair for pair in pairwise(wall))
        assert set(keys.upper()) == set(doors)
        assert [row[-1] for row in board] == ["#" if mark == "#" else "$" for mark in doors]
        assert ("#" in "".join(row[1:-2] for row in board)) == (walls > 0)
        found = reachable(board, (int(state.values[item, ROW]), int(state.values[item, COLUMN])))
        everything = [(row, c) for row, line in enumerate(board) for c in range(len(line) - 1)]
        assert all(place in found for place in everything if board[place[0]][place[1]] != "#")
    assert len(boards) > 250


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (24, 32)}, "size must be .*, not"),
        ({"size": (30, 32)}, "size must be two multiples of 4, .*, not"),
        ({"keys": 5}, "keys must be one or more whole numbers from 2 to 4, not 5"),
        ({"keys": []}, "keys must be"),
        ({"walls": [0, 3]}, "walls must be one or more whole numbers from 0 to 2, not"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keydoor(**options)
