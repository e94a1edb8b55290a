"""What Breakout's frames tell, how it begins, who plays it well, and with which options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from breakout_board import state_of
from reference.breakout import VARIANTS

from data_gen.game import map_state
from data_gen.games.breakout import (
    BALL,
    BRICKS,
    CLEAR,
    GO_LEFT,
    GO_RIGHT,
    LEFT,
    MISS,
    PLACE,
    STAY,
    VX,
    VY,
    X,
    Y,
    breakout,
)
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out


def test_walls_begin_with_any_share_of_their_bricks() -> None:
    game = breakout(brick_rows=[1, 2, 3, 4, 5, 6])
    state = game.init(training_seeds(2, 0, 4000))
    rows = state.description[:, 3].astype(int)
    bricks = state.values[:, BRICKS:].reshape(-1, 6, 8)
    assert (bricks.sum((1, 2)) == state.values[:, LEFT]).all()
    assert state.values[:, LEFT].min() == 1
    assert not bricks[np.arange(6) >= rows[:, None]].any()
    share = state.values[:, LEFT] / (8 * rows)
    for part in range(1, 9):
        assert 0.05 < (np.abs(share - part / 8) < 1 / 16).mean() < 0.25, part
    assert (bricks[rows == 6].mean(0) > 0.4).all()


@pytest.mark.parametrize("options", [{}, *VARIANTS], ids=str)
def test_bricks_and_rewards_are_what_is_seen(options: dict[str, Any]) -> None:
    game = breakout(**options)
    played = roll_out(game, make_players(["random", "tracker"]), training_seeds(6, 0, 32), 800)
    frames = played.frames[:, :, 0]
    # The ball is never in a brick: it would hide a part of one.
    assert ((frames == BALL).sum((2, 3)) == 4).all()
    pixels = (frames > BALL).sum((2, 3))
    assert (pixels % 8 == 0).all()
    bricks, missed = pixels // 8, played.event == MISS
    left = np.where(played.event == CLEAR, 0, bricks[:, 1:])
    np.testing.assert_array_equal(played.reward[:, :, 0], bricks[:, :-1] - left - missed)
    assert set(np.unique(played.event).tolist()) == set(range(7))
    assert (played.terminated == (played.event == CLEAR)).all()
    # On this the proof below relies.
    rows = (frames == BALL).any(3).argmax(2)
    fast = played.description[:, 2] == 2
    assert (rows[fast] % 2 == 1).all()


def flights(game: KernelGame, seed: int, rows: slice) -> RowState:
    """A random wall and paddle, with a ball in every place and of every velocity: 8 games in turn
    that look the same. rows: the tops of balls that are tried."""
    height, width = game.spec.shape[1:]
    draw = np.random.default_rng(seed)
    state = game.init(np.array([seed], np.uint64))
    cells = int(state.description[0, 3]) * (width // 4)
    there = draw.random(cells) < draw.choice([0.1, 0.3, 0.5, 0.8])
    there[0] |= not there.any()
    state.values[0, BRICKS : BRICKS + cells] = there
    state.values[0, [LEFT, X, Y]] = there.sum(), 0, height - 2
    wall = game.render(state)[0, 0] > BALL
    places = [
        (x, y)
        for x in range(width - 1)
        for y in range(height - 1)[rows]
        if not wall[y : y + 2, x : x + 2].any()
    ]
    ways = [(*place, vx, vy) for place in places for vx in (-2, -1, 1, 2) for vy in (-1, 1)]
    many: RowState = map_state(lambda value: value.repeat(len(ways), 0), state)
    many.values[:, [X, Y, VX, VY]] = ways
    return many


def ambiguous(game: KernelGame, state: RowState) -> int:
    """How often two of 8 games that look the same look the same after a tick too, but then fly with
    different velocities."""
    found = 0
    for action in (STAY, GO_LEFT, GO_RIGHT):
        after = game.step(state, np.full((len(state.values), 1), action))
        velocity = after.values[:, [VX, VY]].copy()
        after.values[:, [VX, VY]] = 0
        looks = [frame.tobytes() for frame in game.render(after)]
        for first in range(0, len(looks), 8):
            seen: dict[bytes, bytes] = {}
            for number in range(first, first + 8):
                way = velocity[number].tobytes()
                found += seen.setdefault(looks[number], way) != way
    return found


@pytest.mark.parametrize("options", [{}, {"ball_speed": 2}], ids=str)
@pytest.mark.parametrize("size", [{}, {"paddle_width": 16, "paddle_speed": 3, "brick_rows": 6}])
def test_two_frames_determine_the_ball(options: dict[str, Any], size: dict[str, Any]) -> None:
    """A frame hides the velocity and nothing else (see the next test); the frame after it shows it,
    wherever the ball is and however it flew, for some walls and places of the paddle."""
    game = breakout(**options, **size)
    rows = slice(1, None, 2) if options else slice(None)
    assert sum(ambiguous(game, flights(game, seed, rows)) for seed in range(6)) == 0


def test_the_proof_finds_what_is_ambiguous() -> None:
    """In even rows, where a ball of 2 steps never is, it meets paddle and side between frames."""
    game = breakout(ball_speed=2, paddle_width=16)
    states = [flights(game, seed, slice(None, None, 2)) for seed in range(6)]
    assert sum(ambiguous(game, state) for state in states) > 0


@pytest.mark.parametrize("width", [4, 8])
def test_a_frame_shows_ball_and_paddle(width: int) -> None:
    """Even where the ball covers a part of the paddle."""
    game = breakout(paddle_width=width)
    places = [(x, y, p) for x in range(31) for y in range(12, 31) for p in range(33 - width)]
    state = state_of(game, (0, 0))
    many: RowState = map_state(lambda value: value.repeat(len(places), 0), state)
    many.values[:, [X, Y, PLACE]] = places
    assert len({frame.tobytes() for frame in game.render(many)}) == len(places)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (32, 34)}, "size must be two multiples of 4"),
        ({"size": (28, 32)}, "size must be two multiples of 4"),
        ({"paddle_width": 3}, "paddle_width .* from 4 to 16, not 3"),
        ({"paddle_speed": 5}, "paddle_speed .* from 1 to 4"),
        ({"ball_speed": [1, 3]}, "ball_speed .* from 1 to 2"),
        ({"brick_rows": []}, "brick_rows .* from 1 to 6"),
    ],
    ids=str,
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        breakout(**options)
