"""The rules of Flappy, as pictures where that is natural (see flappy_board.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flappy_board import (
    CRASH,
    FLAP,
    NONE,
    PASS,
    PLAIN,
    bird_rows,
    expect_film,
    picture,
    state_of,
    tick,
    told,
)

from data_gen.games.flappy import flappy
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import expert_of
from data_gen.rollout import roll_out


def test_the_whole_frame() -> None:
    game = flappy()
    state = state_of(game, 14, pipes=[(-2, 3), (14, 10), (30, 18)], score=3)
    frame = picture(game, state, slice(None), slice(None))
    assert frame[0] == ".+.+.+" + "." * 26
    assert frame[1] == "##" + "." * 12 + "####" + "." * 12 + "##"
    assert frame[2] == "==" + "." * 12 + "####" + "." * 12 + "##"
    assert frame[3:9] == ["." * 14 + "####" + "." * 12 + "##"] * 6
    assert frame[9] == "." * 14 + "====" + "." * 12 + "##"
    assert frame[10:14] == ["." * 30 + "##"] * 4
    assert frame[14] == "==" + "." * 4 + "oo" + "." * 22 + "##"
    assert frame[15] == "##" + "." * 4 + "oo" + "." * 22 + "##"
    assert frame[16] == "##" + "." * 28 + "##"
    assert frame[17] == "##" + "." * 28 + "=="
    assert frame[18:21] == ["##" + "." * 30] * 3
    assert frame[21] == "##" + "." * 12 + "====" + "." * 14
    assert frame[22:29] == ["##" + "." * 12 + "####" + "." * 14] * 7
    assert frame[29] == "##" + "." * 12 + "####" + "." * 12 + "=="
    assert frame[30] == "##" + "." * 12 + "####" + "." * 12 + "##"
    assert frame[31] == "_" * 32


@pytest.mark.parametrize(
    ("options", "actions", "wanted"),
    [
        ({}, [NONE] * 5, [11, 13, 16, 19, 22]),
        ({}, [FLAP] + [NONE] * 7, [7, 5, 4, 4, 5, 7, 10, 13]),
        ({}, [NONE, NONE, FLAP, FLAP, NONE], [11, 13, 10, 7, 5]),
        ({"gravity": 2}, [FLAP] + [NONE] * 4, [7, 6, 7, 10, 13]),
        ({"flap": 2}, [FLAP] + [NONE] * 4, [8, 7, 7, 8, 10]),
    ],
)
def test_it_falls_ever_faster_unless_it_flaps(
    options: dict[str, Any], actions: list[int], wanted: list[int]
) -> None:
    game = flappy(**options)
    assert bird_rows(game, state_of(game, 10), actions) == wanted


@pytest.mark.parametrize(("row", "velocity"), [(2, 0), (3, 0), (4, 0), (1, 0)])
def test_the_top_stops_it_however_it_got_there(row: int, velocity: int) -> None:
    game = flappy()
    rows = bird_rows(game, state_of(game, row, velocity), [FLAP, NONE, NONE, NONE])
    assert rows == [1, 2, 4, 7]


def test_at_the_top_its_place_before_and_now_is_enough() -> None:
    game = flappy()
    arrived = tick(game, state_of(game, 3, velocity=-3))  # by 2 rows, with 2 px per tick
    thrown = tick(game, state_of(game, 3), FLAP)  # by 2 rows of 3
    for state in (arrived, thrown):
        assert bird_rows(game, state, [NONE, NONE]) == [2, 4]


def test_the_ground_ends_the_round() -> None:
    game = flappy()
    film = """
        ....  ....  ....
        .oo.  ....  ....
        .oo.  ....  ....
        ....  .oo.  ....
        ....  .oo.  .xx.
        ....  ....  .xx.
        ____  ____  ____
    """
    state = state_of(game, 26, velocity=1)
    after = expect_film(game, state, film, 25, 5, NONE, NONE)
    assert told(after) == (CRASH, -1, True)
    assert told(tick(game, state)) == (PLAIN, 0, False)
    assert bird_rows(game, after, [FLAP]) == [15]


@pytest.mark.parametrize(("bird", "velocity"), [(27, 1), (28, 0), (27, 2), (28, 2)])
def test_it_cannot_fall_through_the_ground(bird: int, velocity: int) -> None:
    game = flappy()
    state = tick(game, state_of(game, bird, velocity))
    touches = bird + min(velocity + 1, 3) > 29
    assert told(state) == ((CRASH, -1, True) if touches else (PLAIN, 0, False))


def test_it_crashes_into_the_front_of_a_pipe() -> None:
    game = flappy()
    # The lower lip is in row 12 + 11 = 23. It stays in its row, then falls by one.
    film = """
        ..oo.====  ..oo====.  ...====..
        ..oo.####  ..oo####.  ..xx###..
        .....####  ....####.  ..xx###..
    """
    state = state_of(game, 23, velocity=-1, pipes=[(9, 12)])
    assert told(tick(game, state)) == (PLAIN, 0, False)
    assert told(expect_film(game, state, film, 23, 4, NONE, NONE)) == (CRASH, -1, True)


@pytest.mark.parametrize("column", [4, 5, 6, 7])
@pytest.mark.parametrize(
    ("row", "crashes"), [(9, True), (10, False), (11, False), (18, False), (19, False), (20, True)]
)
def test_the_gap_is_as_high_as_it_looks(column: int, row: int, crashes: bool) -> None:
    """The gap is from row 10 to row 20, and the bird two rows high. column: the pipe's after the
    tick, so that columns 6 and 7 meet it. Velocity -1 becomes 0, so the bird stays in its row."""
    game = flappy()
    state = tick(game, state_of(game, row, velocity=-1, pipes=[(column + 1, 10)]))
    assert told(state) == ((CRASH, -1, True) if crashes else (PLAIN, 0, False))
    lips = picture(game, state, slice(9, 22), slice(column, column + 1))
    assert {lips[0], lips[-1]} <= {"=", "x"}


@pytest.mark.parametrize(("speed", "column"), [(1, 3), (2, 4), (2, 3)])
def test_a_pipe_that_has_wholly_passed_is_a_point(speed: int, column: int) -> None:
    game = flappy(pipe_speed=speed)
    state = tick(game, state_of(game, 12, velocity=-1, pipes=[(column, 10)], score=2))
    assert told(state) == (PASS, 1, False)
    assert picture(game, state, slice(0, 1), slice(0, 8)) == [".+.+.+.."]
    after = tick(game, state)
    assert told(after) == (PLAIN, 0, False)
    before = tick(game, state_of(game, 12, velocity=-1, pipes=[(column + speed, 10)]))
    assert told(before) == (PLAIN, 0, False)


def test_ten_points_clear_the_pips() -> None:
    game = flappy()
    state = state_of(game, 12, velocity=-1, pipes=[(3, 10)], score=9)
    assert picture(game, state, slice(0, 1), slice(0, 20)) == [".+" * 9 + ".."]
    state = tick(game, state)
    assert told(state) == (PASS, 1, False)
    assert picture(game, state, slice(0, 1), slice(None)) == ["." * 32]


def test_a_crash_is_no_point() -> None:
    game = flappy()
    state = tick(game, state_of(game, 28, velocity=3, pipes=[(3, 10)], score=2))
    assert told(state) == (CRASH, -1, True)
    assert picture(game, state, slice(0, 1), slice(0, 8)) == [".+.+...."]


@pytest.mark.parametrize("options", [{}, {"gap": 14, "pipe_speed": 2}, {"size": (48, 64)}], ids=str)
def test_the_expert_passes_and_a_random_player_does_not(options: dict[str, Any]) -> None:
    game = flappy(**options)
    seeds = training_seeds(2, 0, 64)
    good = roll_out(game, make_players(["tracker:1"]), seeds, 600)
    assert good.reward.mean() > 0.03
    assert roll_out(game, make_players(["random"]), seeds, 600).reward.mean() < 0


def test_the_expert_bears_any_frame() -> None:
    expert = expert_of(flappy().spec)
    assert expert(np.zeros((32, 32), np.uint8), 0, 0.0) == NONE
    noise = np.random.default_rng(0).integers(0, 7, (200, 32, 32)).astype(np.uint8)
    assert all(expert(frame, 0, aim) in (NONE, FLAP) for frame in noise for aim in (-1.0, 1.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (32, 31)}, "size must be two whole numbers of 32 or more"),
        ({"gap": 21}, "gap must be .* from 8 to 20, not 21"),
        ({"pipe_speed": 3}, "pipe_speed must be .* from 1 to 2, not 3"),
        ({"spacing": [11, 16]}, "spacing must be .* from 12 to 32, not"),
        ({"gravity": 0}, "gravity must be .* from 1 to 2, not 0"),
        ({"flap": [3, 4]}, "flap must be .* from 2 to 3, not"),
        ({"size": (48, 32)}, "size must be at least as wide as high, not"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flappy(**options)
