"""The rules of Snake's ways, as pictures (see snake_board.py), and who plays it well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from determined import contradictions, much_play
from snake_board import (
    CRASH,
    DOWN,
    FOOD,
    LEFT,
    PLAIN,
    RIGHT,
    SMALL,
    START,
    STEPS,
    STRAIGHT,
    TINY,
    UP,
    expect_film,
    picture,
    state_of,
    tick,
)

from data_gen.games.snake import snake
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import expert_of
from data_gen.rollout import roll_out


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": 5}, "cell must be .* from 1 to 4, not"),
        ({"cell": [1, 2]}, r"cell must be a whole number from 1 to 4, not \[1, 2\]"),
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


def test_without_arrows_one_frame_does_not_determine_it() -> None:
    """With them it does: see test_frames_determine.py."""
    one_colour = np.array([0, 1, 2, 2, 2, 2, 6, 7], np.uint8)
    played = much_play(snake(**TINY))
    assert contradictions(played, 1)[1] == 0
    assert contradictions(replace(played, frames=one_colour[played.frames]), 1)[1] > 100


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
