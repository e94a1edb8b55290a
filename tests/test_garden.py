"""Garden: the rules of its parts as pictures ('.' soil, '#' plant, 'O' ball, 'o' ball on a plant,
'=' paddle)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_gen.check import ContractError, check_game
from data_gen.games.garden import GardenState, garden
from data_gen.games.garden_ball import BALL_EVENTS, LEFT, NONE, RIGHT, Ball
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out

SMALL = garden(size=(12, 12), paddle_width=4)  # a board of 4 rows
PLAYER = make_players(["tracker:0.9"])


def state_of(
    board: str, ball: tuple[int, int], velocity: tuple[int, int], paddle: int = 0
) -> GardenState:
    """Of SMALL. ball: row and column; velocity: down and right."""
    state = SMALL.init(np.zeros(1, np.uint64))
    cells = np.array([[mark == "#" for mark in row] for row in board.split()])
    numbers = zip(("row", "column", "down", "right"), (*ball, *velocity), strict=True)
    there = {name: np.array([number]) for name, number in numbers}
    return replace(
        state,
        board=replace(state.board, cells=cells[None]),  # pyright: ignore
        ball=replace(state.ball, paddle=np.array([paddle]), **there),
    )


def tick(state: GardenState, action: int = NONE) -> GardenState:
    return SMALL.step(state, np.array([[action]]))


def picture(state: GardenState) -> list[str]:
    return ["".join(".#Oo="[colour] for colour in row) for row in SMALL.render(state)[0, 0]]


def event(state: GardenState) -> str:
    return BALL_EVENTS[state.event[0]]


EMPTY = " ".join(["." * 12] * 4)


def test_a_corner_throws_the_ball_back_and_is_turned_over() -> None:
    board = """
        ............
        .....#......
        ............
        ............"""
    state = tick(state_of(board, ball=(2, 4), velocity=(-1, 1)))
    # Of one living cell in the middle of nine, eight around a dead one; then Life takes its course.
    assert picture(state)[:4] == [
        "....#.#.....",
        "...#...#....",
        "....#.#.....",
        "...O.#......",
    ]
    assert (event(state), state.reward[0, 0]) == ("hit", 1)
    assert picture(tick(state))[4] == "..O........."


@pytest.mark.parametrize(
    ("alive", "velocity", "then"),
    [
        ((2, 4), (-1, 1), (4, 5)),  # ahead: it turns downwards
        ((3, 5), (-1, 1), (2, 3)),  # beside: it turns to the left
        ((3, 3), (-1, -1), (2, 5)),
        ((2, 3), (-1, 1), (2, 5)),  # behind: it does not see it
    ],
)
def test_what_lives_ahead_or_beside_turns_the_ball(
    alive: tuple[int, int], velocity: tuple[int, int], then: tuple[int, int]
) -> None:
    state = state_of(EMPTY, (3, 4), velocity)
    state.board.cells[0][alive] = True  # pyright: ignore
    state = tick(state)
    assert (state.ball.row[0], state.ball.column[0]) == then


def test_below_the_upper_edge_is_sown() -> None:
    state = tick(state_of(EMPTY, ball=(0, 5), velocity=(-1, 1)))
    assert picture(state)[:4] == [
        "....#.#.....",
        "...#..O#....",
        "....#.#.....",
        ".....#......",
    ]
    assert (event(state), state.reward[0, 0]) == ("sow", 0)


def test_the_paddle_returns_the_ball() -> None:
    state = tick(state_of(EMPTY, (9, 3), (1, 1), paddle=6), LEFT)
    assert picture(state)[10:] == ["....O.......", ".....====..."]
    state = tick(state, NONE)  # the ball would come to the paddle's left end
    assert event(state) == "return"
    assert picture(state)[9:] == [".....O......", "............", ".....====..."]


def test_a_miss_costs_a_point_and_the_ground_throws_the_ball_back() -> None:
    state = tick(state_of(EMPTY, (10, 4), (1, 1), paddle=6), RIGHT)
    assert (event(state), state.reward[0, 0]) == ("miss", -1)
    assert picture(state)[11] == ".....O.====."
    state = tick(state, RIGHT)
    assert picture(state)[10:] == ["......O.....", "........===="]
    assert picture(tick(state, RIGHT))[11] == "........===="
    assert event(state) == "plain"


def test_what_is_not_touched_lives_as_in_life() -> None:
    boat = "##.......... #.#......... .#.......... ............"  # stands still
    state = state_of(boat, ball=(6, 8), velocity=(-1, 1))
    for _ in range(2):
        state = tick(state)
        assert picture(state)[:4] == boat.split()


def test_the_sides_throw_the_ball_back() -> None:
    for column, right in ((0, -1), (11, 1)):
        state = tick(state_of(EMPTY, (6, column), (-1, right)))
        assert (state.ball.row[0], state.ball.column[0]) == (5, column - right)


def test_the_garden_does_not_die_out() -> None:
    frames = roll_out(garden(), PLAYER, training_seeds(0, 0, 16), 3000).frames
    assert ((frames[:, 2000:] == 1).sum((2, 3, 4)).mean(1) > 10).all()


def test_a_part_that_breaks_the_contract_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Ball.step

    def careless(self: Ball, state: Any, actions: Any, seen: Any) -> Any:
        after = step(self, state, actions, seen)
        state.paddle[:] = 0
        return after

    monkeypatch.setattr(Ball, "step", careless)
    with pytest.raises(ContractError, match=r"garden: tick 0, item \d: step changes .* ball"):
        check_game(garden())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (11, 32)}, "size must be"),
        ({"paddle_width": 17}, "paddle_width must be a whole number from 3 to 16, not 17"),
        ({"density": 2}, "density must lie in 0 to 1, not 2"),
        ({"rule": "B3"}, "unknown rule 'B3'"),
    ],
)
def test_bad_options_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        garden(**options)
