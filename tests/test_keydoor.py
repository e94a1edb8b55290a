"""The rules of key-door, as pictures of cells: '.' floor, '#' wall, '_' empty niche, '$' treasure,
r g b v keys, R G B V closed doors and 1 2 3 4 open ones of the same colours. The person is '@' on
floor, '&' in a niche, '!' in a door, '%' on a treasure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data_gen.games.keydoor import (
    BUMP,
    CELLS,
    COLUMN,
    COUNT,
    DOWN,
    LEFT,
    OPEN,
    PLAIN,
    POCKET,
    RIGHT,
    ROUND,
    ROW,
    STAY,
    TAKE,
    TREASURE,
    UP,
    expert,
    keydoor,
)
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out

KINDS = ".#_$rgbvRGBV1234"  # a cell's number in the state is its place here
LOOKS = {  # in the palette's order: '.' background, '@' person, '#' wall, '_' niche, '$' treasure
    ".": ".... .... .... ....",
    "#": "#### #### #### ####",
    "_": "_.._ .... .... _.._",
    "$": "$$$$ $..$ $$$$ $$$$",
    "r": "_rr_ .rr. .r.. _rr_",
    "R": "rrrr r..r rr.r rrrr",
    "1": "rrrr .... .... rrrr",
    "@": ".@@. @@@@ .@@. @..@",
    "&": "_@@_ @@@@ .@@. @..@",
    "!": "r@@r @@@@ .@@. @rr@",
    "%": "$@@$ @@@@ $@@$ @$$@",
}
ARROWS = {".": STAY, "^": UP, "v": DOWN, "<": LEFT, ">": RIGHT}
HALL = """
    ###..##
    r....R$
    #.#..##
    g....G$
    #....##
    b....B$
    ###..##
"""


def looks() -> dict[bytes, str]:
    """The mark of every picture of a cell."""
    found: dict[bytes, str] = {}
    for mark, picture in LOOKS.items():
        for colour in range(4 if "r" in picture else 1):
            inks = {ink: number for number, ink in enumerate(".@#_$")} | {"r": 5 + colour}
            pixels = bytes(inks[ink] for ink in picture.replace(" ", ""))
            family = next((marks for marks in ("rgbv", "RGBV", "1234") if mark in marks), mark * 4)
            found[pixels] = family[colour]
    return found


def state_of(game: KernelGame, board: str, person: tuple[int, int], pocket: str = "") -> RowState:
    """One game. person: row and column. pocket: the key's colour."""
    rows = board.split()
    cells = [KINDS.index(mark) for mark in "".join(rows)]
    values = np.zeros((1, CELLS + len(cells)), np.int32)
    values[0, [ROW, COLUMN]] = person
    values[0, POCKET] = 1 + "rgbv".index(pocket) if pocket else 0
    values[0, COUNT] = sum(mark in "RGBV1234" for mark in "".join(rows))
    values[0, CELLS:] = cells
    return replace(game.init(np.zeros(1, np.uint64)), values=values)


def board_of(game: KernelGame, state: RowState) -> list[str]:
    """What is seen of the first game, a mark for each cell."""
    frame, marks = game.render(state)[0, 0], looks()
    high, wide = frame.shape[0] // 4, frame.shape[1] // 4
    cells = frame.reshape(high, 4, wide, 4).swapaxes(1, 2)
    return ["".join(marks[cell.tobytes()] for cell in row) for row in cells]


def walk(game: KernelGame, state: RowState, way: str) -> tuple[RowState, list[int]]:
    """The state after the arrows in `way`, and the event of each tick."""
    events = []
    for arrow in way:
        state = game.step(state, np.array([[ARROWS[arrow]]]))
        events.append(int(state.event[0]))
    return state, events


def changed(board: str, marks: dict[tuple[int, int], str]) -> list[str]:
    rows = [list(row) for row in board.split()]
    for (row, column), mark in marks.items():
        rows[row][column] = mark
    return ["".join(row) for row in rows]


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


def test_a_key_is_remembered_for_500_ticks_and_never_seen(game: KernelGame) -> None:
    wander = "." * 100 + ">^^<.vv." * 50
    films, last = [], []
    for way in ("<>vv", "vv<>"):  # the red key, or the green one
        state, events = walk(game, state_of(game, HALL, (1, 1)), way)
        assert events.count(TAKE) == 1
        film = [board_of(game, state)]
        for arrow in wander:
            state, events = walk(game, state, arrow)
            assert events == [PLAIN]
            film.append(board_of(game, state))
        films.append(film)
        last.append(walk(game, state, "^^>>>>^^>")[1])  # to the green door, to the red one
    assert len(films[0]) == 501
    assert films[0] == films[1]
    assert last[0] == [*[PLAIN] * 5, BUMP, PLAIN, PLAIN, OPEN]
    assert last[1] == [*[PLAIN] * 5, OPEN, PLAIN, PLAIN, BUMP]


def test_the_frame_tells_everything_but_the_pocket() -> None:
    game = keydoor(size=(28, 28), keys=[2, 3, 4])
    seeds = training_seeds(2, 0, 4).repeat(40)
    state, rng = game.init(seeds), np.random.default_rng(0)
    for player in ("random", "tracker:0.7"):
        cast = make_players([player])
        memory = cast.start(game.spec, rng.integers(0, 1 << 60, len(seeds)).astype(np.uint64))
        known: dict[bytes, set[bytes]] = defaultdict(set)
        seen: dict[bytes, set[bytes]] = defaultdict(set)
        for _ in range(400):
            frames, pockets = game.render(state), state.values[:, POCKET]
            actions, memory = cast.act(game.spec, memory, frames)
            state = game.step(state, actions)
            after = game.render(state)
            for item, frame in enumerate(frames):
                key = frame.tobytes() + actions[item].tobytes()
                shown = after[item].tobytes() + state.reward[item].tobytes()
                seen[key].add(shown)
                known[key + bytes([pockets[item]])].add(shown)
        assert sum(len(what) > 1 for what in known.values()) == 0
        assert sum(len(what) > 1 for what in seen.values()) > 0  # the pocket matters, and is hidden
        assert len(known) < 400 * len(seeds) / 2  # situations did come again


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


def rewards(player: str) -> NDArray[np.float32]:
    return roll_out(keydoor(), make_players([player]), training_seeds(0, 0, 64), 1000).reward


def test_the_expert_finds_treasures_though_it_cannot_see_its_pocket() -> None:
    assert rewards("tracker:1").mean() > 10 * rewards("random").mean() > 0
    assert rewards("tracker:1").sum((1, 2)).min() >= 3  # in every game


def test_the_expert_is_not_upset_by_what_a_dream_may_show() -> None:
    for noise in np.random.default_rng(0).integers(0, 9, (200, 32, 32), np.uint8):
        assert 0 <= expert(noise, 0, 0.3) < 5
    assert expert(np.zeros((32, 32), np.uint8), 0, 0.0) == STAY
