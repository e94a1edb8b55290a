"""The rules of Snake, as pictures: '.' background, '@' head, 'x' crashed head, '*' food, and the
body as arrows to where the snake went on. One character is one cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import gcd
from typing import Any

import numpy as np
import pytest

from data_gen.games.snake import snake
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import expert_of
from data_gen.rollout import roll_out

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


def test_it_goes_straight_and_turns_and_its_body_follows() -> None:
    film = """
        ......  ......  ......  ......
        ......  ......  ....@.  ...@<.
        .>>@..  ..>>@.  ...>^.  ....^.
        ......  ......  ......  ......
        ......  ......  ......  ......
        *.....  *.....  *.....  *.....
    """
    _, told = expect_film(snake(**SMALL), film, STRAIGHT, UP, LEFT)
    assert told == [(PLAIN, 0, False)] * 3


@pytest.mark.parametrize(("action", "body"), [(UP, "v"), (DOWN, "^"), (LEFT, ">"), (RIGHT, "<")])
@pytest.mark.parametrize("length", [2, 3])
def test_it_cannot_reverse_even_if_its_neck_is_its_tail(
    action: int, body: str, length: int
) -> None:
    down, right = STEPS[body]
    cells = np.full((8, 8), ".")
    for number in range(length):
        cells[4 - down * number, 4 - right * number] = body if number else "@"
    cells[0, 0] = "*"
    game = snake(size=(8, 8), cell=1)
    state = state_of(game, "\n".join("".join(line) for line in cells))
    turned, straight = tick(game, state, action), tick(game, state)
    assert picture(game, turned) == picture(game, straight)
    assert picture(game, turned)[4 + down][4 + right] == "@"


# The strides of the food on 36 cells, counted row by row: the first number without a common divisor
# from 13.8 (up), 8.5 (down), 17.0 (left; 17 is taken) and 5.3 (right) on, which is 17, 11, 19, 5.
@pytest.mark.parametrize(
    ("film", "action"),
    [
        (
            # 9 + 5 = 14
            """
            ......  ......
            .>@*..  .>>@..
            ......  ..*...
            ......  ......
            ......  ......
            ......  ......
            """,
            STRAIGHT,
        ),
        (
            # 5 + 17 = 22
            """
            .....*  .....@
            ..>>>@  ..>>>^
            ......  ......
            ......  ....*.
            ......  ......
            ......  ......
            """,
            UP,
        ),
        (
            # 20 + 11 = 31
            """
            ......  ......
            ......  ......
            ..@<<.  ..v<<.
            ..*...  ..@...
            ......  ......
            ......  .*....
            """,
            DOWN,
        ),
        (
            # 30 + 19 = 49, which is 13 from the top again
            """
            ......  ......
            ......  ......
            ......  .*....
            .v<<<.  .v<<<.
            .>>v^.  .>>v^.
            *@<<..  @<<<..
            """,
            LEFT,
        ),
    ],
)
def test_it_grows_at_once_and_the_next_food_lies_strides_away(film: str, action: int) -> None:
    _, told = expect_film(snake(**SMALL), film, action)
    assert told == [(FOOD, 1, False)]


def test_food_is_sought_on_past_the_body() -> None:
    # 13 and 32 are taken; then 32 + 19 = 51 is 15 from the top again.
    film = """
        .v....  .v....
        .v....  .v....
        .>v...  .>v*..
        v<<...  v<<...
        >>>v..  >>>v..
        *@<<..  @<<<..
    """
    _, told = expect_film(snake(**SMALL), film, LEFT)
    assert told == [(FOOD, 1, False)]


def test_it_may_go_where_its_tail_leaves() -> None:
    film = """
        ....  ....  ....
        .>v.  .@v.  .>@.
        .@<.  .^<.  .^<.
        ...*  ...*  ...*
    """
    _, told = expect_film(snake(**TINY), film, UP, RIGHT)
    assert told == [(PLAIN, 0, False)] * 2


@pytest.mark.parametrize("walls", [True, False])
def test_it_crashes_into_itself_and_starts_again(walls: bool) -> None:
    # The food is at row 5, column 0, an odd sum: from the right edge, in row 5 + 3 - 6 = 2.
    film = """
        ......  ......  ......  ......
        .>>>v.  .>>>v.  ......  ......
        .^.@<.  .^.x<.  ...@<<  ..@<<.
        .^....  .^....  ......  ......
        ......  ......  ......  ......
        *.....  *.....  *.....  *.....
    """
    _, told = expect_film(snake(**SMALL, walls=walls), film, UP, UP, STRAIGHT)
    assert told == [(CRASH, -1, True), (START, 0, False), (PLAIN, 0, False)]


@pytest.mark.parametrize(
    ("film", "action"),
    [
        (
            """
            ..@...  ..x...  ......  ..^...
            ..^...  ..^...  ......  ..^...
            ..^...  ..^...  >>@...  ......
            ......  ......  ......  ......
            ......  ......  ......  ......
            .....*  .....*  .....*  ..@..*
            """,
            STRAIGHT,
        ),
        (
            """
            ....*.  ....*.  ....*.  ....*@
            ......  ......  ......  ......
            ......  ......  ......  ......
            ......  ......  >>@...  ......
            ..v...  ..v...  ......  ......
            ..>>>@  ..>>>x  ......  ..>>>v
            """,
            DOWN,
        ),
        (
            """
            @<<...  x<<...  ......  <<...@
            ......  ......  ......  ......
            ......  ......  >>@...  ......
            ......  ......  ......  ......
            ......  ......  ......  ......
            .....*  .....*  .....*  .....*
            """,
            STRAIGHT,
        ),
        (
            """
            *.....  *.....  *.....  *.....
            ......  ......  ......  ......
            .....v  .....v  ......  ......
            .....v  .....v  >>@...  .....v
            .....@  .....x  ......  @....>
            ......  ......  ......  ......
            """,
            RIGHT,
        ),
    ],
)
def test_walls_end_the_game_and_without_them_it_comes_in_on_the_other_side(
    film: str, action: int
) -> None:
    """Before, after a crash, after the next tick; and without walls after the first. The sum of the
    food's row and column is even: the next snake starts at the left edge, 3 rows further."""
    rows = [line.split() for line in film.strip().splitlines()]
    before, crashed, again, through = zip(*rows, strict=True)
    parts = "\n".join("  ".join(line) for line in zip(before, crashed, again, strict=True))
    _, told = expect_film(snake(**SMALL), parts, action, UP)
    assert told == [(CRASH, -1, True), (START, 0, False)]
    parts = "\n".join("  ".join(line) for line in zip(before, through, strict=True))
    _, told = expect_film(snake(**SMALL, walls=False), parts, action)
    assert told == [(PLAIN, 0, False)]


def test_across_the_edge_its_tail_follows() -> None:
    film = """
        ......  ......  ......  ......
        ......  ......  ......  ......
        ...>>@  @...>>  >@...>  >>@...
        ......  ......  ......  ......
        ...*..  ...*..  ...*..  ...*..
        ......  ......  ......  ......
    """
    _, told = expect_film(snake(**SMALL, walls=False), film, RIGHT, RIGHT, STRAIGHT)
    assert told == [(PLAIN, 0, False)] * 3


def test_a_full_board_ends_the_game() -> None:
    # The food stays where the head is: row 3, column 1, an even sum, so the next snake starts at
    # the left edge, in row 3 + 2 - 4 = 1.
    film = """
        >v>v  >v>v  ....
        ^v^v  ^v^v  >>@.
        ^>^v  ^>^v  ....
        ^*@<  ^@<<  .*..
    """
    _, told = expect_film(snake(**TINY), film, LEFT, STRAIGHT)
    assert told == [(FULL, 1, True), (START, 0, False)]


def test_starts_are_anywhere_with_a_free_cell_ahead() -> None:
    game = snake(size=(10, 14), start_length=[2, 3, 4])
    state = game.init(training_seeds(0, 0, 600))
    seen: set[tuple[str, int]] = set()
    foods: set[int] = set()
    for item in range(600):
        one = replace(state, values=state.values[item : item + 1])
        cells = "".join(picture(game, one))
        length = int(state.description[item, 1])
        (mark,) = set(cells) - set(".@*")
        assert (cells.count(mark), cells.count("@"), cells.count("*")) == (length - 1, 1, 1)
        assert tick(game, one).event[0] in (PLAIN, FOOD)
        seen.add((mark, length))
        foods.add(cells.index("*"))
    assert len(seen) == 4 * 3
    assert len(foods) == 5 * 7


@pytest.mark.parametrize("length", [4, 5, 6, 16, 32])
def test_food_can_come_to_every_cell(length: int) -> None:
    for wide in range(4, 20):
        strides = snake(size=(length, wide), cell=1)._rules[3:7].tolist()
        assert all(gcd(stride, length * wide) == 1 for stride in strides)
        assert len(set(strides)) == 4
        assert set(strides) <= set(range(1, length * wide))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": 5}, "cell must be .* from 1 to 4, not"),
        ({"cell": 3}, "size must be two multiples of 3"),
        ({"size": (6, 32)}, "size must be two multiples of 2"),
        ({"start_length": 9}, "start_length must be .* from 2 to 8, not 9"),
        ({"size": (8, 32), "start_length": [3, 4]}, "start_length must be .* from 2 to 3, not"),
        ({"walls": 1}, "walls must be true, false or a list of both, not 1"),
        ({"walls": []}, "walls must be"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        snake(**options)


def _transitions(options: dict[str, Any], ticks: int) -> Iterator[tuple[Any, ...]]:
    """(description, frame, action, next frame, reward, event) of much play."""
    cast = make_players(["random", "sticky", "tracker:0.5", "tracker:0.9"])
    played = roll_out(snake(**options), cast, training_seeds(1, 0, 128), ticks)
    for item in range(128):
        variant = played.description[item].tobytes()
        frames = [frame.tobytes() for frame in played.frames[item, :, 0]]
        told = zip(played.reward[item, :, 0].tolist(), played.event[item].tolist(), strict=True)
        for now, (reward, event) in enumerate(told):
            action = int(played.actions[item, now, 0])
            yield variant, frames[now], action, frames[now + 1], reward, event


def _contradictions(transitions: Iterator[tuple[Any, ...]], blur: bytes) -> tuple[int, int]:
    """How often a variant, frame (its colours seen through `blur`) and action came again, and how
    often something else followed."""
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    again = other = 0
    for variant, frame, action, then, reward, event in transitions:
        seen = variant, frame.translate(blur), action
        told = then.translate(blur), reward, event
        again += seen in known
        other += known.setdefault(seen, told) != told
    return again, other


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"size": (12, 12), "start_length": [2, 4], "walls": [True, False]},
        {**TINY, "walls": [True, False]},
    ],
    ids=str,
)
def test_one_frame_determines_what_comes_next(options: dict[str, Any]) -> None:
    ticks = 1500
    again, other = _contradictions(_transitions(options, ticks), bytes(range(256)))
    print(f"{options}: {again} of {128 * ticks} ticks came again")
    assert again > 2000
    assert other == 0


def test_without_arrows_one_frame_does_not_determine_it() -> None:
    one_colour = bytes([0, 1, 2, 2, 2, 2, 6, 7, *range(8, 256)])
    _, other = _contradictions(_transitions(TINY, 1500), one_colour)
    assert other > 100


def test_the_expert_grows_long_and_a_random_player_does_not() -> None:
    game = snake()
    played = roll_out(game, make_players(["tracker:1"]), training_seeds(2, 0, 32), 600)
    foods = (played.event == FOOD).sum(1)
    assert np.median(foods) > 20
    assert (played.event == CRASH).sum() == 0
    assert roll_out(game, make_players(["random"]), training_seeds(2, 0, 32), 600).reward.sum() < 0


def test_the_expert_bears_any_frame() -> None:
    expert = expert_of(snake().spec)
    assert expert(np.zeros((32, 32), np.uint8), 0, 0.0) == STRAIGHT
    noise = np.random.default_rng(0).integers(0, 8, (200, 12, 12)).astype(np.uint8)
    assert all(0 <= expert(frame, 0, aim) < 5 for frame in noise for aim in (-1.0, 0.3, 1.0))
