"""Pong in other sizes, with other parameters, and what may not be chosen."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from pong_board import balls, expect_film, paddles, place, scores, state_of, tick

from data_gen.games.pong import ANGLE, BALL, DOWN, FINE_ANGLES, MISS, SIDE, SUB, pong
from data_gen.randomness import training_seeds


def test_a_wide_board() -> None:
    game = pong(size=(32, 64))
    assert place(game.init(np.zeros(1, np.uint64))) == (31, 14)
    film = """
        .....]].  .....]].
        ...OO]].  ..OO.]].
        ...OO]].  ..OO.]].
    """
    expect_film(game, state_of(game, (59, 14)), film, top=14, left=56)
    assert tick(game, state_of(game, (62, 14), paddles=(0, 0))).event[0] == MISS


def test_a_tall_board() -> None:
    game = pong(size=(64, 32))
    assert place(game.init(np.zeros(1, np.uint64))) == (15, 30)
    assert place(tick(game, state_of(game, (15, 61), rise=1))) == (16, 60)
    state = tick(game, state_of(game, (15, 14), paddles=(55, 56)), DOWN, DOWN)
    assert paddles(state).tolist() == [[56, 56]]


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize(
    "options", [{}, {"paddle_height": [3, 4, 9, 24], "paddle_speed": [1, 3], "ball_speed": [1, 3]}]
)
def test_a_larger_board_shows_the_same_game_enlarged(scale: int, options: dict[str, Any]) -> None:
    small, large = pong(**options), pong(size=(32 * scale, 32 * scale), **options)
    seeds = training_seeds(1, 0, 16)
    actions = np.random.default_rng(0).integers(0, 3, (300, 16, 2))
    state, enlarged = small.init(seeds), large.init(seeds)
    for chosen in actions:
        wanted = np.kron(small.render(state), np.ones((scale, scale), np.uint8))
        np.testing.assert_array_equal(large.render(enlarged), wanted)
        state, enlarged = small.step(state, chosen), large.step(enlarged, chosen)
        np.testing.assert_array_equal(enlarged.event, state.event)


def test_seeds_draw_every_start_and_every_variant() -> None:
    game = pong(paddle_height=[5, 7], paddle_speed=[1, 2, 4], ball_speed=[1, 3])
    state = game.init(training_seeds(0, 0, 4000))
    assert len(np.unique(state.description[:, :3], axis=0)) == 2 * 3 * 2
    assert (
        len(np.unique(np.stack([state.values[:, SIDE], state.values[:, ANGLE]]), axis=1).T) == 2 * 5
    )
    for height in (5, 7):
        drawn = paddles(state)[state.description[:, 0] == height]
        for seat in range(2):
            assert set(drawn[:, seat].tolist()) == set(range(31 - height + 1))
    assert (scores(state) == 0).all()
    assert (balls(state) == balls(state)[0]).all()


def test_serve_angles_are_64_directions_at_nearly_one_speed() -> None:
    game = pong(serve_angles=True)
    state = game.init(training_seeds(0, 0, 2000))
    directions = {
        (s, *FINE_ANGLES[a].tolist())
        for s, a in zip(state.values[:, SIDE], state.values[:, ANGLE], strict=True)
    }
    assert len(directions) == 64
    speeds = np.hypot(*FINE_ANGLES.T) / SUB
    assert abs(speeds - 1.5).max() < 0.07
    assert abs(FINE_ANGLES[:, 1]).max() > FINE_ANGLES[:, 0].min()  # steeper than 45 degrees
    np.testing.assert_array_equal(state.description[:, 3], state.values[:, ANGLE])


def test_a_ball_with_a_serve_angle_flies_straight_in_parts_of_pixels() -> None:
    game = pong(serve_angles=True)
    state = start = game.init(training_seeds(0, 0, 500))
    across, down = FINE_ANGLES[start.values[:, ANGLE]].T
    velocity = np.stack([start.values[:, SIDE] * across, down], 1)
    assert (velocity % SUB != 0).any()
    for ticks in range(1, 8):  # the nearest wall is further away
        state = game.step(state, np.zeros((500, 2), np.int64))
        np.testing.assert_array_equal(balls(state), balls(start) + ticks * velocity)
    for item in range(500):
        shown = np.argwhere(game.render(state)[item, 0] == BALL)[0]
        assert (shown[1], shown[0] - 1) == tuple((balls(state)[item] // SUB).tolist())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (33, 32)}, "size must be two multiples of 32, such as 32 64, not (33, 32)"),
        ({"size": (32,)}, "size must be two multiples of 32"),
        ({"size": 32}, "size must be two multiples of 32"),
        ({"size": (0, 32)}, "size must be two multiples of 32"),
        ({"size": (32.0, 32)}, "size must be two multiples of 32"),
        ({"paddle_height": 2}, "paddle_height must be one or more whole numbers from 3 to 24"),
        ({"paddle_height": [7, 25]}, "from 3 to 24, not [7, 25]"),
        ({"paddle_speed": []}, "paddle_speed must be one or more whole numbers from 1 to 4"),
        ({"ball_speed": 4}, "ball_speed must be one or more whole numbers from 1 to 3, not 4"),
        ({"ball_speed": [1.5]}, "ball_speed must be one or more whole numbers"),
        ({"serve_angles": "False"}, "serve_angles must be true or false, not 'False'"),
        ({"serve_angles": 1}, "serve_angles must be true or false, not 1"),
    ],
)
def test_bad_options_get_a_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        pong(**options)
