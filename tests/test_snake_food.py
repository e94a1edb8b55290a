"""The rules of Snake's food, as pictures (see snake_board.py)."""

from __future__ import annotations

from math import gcd

import pytest
from snake_board import DOWN, FOOD, FULL, LEFT, SMALL, START, STRAIGHT, TINY, UP, expect_film

from data_gen.games.snake import snake


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


@pytest.mark.parametrize("length", [4, 5, 6, 16, 32])
def test_food_can_come_to_every_cell(length: int) -> None:
    for wide in range(4, 20):
        strides = snake(size=(length, wide), cell=1)._rules[3:7].tolist()
        assert all(gcd(stride, length * wide) == 1 for stride in strides)
        assert len(set(strides)) == 4
        assert set(strides) <= set(range(1, length * wide))


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
