"""The rules of Breakout's paddle, and of the balls that miss it."""

from __future__ import annotations

import pytest
from breakout_board import expect_film, flight, state_of, tick

from data_gen.games.breakout import (
    GO_LEFT,
    GO_RIGHT,
    HIT,
    MISS,
    PLACE,
    PLAIN,
    SERVE,
    STAY,
    breakout,
)


# A paddle of 8 and a ball of 2 columns touch in 9 ways; the middle fifth keeps the ball's side.
@pytest.mark.parametrize(
    ("beside", "vx"),
    [(-1, -2), (0, -2), (1, -1), (2, -1), (3, None), (4, 1), (5, 1), (6, 2), (7, 2)],
)
@pytest.mark.parametrize("flown", [-2, -1, 1, 2])
def test_the_place_on_the_paddle_sets_the_angle(beside: int, vx: int | None, flown: int) -> None:
    game = breakout()
    wanted = vx or (1 if flown > 0 else -1)
    state = tick(game, state_of(game, (12 + beside, 27), (flown, 1)))
    assert flight(state) == (12 + beside + wanted, 26, wanted, -1)
    assert state.event[0] == HIT


def test_beside_the_paddle_the_ball_is_lost() -> None:
    game = breakout()
    film = """
        ..OO......  ..........  ..........  ..........  ..........
        ..OO......  ...OO.....  ..........  ..........  ..........
        ....======  ...OO=====  ....OO====  ....======  ....======
        ....======  ....======  ....OO====  ....=OO===  ....======
        ..........  ..........  ..........  .....OO...  ..........
    """
    start = state_of(game, (10, 27), (1, 1))
    state = expect_film(game, start, film, top=27, left=8)
    assert (state.event[0], state.reward[0, 0]) == (MISS, -1)
    assert not state.terminated[0]
    state = tick(game, state_of(game, (20, 27), (-1, 1)))
    assert (flight(state), state.event[0]) == ((19, 28, -1, 1), PLAIN)


def test_the_paddle_moves_before_the_ball() -> None:
    game = breakout()
    state = state_of(game, (10, 27), (1, 1))
    assert flight(tick(game, state, GO_LEFT)) == (8, 26, -2, -1)  # on its left end
    state = state_of(game, (12, 27), (1, 1))
    assert flight(tick(game, state, GO_RIGHT)) == (13, 28, 1, 1)
    assert tick(game, state, STAY).event[0] == HIT


@pytest.mark.parametrize(("speed", "width"), [(2, 8), (1, 4), (4, 16), (3, 5)])
def test_the_paddle_stops_at_the_sides(speed: int, width: int) -> None:
    game = breakout(paddle_speed=speed, paddle_width=width)
    for action, start in ((GO_LEFT, 1), (GO_RIGHT, 31 - width)):
        edge = 0 if action == GO_LEFT else 32 - width
        state = state_of(game, (15, 17), paddle=start)
        for _ in range(3):
            state = tick(game, state, action)
            assert state.values[0, PLACE] == edge
        back = tick(game, state, GO_RIGHT if action == GO_LEFT else GO_LEFT)
        assert abs(back.values[0, PLACE] - edge) == speed


# A paddle of 8 has its middle at its left column + 4, the served ball of 15 + 1.
@pytest.mark.parametrize(
    ("paddle", "bricks", "vx"),
    [(0, 1, -2), (0, 2, -1), (11, 3, -2), (12, 3, 2), (12, 4, 1), (24, 4, 1), (24, 7, 2)],
)
def test_a_serve_follows_from_bricks_and_paddle(paddle: int, bricks: int, vx: int) -> None:
    game = breakout()
    wall = ["#" * bricks + "." * (8 - bricks)]
    for ball, velocity in (((29, 30), (1, 1)), ((0, 30), (-2, 1))):
        state = tick(game, state_of(game, ball, velocity, paddle, wall))
        assert (flight(state), state.event[0]) == ((15, 13, vx, 1), MISS)
        state = tick(game, state)
        assert (flight(state), state.event[0]) == ((15 + vx, 14, vx, 1), SERVE)
        assert tick(game, state).event[0] == PLAIN
