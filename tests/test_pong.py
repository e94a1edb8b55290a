"""The rules of Pong, as pictures where that is natural."""

from __future__ import annotations

import pytest
from pong_board import expect_film, paddles, picture, place, scores, state_of, tick

from data_gen.games.pong import (
    CLEAR,
    DOUBLE,
    DOWN,
    MISS,
    PADDLE,
    PLAIN,
    SERVE,
    STAY,
    UP,
    WALL,
    pong,
)


def test_the_whole_board() -> None:
    game = pong()
    frame = picture(game, state_of(game, (15, 14), score=(2, 3)), slice(None), slice(None))
    empty = "." * 32
    assert frame[0] == ".+.+" + "." * 22 + "+.+.+."
    assert frame[1:13] == [empty] * 12
    assert frame[13:15] == [".[[" + "." * 26 + "]]."] * 2
    assert frame[15:17] == [".[[............OO............]]."] * 2
    assert frame[17:20] == [".[[" + "." * 26 + "]]."] * 3
    assert frame[20:] == [empty] * 12


def test_every_score_looks_different() -> None:
    game = pong()
    states = [state_of(game, (15, 14), score=(a, b)) for a in range(5) for b in range(5)]
    assert len({game.render(state).tobytes() for state in states}) == 25


def test_the_top_wall_reflects_the_overshoot() -> None:
    game = pong()
    film = """
        ........  ........  ........
        ........  ........  ........
        ..OO....  ...OO...  ........
        ..OO....  ...OO...  ........
        ........  ........  ....OO..
        ........  ........  ....OO..
    """
    state = expect_film(game, state_of(game, (10, 1), rise=-2), film, left=8)
    assert state.event[0] == PLAIN
    assert tick(game, state_of(game, (10, 1), rise=-2)).event[0] == WALL


def test_the_bottom_wall_reflects_the_overshoot() -> None:
    game = pong()
    film = """
        ........  ........  ..OO....
        ........  ........  ..OO....
        ....OO..  ...OO...  ........
        ....OO..  ...OO...  ........
        ........  ........  ........
    """
    expect_film(game, state_of(game, (12, 28), side=-1, rise=2), film, top=27, left=8)


@pytest.mark.parametrize(
    ("row", "rise", "wanted", "onward"),
    [
        # Mirrored at row 0 ...
        (0, -1, 1, 2),
        (0, -2, 2, 4),
        (1, -1, 0, 1),
        (1, -2, 1, 3),
        (2, -2, 0, 2),
        # ... and at row 29, where the ball's 2 rows are the last of 31.
        (29, 1, 28, 27),
        (29, 2, 27, 25),
        (28, 1, 29, 28),
        (28, 2, 28, 26),
        (27, 2, 29, 27),
    ],
)
def test_walls_are_mirrors(row: int, rise: int, wanted: int, onward: int) -> None:
    game = pong()
    state = tick(game, state_of(game, (15, row), rise=rise))
    assert place(state) == (16, wanted)
    assert place(tick(game, state)) == (17, onward)


# A paddle of 7 and a ball of 2 rows touch in 8 ways, and 8 are shared out evenly among 5 zones.
@pytest.mark.parametrize(
    ("below", "rise"), [(-1, -2), (0, -2), (1, -1), (2, 0), (3, 0), (4, 1), (5, 2), (6, 2)]
)
@pytest.mark.parametrize("flown", [-2, 0, 1])
def test_the_zone_of_the_paddle_sets_the_angle_on_both_sides(
    below: int, rise: int, flown: int
) -> None:
    """below: rows from the paddle's top to the ball's. flown: the angle that the ball came with."""
    game = pong()
    for side, column in ((-1, 3), (1, 27)):
        state = state_of(game, (column, 12 + below), side=side, rise=flown)
        state = tick(game, state)
        assert place(state) == (column - side, 12 + below + rise)
        assert state.event[0] == PADDLE
        assert place(tick(game, state)) == (column - 2 * side, 12 + below + 2 * rise)


def test_the_corners_of_the_left_paddle() -> None:
    game = pong()
    hit = """
        ........  ....OO..
        ........  ....OO..
        ...OO...  ........
        .[[OO...  .[[.....
        .[[.....  .[[.....
    """
    missed = """
        ........  ........  ........
        ...OO...  ..OO....  .OO.....
        ...OO...  ..OO....  .OO.....
        .[[.....  .[[.....  .[[.....
        .[[.....  .[[.....  .[[.....
    """
    expect_film(game, state_of(game, (3, 11), side=-1), hit, top=10)
    expect_film(game, state_of(game, (3, 10), side=-1), missed, top=10)


def test_the_corners_of_the_right_paddle() -> None:
    game = pong()
    hit = """
        .....]].  .....]].
        ...OO]].  .....]].
        ...OO...  ........
        ........  ..OO....
        ........  ..OO....
    """
    missed = """
        .....]].  .....]].  .....]].
        ...OO...  ....OO..  .....OO.
        ...OO...  ....OO..  .....OO.
    """
    expect_film(game, state_of(game, (27, 18)), hit, top=18, left=24)
    expect_film(game, state_of(game, (27, 19)), missed, top=19, left=24)


def test_a_paddle_moves_before_the_ball_and_meets_it() -> None:
    game = pong()
    met = """
        ........  ....OO..
        ........  ....OO..
        ...OO...  .[[.....
        ...OO...  .[[.....
        .[[.....  .[[.....
    """
    late = """
        ........  ........
        ...OO...  ..OO....
        ...OO...  ..OO....
        .[[.....  .[[.....
    """
    expect_film(game, state_of(game, (3, 10), side=-1), met, top=9, actions=(UP, STAY))
    expect_film(game, state_of(game, (3, 10), side=-1), late, top=10, actions=(STAY, UP))


@pytest.mark.parametrize(("side", "column"), [(-1, 4), (1, 26)])
def test_a_ball_that_only_touches_the_face_is_not_hit_yet(side: int, column: int) -> None:
    game = pong()
    state = tick(game, state_of(game, (column, 14), side=side, rise=-1))
    assert place(state) == (column + side, 13)
    assert state.event[0] == PLAIN
    # Where it hits is settled in the next tick, after the paddles moved: up 2, its middle zone.
    after = tick(game, state, UP, UP)
    assert place(after) == (column, 13)
    assert after.event[0] == PADDLE


def test_a_ball_behind_the_face_passes_over_the_paddle() -> None:
    game = pong()
    film = """
        .[[..  .[[..  .[[..  .[[..
        .[OO.  .OO..  OO[..  .[[..
        .[OO.  .OO..  OO[..  .[[..
        .[[..  .[[..  .[[..  .[[..
    """
    state = expect_film(game, state_of(game, (2, 14), side=-1), film, top=14)
    assert state.event[0] == MISS


@pytest.mark.parametrize(
    ("side", "column", "row_of_pips", "reward"),
    [
        (-1, 0, ".+" + "." * 24 + "+.+.+.", (-1, 1)),  # 1 : 2 becomes 1 : 3
        (1, 30, ".+.+" + "." * 24 + "+.+.", (1, -1)),  # 1 : 2 becomes 2 : 2
    ],
)
def test_a_miss_scores_a_pip_and_serves_from_the_centre(
    side: int, column: int, row_of_pips: str, reward: tuple[int, int]
) -> None:
    game = pong()
    state = tick(game, state_of(game, (column, 20), side=side, rise=1, score=(1, 2)))
    assert picture(game, state, slice(0, 1), slice(None)) == [row_of_pips]
    assert place(state) == (15, 14)
    assert state.reward.tolist() == [list(reward)]
    assert state.event[0] == MISS
    after = tick(game, state)
    assert abs(place(after)[0] - 15) == 1
    assert after.event[0] == SERVE
    assert after.reward.tolist() == [[0, 0]]
    assert tick(game, after).event[0] == PLAIN


@pytest.mark.parametrize(("side", "column"), [(-1, 0), (1, 30)])
def test_both_scores_clear_at_five(side: int, column: int) -> None:
    game = pong()
    score = (3, 4) if side < 0 else (4, 3)
    state = tick(game, state_of(game, (column, 20), side=side, score=score))
    assert picture(game, state, slice(0, 1), slice(None)) == ["." * 32]
    assert place(state) == (15, 14)
    assert state.reward.tolist() == [[side, -side]]
    assert state.event[0] == CLEAR
    assert tick(game, state).event[0] == SERVE


def test_the_serve_follows_from_the_score_alone() -> None:
    game = pong()
    serves: dict[tuple[int, ...], set[tuple[int, int]]] = {}
    for score in [(a, b) for a in range(5) for b in range(5)]:
        for side, column in ((-1, 0), (1, 30)):
            for row, rise, tops in ((3, -1, (0, 9)), (20, 2, (24, 1))):
                before = state_of(game, (column, row), side, rise, tops, score)
                after = tick(game, before)
                first = place(tick(game, after))
                serves.setdefault(tuple(scores(after)[0].tolist()), set()).add(first)
    assert len(serves) == 25
    assert all(len(ways) == 1 for ways in serves.values())
    assert {way for ways in serves.values() for way in ways} == {
        (column, row) for column in (14, 16) for row in (12, 13, 14, 15, 16)
    }


@pytest.mark.parametrize(("speed", "height"), [(2, 7), (1, 3), (4, 24)])
def test_paddles_stop_at_the_walls(speed: int, height: int) -> None:
    game = pong(paddle_speed=speed, paddle_height=height)
    lowest = 31 - height
    state = state_of(game, (15, 14), paddles=(1, lowest - 1))
    for wanted in (max(0, 1 - speed), 0, 0):
        state = tick(game, state, UP, DOWN)
        assert paddles(state).tolist() == [[wanted, lowest - wanted]]
    state = tick(game, state, DOWN, UP)
    assert paddles(state).tolist() == [[min(speed, lowest), max(0, lowest - speed)]]
    assert paddles(tick(game, state, STAY, STAY)).tolist() == paddles(state).tolist()


def test_the_fastest_ball_does_not_fly_through_paddles_or_walls() -> None:
    game = pong(ball_speed=3)
    # 2 of 3 columns to the face, 1 back; row 15 of a paddle from 12 to 18 is its middle.
    film = """
        ........  ........  ........
        .[[..OO.  .[[.OO..  .[[....O
        .[[..OO.  .[[.OO..  .[[....O
    """
    expect_film(
        game, state_of(game, (5, 15), side=-1), film.replace("........", ".[[....."), top=15
    )
    for column, wanted in ((3, 6), (4, 5), (5, 4), (6, 3)):
        assert place(tick(game, state_of(game, (column, 15), side=-1))) == (wanted, 15)
        mirrored = state_of(game, (30 - column, 15), side=1)
        assert place(tick(game, mirrored)) == (30 - wanted, 15)
    # 6 rows up from row 2: 2 to the wall, 4 back. Likewise from row 27 to row 29 and back to 25.
    assert place(tick(game, state_of(game, (15, 2), rise=-2))) == (18, 4)
    assert place(tick(game, state_of(game, (15, 27), rise=2))) == (18, 25)
    # Past the corner nothing stops it, and it leaves from any of the last columns.
    past = state_of(game, (5, 10), side=-1)
    assert place(tick(game, past)) == (2, 10)
    assert tick(game, tick(game, past)).event[0] == MISS


def test_a_ball_that_meets_paddle_and_wall_at_once() -> None:
    game = pong()
    state = state_of(game, (3, 0), side=-1, rise=-1, paddles=(0, 12))
    # The paddle's top zone sends it up 2 rows, the wall back down.
    after = tick(game, state)
    assert place(after) == (4, 2)
    assert after.event[0] == DOUBLE
    assert place(tick(game, after)) == (5, 4)
