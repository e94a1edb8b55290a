"""The clock of play: a fixed time step, no drift, a few ticks caught up."""

from __future__ import annotations

import numpy as np
import pytest

from gameengine.clock import CATCH_UP, SPEEDS, Clock


def test_the_clock_does_not_drift() -> None:
    clock, random, now = Clock(60), np.random.default_rng(0), 1000.0
    clock.due(now)
    ticks = 0
    for pause in random.uniform(0.0, 0.05, 40_000):  # what sleeping and drawing take
        now += pause
        ticks += clock.due(now)
    assert abs(ticks - 60 * (now - 1000.0)) <= 1


def test_waiting_as_told_gives_one_tick_at_a_time() -> None:
    clock, now = Clock(60), 0.0
    clock.due(now)
    for _ in range(1000):
        now += clock.seconds_to_next() + 1e-9
        assert clock.due(now) == 1


def test_a_stall_is_caught_up_by_a_few_ticks_only() -> None:
    clock = Clock(60)
    clock.due(0.0)
    assert clock.due(10.0) == CATCH_UP * 60
    assert clock.due(10.0) == 0
    assert clock.due(10.0 + 1.01 / 60) == 1


def test_a_slow_game_catches_up_one_tick() -> None:
    clock = Clock(1)
    clock.due(0.0)
    assert clock.due(10.0) == 1


def test_a_paused_clock_owes_nothing() -> None:
    clock = Clock(60)
    clock.due(0.0)
    clock.paused = True
    assert [clock.due(now) for now in (1.0, 2.0)] == [0, 0]
    assert clock.seconds_to_next() == float("inf")
    clock.paused = False
    assert clock.due(2.0 + 1.01 / 60) == 1


@pytest.mark.parametrize("steps", range(-3, 4))
def test_speeds(steps: int) -> None:
    clock = Clock(60)
    clock.change_speed(steps)
    assert clock.speed == SPEEDS[min(max(2 + steps, 0), 4)]
    clock.due(0.0)
    ticks = sum(clock.due(0.01 * n) for n in range(1, 1001))
    assert abs(ticks - 600 * clock.speed) <= 1
