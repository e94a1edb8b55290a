"""Pong's expert, a kernel, against the same in NumPy: before true frames, and before what a dream
may show, where things are missing, doubled or in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pong_board import state_of
from reference import pong as reference
from reference import variants_of

from data_gen.games.pong import BALL, DOWN, STAY, UP, expert, pong
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out

AIMS = np.array([-1.0, -0.731, 0.0, 0.25, 1.0])


def frames_of(options: dict[str, Any], seed: int) -> NDArray[np.uint8]:
    """Frames (N, 1, H, W) from all over some games."""
    cast = make_players(["random", "tracker"])
    rollout = roll_out(pong(**options), cast, training_seeds(seed, 0, 4), 90)
    return rollout.frames[:, ::10].reshape(-1, *rollout.frames.shape[2:])


def expect_the_same(frames: NDArray[np.uint8]) -> None:
    for aim in AIMS:
        wanted = reference.expert(frames, np.full((len(frames), 2), aim))
        found = [[expert(frame[0], seat, aim) for seat in range(2)] for frame in frames]
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("options", variants_of("pong"), ids=str)
def test_it_plays_as_in_numpy(options: dict[str, Any]) -> None:
    expect_the_same(frames_of(options, 1))


@given(seed=st.integers(0, 1000), share=st.floats(0, 1), colour=st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_it_dreams_as_in_numpy(seed: int, share: float, colour: int) -> None:
    """Pixels are lost to one colour, up to all of them, or things disappear altogether."""
    frames, rng = frames_of({"size": (32, 64)}, seed), np.random.default_rng(seed)
    expect_the_same(np.where(rng.random(frames.shape) < share, np.uint8(colour), frames))
    expect_the_same(np.where(frames == colour, np.uint8(0), frames))


@pytest.mark.parametrize(
    ("row", "aim", "action"),
    # The paddle's edges are at 12 and 19, its middle at 15.5; the ball's is 1 below its row.
    [
        *[(13, 0.0, UP), (14, 0.0, STAY), (15, 0.0, STAY), (16, 0.0, DOWN)],
        *[(9, -1.0, UP), (10, -1.0, STAY), (12, -1.0, STAY), (13, -1.0, DOWN)],
        *[(16, 1.0, UP), (17, 1.0, STAY), (19, 1.0, STAY), (20, 1.0, DOWN)],
    ],
)
def test_it_brings_its_aim_to_the_ball(row: int, aim: float, action: int) -> None:
    game = pong()
    frame = game.render(state_of(game, (15, row)))[0, 0]
    assert [expert(frame, seat, aim) for seat in range(2)] == [action, action]
    unseen = np.where(frame == BALL, 0, frame).astype(np.uint8)
    assert [expert(unseen, seat, aim) for seat in range(2)] == [STAY, STAY]
