"""Which pipes come in Flappy, and that their gaps can be passed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from flappy_board import (
    CRASH,
    FLAP,
    NONE,
    PASS,
    START,
    bird_rows,
    expect_film,
    first_rows,
    picture,
    state_of,
    tick,
    told,
)

from data_gen.game import map_state, select
from data_gen.games.flappy import flappy
from data_gen.kernel_game import KernelGame, RowState


def test_pipes_leave_on_the_left_and_enter_on_the_right() -> None:
    game = flappy(spacing=32)
    state, actions = state_of(game, 14, pipes=[(1, 10)]), [NONE, NONE, FLAP, NONE, NONE]
    leaving = ".#  ##  ##  ##  #.  .."
    entering = "......  ......  .....#  ....##  ...###  ..####"
    expect_film(game, state, leaving, 2, 0, *actions)
    after = expect_film(game, state, entering, 2, 26, *actions)
    expect_film(game, after, "..####  .####.", 2, 26, NONE)
    # Row 10 is place 7; (13 * 7 + 4) % 31 = 2, and 7 + 2 - 15 = -6 is 6 mirrored, row 9.
    assert first_rows(game, after) == [9]


# Defaults: 32 - 2 - 4 - 11 + 1 = 16 places, 0 to 15 below row 3, and a reach of 16 - 4 - 2 = 10.
@pytest.mark.parametrize(
    ("last", "score", "following"),
    [
        (5, 0, 1),  # 69 % 21 = 6: 4 up
        (0, 0, 6),  # 4 % 21 = 4: 6 up from 0, mirrored
        (15, 3, 9),  # 214 % 21 = 4: 6 up
        (14, 0, 8),  # 186 % 21 = 18: 8 down to 22, mirrored at 15
        (14, 9, 4),  # 231 % 21 = 0: 10 up to 4
    ],
)
def test_the_next_gap_follows_from_the_last_one_and_the_score(
    last: int, score: int, following: int
) -> None:
    game = flappy()
    entering = tick(game, state_of(game, 14, pipes=[(16, 3 + last)], score=score))
    assert first_rows(game, entering) == [3 + last, 3 + following]
    # A new round begins with the pipe that would have come.
    crashed = tick(game, state_of(game, 29, 3, pipes=[(20, 3 + last)], score=score))
    assert told(crashed) == (CRASH, -1, True)
    again = tick(game, crashed, FLAP)
    assert told(again) == (START, 0, False)
    assert first_rows(game, again) == [3 + following]
    assert picture(game, again, slice(0, 1), slice(None)) == ["." * 32]
    assert picture(game, again, slice(14, 18), slice(4, 10)) == [
        "......",
        "..oo..",
        "..oo..",
        "......",
    ]
    assert picture(game, again, slice(1, 2), slice(24, 32))[0][:4] == "...."
    assert bird_rows(game, again, [NONE, NONE]) == [16, 18]


def _survivors(game: KernelGame, state: RowState, ticks: int) -> tuple[int, RowState]:
    """Try all actions of one game, keeping one state of those that look alike and are as fast.
    Returns how many pipes were passed by a bird that lives on, and all of those birds."""
    passed = 0
    for _ in range(ticks):
        both: RowState = map_state(lambda field: field.repeat(2, 0), state)
        state = game.step(both, np.tile([NONE, FLAP], len(state.event))[:, None])
        state = select(state, ~state.terminated)
        if not len(state.event):
            return passed, state
        passed += int(state.event[0] == PASS)
        _, index = np.unique(state.values[:, 0] * 16 + state.values[:, 1], return_index=True)
        state = select(state, index)
    return passed, state


HARDEST = [
    *product([32], [1, 2], [12, 13, 16, 32], [1, 2], [2, 3]),
    *product([64], [1, 2], [12, 32], [1, 2], [2, 3]),
]


@pytest.mark.parametrize(("length", "speed", "spacing", "gravity", "flap"), HARDEST)
def test_every_gap_can_be_passed_for_ever(
    length: int, speed: int, spacing: int, gravity: int, flap: int
) -> None:
    """The lowest gaps there are, from the first ones that are hardest to reach on: someone lives
    through many pipes. length: of a square frame."""
    options = {"pipe_speed": speed, "spacing": spacing, "gravity": gravity, "flap": flap}
    game = flappy((length, length), gap=8, **options)
    start, lowest = length - 4, length - 11
    for first, bird in product((3, lowest // 2, lowest), (length // 4, length * 3 // 4 - 1)):
        passed, alive = _survivors(game, state_of(game, bird, pipes=[(start, first)]), 200)
        assert len(alive.event) > 0
        assert passed >= (200 * speed - start) // spacing


def test_not_every_gap_could_be_passed() -> None:
    game = flappy(gap=8, pipe_speed=2, spacing=12)
    passed, alive = _survivors(game, state_of(game, 15, pipes=[(10, 3), (22, 21)]), 100)
    assert (passed, len(alive.event)) == (1, 0)
