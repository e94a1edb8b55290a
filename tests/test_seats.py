"""Who plays: a person who touches the keys of a seat, else the tracker."""

from __future__ import annotations

import numpy as np

from data_gen.games.pong import DOWN, STAY, UP, pong
from gameengine.seats import PATIENCE, Seats

LEFT = 0
TRACKER = np.array([UP, UP])


def pong_seats() -> Seats:
    return Seats(pong().spec)


def test_a_key_takes_its_seat_and_only_that() -> None:
    seats = pong_seats()
    assert seats.persons() == ()
    assert seats.choose(TRACKER).tolist() == [UP, UP]
    assert seats.press("s")
    assert seats.persons() == (LEFT,)
    assert seats.choose(TRACKER).tolist() == [DOWN, UP]
    assert seats.press("down")
    assert seats.choose(TRACKER).tolist() == [DOWN, DOWN]
    assert not seats.press("x")


def test_a_seat_that_rests_goes_back_to_the_tracker() -> None:
    seats = pong_seats()
    seats.press("s")
    seats.wait(2 * PATIENCE)
    assert seats.persons() == (LEFT,), "held all the time"
    seats.release("s")
    seats.choose(TRACKER)
    seats.wait(PATIENCE - 0.01)
    assert seats.choose(TRACKER).tolist() == [STAY, UP], "no key: the paddle stays"
    seats.wait(0.01)
    assert seats.persons() == ()
    assert seats.choose(TRACKER).tolist() == [UP, UP]


def test_the_newest_key_counts() -> None:
    seats = pong_seats()
    seats.press("w")
    seats.press("s")
    assert seats.choose(TRACKER)[LEFT] == DOWN
    assert seats.choose(TRACKER)[LEFT] == DOWN
    seats.release("s")
    assert seats.choose(TRACKER)[LEFT] == UP, "still held"
    assert seats.held(LEFT) == ("w",)


def test_a_tap_between_two_ticks_counts_for_one_tick() -> None:
    seats = pong_seats()
    seats.press("s")
    seats.release("s")
    assert [seats.choose(TRACKER)[LEFT] for _ in range(2)] == [DOWN, STAY]
