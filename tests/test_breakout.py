"""The rules of Breakout, as pictures where that is natural: '.' background, '=' paddle, 'O' ball,
'1' to '6' the bricks of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from reference.breakout import VARIANTS, Reference

from data_gen.check import check_game
from data_gen.game import map_state
from data_gen.games.breakout import (
    BALL,
    BRICKS,
    BROKEN,
    CLEAR,
    GO_LEFT,
    GO_RIGHT,
    HIT,
    LEFT,
    MISS,
    PLACE,
    PLAIN,
    SERVE,
    STAY,
    VX,
    VY,
    WALL,
    X,
    Y,
    breakout,
)
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out

MARKS = np.array(list(".=O123456"))
FAR = "#......."  # a brick in the corner, out of the way: without any the game would end


def state_of(
    game: KernelGame,
    ball: tuple[int, int],
    velocity: tuple[int, int] = (1, 1),
    paddle: int = 12,
    wall: Sequence[str] = (FAR,),
) -> RowState:
    """One game. ball: left column and top row; wall: the first rows of bricks, '#' where there is
    one; those that are not given are empty."""
    state = game.init(np.zeros(1, np.uint64))
    columns = game.spec.shape[2] // 4
    state.values[:, BRICKS:] = 0
    bricks = np.array([[mark == "#" for mark in row] for row in wall]).reshape(-1)
    assert len(bricks) == len(wall) * columns
    state.values[:, BRICKS : BRICKS + len(bricks)] = bricks
    state.values[:, [LEFT, X, Y, VX, VY, PLACE]] = bricks.sum(), *ball, *velocity, paddle
    return state


def tick(game: KernelGame, state: RowState, action: int = STAY) -> RowState:
    return game.step(state, np.array([[action]]))


def picture(game: KernelGame, state: RowState) -> list[str]:
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0]]


def flight(state: RowState) -> tuple[int, ...]:
    """x, y, vx, vy of the first game's ball."""
    return tuple(state.values[0, [X, Y, VX, VY]].tolist())


def expect_film(game: KernelGame, state: RowState, film: str, top: int, left: int) -> RowState:
    """The board's part from row `top` and column `left` on shows one picture after the other."""
    rows = [line.split() for line in film.strip().splitlines()]
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state) if number else state
        part = picture(game, state)[top : top + len(wanted)]
        assert [row[left : left + len(wanted[0])] for row in part] == list(wanted), number
    return state


def test_the_whole_board() -> None:
    game = breakout()
    wall = ["########", "#.#.#.#.", "........", ".......#"]
    seen = picture(game, state_of(game, (20, 15), paddle=9, wall=wall))
    assert seen[:4] == ["." * 32] * 4
    assert seen[4:6] == ["1" * 32] * 2
    assert seen[6:8] == ["2222...." * 4] * 2
    assert seen[8:10] == ["." * 32] * 2
    assert seen[10:12] == ["." * 28 + "4444"] * 2
    assert seen[12:15] == ["." * 32] * 3
    assert seen[15:17] == ["." * 20 + "OO" + "." * 10] * 2
    assert seen[17:29] == ["." * 32] * 12
    assert seen[29:] == ["." * 9 + "=" * 8 + "." * 15] * 2 + ["." * 32]


@pytest.mark.parametrize("speed", [1, 2])
@pytest.mark.parametrize("velocity", [(vx, vy) for vx in (-2, -1, 1, 2) for vy in (-1, 1)])
def test_the_ball_flies(velocity: tuple[int, int], speed: int) -> None:
    game = breakout(ball_speed=speed)
    state = tick(game, state_of(game, (15, 17), velocity))
    vx, vy = velocity
    assert flight(state) == (15 + speed * vx, 17 + speed * vy, vx, vy)
    assert state.event[0] == PLAIN


# The ball's left column lies in 0 to 30: it never shows less of itself.
@pytest.mark.parametrize(
    ("column", "vx", "wanted", "turned"),
    [
        (0, -1, 1, True),
        (0, -2, 2, True),
        (1, -1, 0, False),
        (1, -2, 3, True),
        (2, -2, 0, False),
        (30, 1, 29, True),
        (30, 2, 28, True),
        (29, 1, 30, False),
        (29, 2, 27, True),
        (28, 2, 30, False),
    ],
)
def test_the_ball_turns_before_a_side(column: int, vx: int, wanted: int, turned: bool) -> None:
    game = breakout()
    state = tick(game, state_of(game, (column, 17), (vx, 1)))
    assert flight(state) == (wanted, 18, -vx if turned else vx, 1)
    assert state.event[0] == (WALL if turned else PLAIN)


def test_the_ball_turns_at_the_top_and_in_its_corners() -> None:
    game = breakout()
    wall = ["...#...."]
    state = tick(game, state_of(game, (20, 0), (2, -1), wall=wall))
    assert (flight(state), state.event[0]) == ((22, 1, 2, 1), WALL)
    for column, vx in ((0, -1), (30, 1), (1, -2), (29, 2)):
        state = tick(game, state_of(game, (column, 0), (vx, -1), wall=wall))
        assert (flight(state), state.event[0]) == ((column - vx, 1, -vx, 1), WALL)


def test_a_brick_from_below() -> None:
    game = breakout()
    film = """
        11111111  11111111  ....1111
        11111111  11111111  ....1111
        ........  ..OO....  ........
        .OO.....  ..OO....  ...OO...
        .OO.....  ........  ...OO...
    """
    start = state_of(game, (9, 7), (1, -1), wall=["#.##...."])
    state = expect_film(game, start, film, top=4, left=8)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 1)
    assert flight(state)[2:] == (1, 1)


def test_two_bricks_from_above() -> None:
    game = breakout()
    film = """
        ..OO....  ........  ....OO..
        ..OO....  ...OO...  ....OO..
        ........  ...OO...  ........
        11111111  11111111  ........
        11111111  11111111  ........
    """
    start = state_of(game, (10, 1), (1, 1), wall=["#.##...."])
    state = expect_film(game, start, film, top=1, left=8)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 2)
    assert flight(state)[2:] == (1, -1)


def test_a_brick_from_either_side() -> None:
    game = breakout()
    film = """
        ..OO......  ..........  ..........
        ..OO..2222  ....OO2222  ..........
        ......2222  ....OO2222  ..OO......
        ..........  ..........  ..OO......
    """
    start = state_of(game, (8, 5), (2, 1), wall=[FAR, "...#...."])
    state = expect_film(game, start, film, top=5, left=6)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 1)
    film = """
        ......OO..  ..........  ..........
        2222..OO..  2222OO....  ..........
        2222......  2222OO....  ......OO..
        ..........  ..........  ......OO..
    """
    start = state_of(game, (18, 5), (-2, 1), wall=[FAR, "...#...."])
    state = expect_film(game, start, film, top=5, left=12)
    assert flight(state)[2:] == (2, 1)


def test_two_bricks_beside() -> None:
    game = breakout()
    state = state_of(game, (11, 7), (1, -1), wall=[FAR, "...#....", "...#...."])
    state = tick(game, state)
    assert (flight(state), state.reward[0, 0]) == ((10, 6, -1, -1), 2)


def test_a_brick_at_its_corner() -> None:
    game = breakout()
    film = """
        ......2222  ..........
        ......2222  ..........
        ....OO....  ..........
        ....OO....  ..OO......
        ..........  ..OO......
    """
    start = state_of(game, (10, 8), (2, -1), wall=[FAR, "...#...."])
    state = expect_film(game, start, film, top=6, left=6)
    assert (state.event[0], state.reward[0, 0]) == (BROKEN, 1)
    assert flight(state)[2:] == (-2, 1)


def test_a_nook_of_two_bricks() -> None:
    game = breakout()
    wall = ["#.#.....", "...#...."]
    state = tick(game, state_of(game, (10, 6), (2, -1), wall=wall))
    assert (flight(state), state.reward[0, 0]) == ((8, 7, -2, 1), 2)


def test_the_ball_looks_again_after_a_turn() -> None:
    game = breakout()
    # Off the brick on the right, then off the one on the left; that way is free by now.
    state = tick(game, state_of(game, (13, 6), (2, 1), wall=[FAR, "..#.#..."]))
    assert (flight(state), state.reward[0, 0]) == ((15, 7, 2, 1), 2)
    # Off the brick, then off the side.
    state = tick(game, state_of(game, (1, 6), (2, 1), wall=[FAR, ".#......"]))
    assert (flight(state), state.reward[0, 0]) == ((3, 7, 2, 1), 1)
    assert state.event[0] == BROKEN
    # Off the paddle's left end, then off the side.
    state = tick(game, state_of(game, (1, 27), (1, 1), paddle=1))
    assert (flight(state), state.event[0]) == ((3, 26, 2, -1), HIT)


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


def test_the_last_brick_ends_the_game_and_a_new_wall_stands_at_once() -> None:
    game = breakout()
    state = tick(game, state_of(game, (1, 6), (1, -1)))
    assert (state.event[0], state.reward[0, 0]) == (CLEAR, 1)
    assert state.terminated[0]
    rows = picture(game, state)[4:15]
    assert rows[:8] == [str(row) * 32 for row in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert rows[8:] == ["." * 32] + ["." * 15 + "OO" + "." * 15] * 2
    assert flight(state) == (15, 13, 1, 1)  # 32 bricks, the paddle just below
    after = tick(game, state)
    assert after.event[0] == SERVE
    assert not after.terminated[0]


def test_a_fast_ball_takes_every_step() -> None:
    game = breakout(ball_speed=2)
    assert flight(tick(game, state_of(game, (28, 17), (2, 1)))) == (28, 19, -2, 1)
    assert flight(tick(game, state_of(game, (20, 1), (1, -1)))) == (22, 1, 1, 1)
    # In its second step it turns at a brick.
    state = tick(game, state_of(game, (9, 7), (1, -1), wall=["#.##...."]))
    assert (flight(state), state.reward[0, 0]) == ((11, 7, 1, 1), 1)
    # Lost in the first step, it is served and does not fly on.
    state = tick(game, state_of(game, (1, 30), (1, 1)))
    assert (flight(state), state.event[0]) == ((15, 13, 2, 1), MISS)


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


@pytest.mark.parametrize(("context", "contradictions"), [(2, False), (1, True)])
def test_play_never_contradicts_itself(context: int, contradictions: bool) -> None:
    """What was seen to follow from two frames and an action always does; from one it does not."""
    game = breakout(brick_rows=1)
    players = make_players(["random", "sticky", "tracker:0.5", "tracker"])
    played = roll_out(game, players, training_seeds(8, 0, 96), 1000)
    follows: dict[tuple[bytes, int], bytes] = {}
    differ = repeated = 0
    for frames, actions in zip(played.frames, played.actions[:, :, 0].tolist(), strict=True):
        for now in range(1, len(actions)):
            seen = frames[now + 1 - context : now + 1].tobytes(), actions[now]
            after = frames[now + 1].tobytes()
            repeated += seen in follows
            differ += follows.setdefault(seen, after) != after
    assert repeated > 500
    assert (differ > 0) == contradictions


@pytest.mark.parametrize("options", [{}, *VARIANTS], ids=str)
def test_the_fast_game_equals_its_reference(options: dict[str, Any]) -> None:
    game, reference = breakout(**options), Reference(**options)
    player = make_players(["random", "sticky", "tracker:0.5", "tracker"])
    seeds = training_seeds(11, 0, 32)
    fast, plain = (roll_out(one, player, seeds, 600) for one in (game, reference))
    for entry in fields(fast):
        wanted, seen = getattr(plain, entry.name), getattr(fast, entry.name)
        np.testing.assert_array_equal(seen, wanted, entry.name)
    check_game(game, ticks=60)


def test_the_expert_is_far_better_than_chance() -> None:
    game = breakout()
    seeds = training_seeds(12, 0, 64)
    rewards = {
        name: float(roll_out(game, make_players([name]), seeds, 1000).reward.sum(1).mean())
        for name in ("random", "tracker:1")
    }
    assert rewards["tracker:1"] > 20
    assert rewards["random"] < 0


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
