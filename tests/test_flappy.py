"""The rules of Flappy, as pictures where that is natural: '.' background, 'o' bird, 'x' crashed
bird, '#' pipe, '=' lip, '_' ground, '+' score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from data_gen.game import map_state, select
from data_gen.games.flappy import flappy
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import expert_of
from data_gen.rollout import roll_out

MARKS = np.array(list(".o#=_+x"))  # by colour
NONE, FLAP = range(2)
PLAIN, PASS, CRASH, START = range(4)


def state_of(
    game: KernelGame,
    bird: int,
    velocity: int = 0,
    pipes: Sequence[tuple[int, int]] = ((28, 5),),
    score: int = 0,
) -> RowState:
    """One game. bird: its upper row. pipes: left column, and first row of the gap; the columns lie
    `spacing` apart."""
    state = game.init(np.zeros(1, np.uint64))
    values = state.values.copy()
    columns = {name: number for number, name in enumerate(game.columns)}
    for name, value in (
        ("bird", bird),
        ("velocity", velocity),
        ("pipe", pipes[0][0]),
        ("pipes", len(pipes)),
        ("score", score),
        ("over", 0),
    ):
        values[0, columns[name]] = value
    for number, (left, first) in enumerate(pipes):
        assert left == pipes[0][0] + number * values[0, columns["spacing"]]
        values[0, len(columns) + number] = first - 3
    return replace(state, values=values)


def tick(game: KernelGame, state: RowState, action: int = NONE) -> RowState:
    return game.step(state, np.array([[action]]))


def picture(game: KernelGame, state: RowState, rows: slice, columns: slice) -> list[str]:
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0, rows, columns]]


def expect_film(
    game: KernelGame, state: RowState, film: str, top: int, left: int, *actions: int
) -> RowState:
    """The frame's part that begins at row `top` and column `left` shows one picture of the film
    after the other."""
    rows = [line.split() for line in film.strip().splitlines()]
    part = slice(top, top + len(rows)), slice(left, left + len(rows[0][0]))
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state, actions[number - 1]) if number else state
        assert picture(game, state, *part) == list(wanted), f"picture {number}"
    return state


def bird_rows(game: KernelGame, state: RowState, actions: Sequence[int]) -> list[int]:
    """The bird's upper row after each action."""
    found: list[int] = []
    for action in actions:
        state = tick(game, state, action)
        found.append(int(np.argwhere(np.isin(game.render(state)[0, 0], (1, 6)))[0, 0]))
    return found


def told(state: RowState) -> tuple[int, float, bool]:
    return int(state.event[0]), float(state.reward[0, 0]), bool(state.terminated[0])


def first_rows(game: KernelGame, state: RowState) -> list[int]:
    """Of the gaps that are seen, from the left to the right: the row below the upper lip."""
    columns = picture(game, state, slice(1, -1), slice(None))
    found = ["".join(line).find("=") + 2 for line in zip(*columns, strict=True) if line[0] in "#="]
    return [row for number, row in enumerate(found) if number == 0 or row != found[number - 1]]


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


def _contradictions(options: dict[str, Any], context: int) -> tuple[int, int]:
    """Of ticks whose variant, action and `context` frames came before: how many there are, and how
    many led to something else."""
    cast = make_players(["random", "sticky", "tracker:0.5", "tracker:0.9"])
    played = roll_out(flappy(**options), cast, training_seeds(1, 0, 128), 1500)
    known: dict[Any, Any] = {}
    again = other = 0
    for item in range(128):
        variant = played.description[item].tobytes()
        frames = [frame.tobytes() for frame in played.frames[item]]
        for now in range(context - 1, 1500):
            action = int(played.actions[item, now, 0])
            seen = variant, action, tuple(frames[now - context + 1 : now + 1])
            then = frames[now + 1], played.reward[item, now, 0], played.event[item, now]
            again += seen in known
            other += known.setdefault(seen, then) != then
    return again, other


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pipe_speed": 2, "spacing": [13, 32]},
        {"gravity": [1, 2], "flap": [2, 3]},
    ],
    ids=str,
)
def test_two_frames_determine_what_comes_next(options: dict[str, Any]) -> None:
    again, other = _contradictions(options, 2)
    print(f"{options}: {again} ticks came again")
    assert again > 10000
    assert other == 0


def test_one_frame_does_not() -> None:
    assert _contradictions({}, 1)[1] > 1000


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
