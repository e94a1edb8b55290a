"""The rules of Breakout's ball and bricks, as pictures (see breakout_board.py)."""

from __future__ import annotations

import pytest
from breakout_board import FAR, expect_film, flight, picture, state_of, tick

from data_gen.games.breakout import BROKEN, CLEAR, HIT, MISS, PLAIN, SERVE, WALL, breakout


def test_the_whole_board() -> None:
    game = breakout()
    wall = ["########", "#.#.#.#.", "........", ".......#"]
    seen = picture(game, state_of(game, (20, 15), paddle=9, wall=wall))
    assert seen[:4] == ["." * 32] * 4
    assert seen[4:6] == ["1" * 32] * 2
    assert seen[6:8] == ["2222...." * 4] * 2
    assert seen[8:10] == ["." * 32] * 2
    assert seen[10:12] == ["." * 28 + "4444"] * 2
    assert seen[12:15] == ["." * 32] * 3
    assert seen[15:17] == ["." * 20 + "OO" + "." * 10] * 2
    assert seen[17:29] == ["." * 32] * 12
    assert seen[29:] == ["." * 9 + "=" * 8 + "." * 15] * 2 + ["." * 32]


@pytest.mark.parametrize("speed", [1, 2])
@pytest.mark.parametrize("velocity", [(vx, vy) for vx in (-2, -1, 1, 2) for vy in (-1, 1)])
def test_the_ball_flies(velocity: tuple[int, int], speed: int) -> None:
    game = breakout(ball_speed=speed)
    state = tick(game, state_of(game, (15, 17), velocity))
    vx, vy = velocity
    assert flight(state) == (15 + speed * vx, 17 + speed * vy, vx, vy)
    assert state.event[0] == PLAIN


# The ball's left column lies in 0 to 30: it never shows less of itself.
@pytest.mark.parametrize(
    ("column", "vx", "wanted", "turned"),
    [
        (0, -1, 1, True),
        (0, -2, 2, True),
        (1, -1, 0, False),
        (1, -2, 3, True),
        (2, -2, 0, False),
        (30, 1, 29, True),
        (30, 2, 28, True),
        (29, 1, 30, False),
        (29, 2, 27, True),
        (28, 2, 30, False),
    ],
)
def test_the_ball_turns_before_a_side(column: int, vx: int, wanted: int, turned: bool) -> None:
    game = breakout()
    state = tick(game, state_of(game, (column, 17), (vx, 1)))
    assert flight(state) == (wanted, 18, -vx if turned else vx, 1)
    assert state.event[0] == (WALL if turned else PLAIN)


def test_the_ball_turns_at_the_top_and_in_its_corners() -> None:
    game = breakout()
    wall = ["...#...."]
    state = tick(game, state_of(game, (20, 0), (2, -1), wall=wall))
    assert (flight(state), state.event[0]) == ((22, 1, 2, 1), WALL)
    for column, vx in ((0, -1), (30, 1), (1, -2), (29, 2)):
        state = tick(game, state_of(game, (column, 0), (vx, -1), wall=wall))
        assert (flight(state), state.event[0]) == ((column - vx, 1, -vx, 1), WALL)


def test_a_brick_from_below() -> None:
    game = breakout()
    film = """
        11111111  11111111  ....1111
        11111111  11111111  ....1111
        ........  ..OO....  ........
        .OO.....  ..OO....  ...OO...
        .OO.....  ........  ...OO...
    """
    start = state_of(game, (9, 7), (1, -1), wall=["#.##...."])
    state = expect_film(game, start, film, top=4, left=8)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 1)
    assert flight(state)[2:] == (1, 1)


def test_two_bricks_from_above() -> None:
    game = breakout()
    film = """
        ..OO....  ........  ....OO..
        ..OO....  ...OO...  ....OO..
        ........  ...OO...  ........
        11111111  11111111  ........
        11111111  11111111  ........
    """
    start = state_of(game, (10, 1), (1, 1), wall=["#.##...."])
    state = expect_film(game, start, film, top=1, left=8)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 2)
    assert flight(state)[2:] == (1, -1)


def test_a_brick_from_either_side() -> None:
    game = breakout()
    film = """
        ..OO......  ..........  ..........
        ..OO..2222  ....OO2222  ..........
        ......2222  ....OO2222  ..OO......
        ..........  ..........  ..OO......
    """
    start = state_of(game, (8, 5), (2, 1), wall=[FAR, "...#...."])
    state = expect_film(game, start, film, top=5, left=6)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 1)
    film = """
        ......OO..  ..........  ..........
        2222..OO..  2222OO....  ..........
        2222......  2222OO....  ......OO..
        ..........  ..........  ......OO..
    """
    start = state_of(game, (18, 5), (-2, 1), wall=[FAR, "...#...."])
    state = expect_film(game, start, film, top=5, left=12)
    assert flight(state)[2:] == (2, 1)


def test_two_bricks_beside() -> None:
    game = breakout()
    state = state_of(game, (11, 7), (1, -1), wall=[FAR, "...#....", "...#...."])
    state = tick(game, state)
    assert (flight(state), state.reward[0, 0]) == ((10, 6, -1, -1), 2)


def test_a_brick_at_its_corner() -> None:
    game = breakout()
    film = """
        ......2222  ..........
        ......2222  ..........
        ....OO....  ..........
        ....OO....  ..OO......
        ..........  ..OO......
    """
    start = state_of(game, (10, 8), (2, -1), wall=[FAR, "...#...."])
    state = expect_film(game, start, film, top=6, left=6)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 1)
    assert flight(state)[2:] == (-2, 1)


def test_a_nook_of_two_bricks() -> None:
    game = breakout()
    wall = ["#.#.....", "...#...."]
    state = tick(game, state_of(game, (10, 6), (2, -1), wall=wall))
    assert (flight(state), state.reward[0, 0]) == ((8, 7, -2, 1), 2)


def test_the_ball_looks_again_after_a_turn() -> None:
    game = breakout()
    # Off the brick on the right, then off the one on the left; that way is free by now.
    state = tick(game, state_of(game, (13, 6), (2, 1), wall=[FAR, "..#.#..."]))
    assert (flight(state), state.reward[0, 0]) == ((15, 7, 2, 1), 2)
    # Off the brick, then off the side.
    state = tick(game, state_of(game, (1, 6), (2, 1), wall=[FAR, ".#......"]))
    assert (flight(state), state.reward[0, 0]) == ((3, 7, 2, 1), 1)
    assert state.event[0] == BROKEN
    # Off the paddle's left end, then off the side.
    state = tick(game, state_of(game, (1, 27), (1, 1), paddle=1))
    assert (flight(state), state.event[0]) == ((3, 26, 2, -1), HIT)


def test_the_last_brick_ends_the_game_and_a_new_wall_stands_at_once() -> None:
    game = breakout()
    state = tick(game, state_of(game, (1, 6), (1, -1)))
    assert (state.event[0], state.reward[0, 0]) == (CLEAR, 1)
    assert state.terminated[0]
    rows = picture(game, state)[4:15]
    assert rows[:8] == [str(row) * 32 for row in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert rows[8:] == ["." * 32] + ["." * 15 + "OO" + "." * 15] * 2
    assert flight(state) == (15, 13, 1, 1)  # 32 bricks, the paddle just below
    after = tick(game, state)
    assert after.event[0] == SERVE
    assert not after.terminated[0]


def test_a_fast_ball_takes_every_step() -> None:
    game = breakout(ball_speed=2)
    assert flight(tick(game, state_of(game, (28, 17), (2, 1)))) == (28, 19, -2, 1)
    assert flight(tick(game, state_of(game, (20, 1), (1, -1)))) == (22, 1, 1, 1)
    # In its second step it turns at a brick.
    state = tick(game, state_of(game, (9, 7), (1, -1), wall=["#.##...."]))
    assert (flight(state), state.reward[0, 0]) == ((11, 7, 1, 1), 1)
    # Lost in the first step, it is served and does not fly on.
    state = tick(game, state_of(game, (1, 30), (1, 1)))
    assert (flight(state), state.event[0]) == ((15, 13, 2, 1), MISS)
