"""Garden: the rules of its parts as pictures ('.' soil, '#' plant, 'O' ball, 'o' ball on a plant,
'=' paddle), and a learned Life in the place of the true one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_gen.check import ContractError, check_game
from data_gen.game import arrays_of
from data_gen.games.garden import Garden, GardenState, garden
from data_gen.games.garden_ball import BALL_EVENTS, LEFT, NONE, RIGHT, Ball
from data_gen.games.life import life
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds, training_seeds
from data_gen.rollout import roll_out
from gameengine.checkpoint import load_checkpoint, save_engine
from gameengine.engines import make_engine
from gameengine.infer.law import law_of
from gameengine.learned_garden import first_difference, with_learned_board

ROOT = Path(__file__).parent.parent
LIFE = ROOT / "assets" / "life.ckpt"
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


def learned(truth: Garden, as_table: bool) -> Garden:
    return with_learned_board(truth, load_checkpoint(LIFE).engine, as_table)


@pytest.mark.parametrize(("as_table", "games", "ticks"), [(False, 4, 400), (True, 16, 2000)])
def test_with_a_learned_life_it_is_the_same_game(as_table: bool, games: int, ticks: int) -> None:
    truth = garden(size=(28, 24))
    seeds = held_out_seeds(0, games)
    other = learned(truth, as_table)
    assert other.spec == truth.spec
    played = roll_out(truth, PLAYER, seeds, ticks)
    assert {1, 2, 3} <= set(played.event.ravel())  # the parts did meet
    assert first_difference(truth, other, PLAYER, seeds, ticks) is None


@pytest.mark.parametrize("as_table", [False, True])
def test_the_learned_garden_keeps_the_contract(as_table: bool) -> None:
    game = learned(garden(size=(12, 12)), as_table)
    check_game(game)
    inside = game.init(training_seeds(0, 0, 1)).board
    assert ("cells" in arrays_of(inside)) == as_table  # not the true Life, in disguise


def test_a_wrong_learned_life_is_told_with_tick_and_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets cells live that are alone."""
    law = law_of(load_checkpoint(LIFE).engine)
    law[0b000010000] = 1
    monkeypatch.setattr("gameengine.compiled_life.law_of", lambda engine: law)
    truth, seeds = garden(density=0.1), training_seeds(3, 0, 2)
    found = first_difference(truth, learned(truth, as_table=True), PLAYER, seeds, 9)
    assert found is not None
    assert (found.tick, found.game) == (1, 0)
    state = truth.init(seeds)
    assert truth.step(state, np.zeros((2, 1), np.int64)).event[0] == 0  # the ball met nothing
    cells = np.pad(truth.render(state)[0, 0, :24] == 1, 1)
    alone = [
        [row, column]
        for row in range(24)
        for column in range(32)
        if cells[row + 1, column + 1] and cells[row : row + 3, column : column + 3].sum() == 1
    ]
    assert len(alone) > 3
    assert found.places.tolist() == alone


def test_a_board_of_another_game_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the board must be a .*'dead'.*, not a .*'torus'"):
        garden().with_board(life(size=(24, 32)))


def composed(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "experiments" / "composed.py"), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


def test_the_command_compares_and_films(tmp_path: Path) -> None:
    gif = tmp_path / "out.gif"
    done = composed("--table", "--games", 2, "--ticks", 300, "--gif", gif)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"the same frames in 2 games of 300 ticks\nlook: {gif}\n"
    assert gif.read_bytes()[:3] == b"GIF"


def test_the_command_tells_a_wrong_part(tmp_path: Path) -> None:
    path = tmp_path / "blank.ckpt"
    save_engine(path, make_engine("cell", life().spec), {})  # has learned nothing
    done = composed("--learned", path, "--ticks", 20, "--games", 1)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("parted at tick 1 of game 0: ")
    assert f"python -m gameengine.certify {path}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ticks", 0], "--ticks must be at least 1, not 0"),
        (["--gif", "out.png"], "--gif writes a gif"),
        (["--learned", "assets/pong.ckpt"], "cannot be the garden's board; give a cell engine"),
        (["--learned", "nowhere.ckpt"], "nowhere.ckpt"),
        (["--option", "size=[3,3]"], "size must be"),
    ],
)
def test_the_command_tells_mistakes_in_one_line(arguments: list[Any], message: str) -> None:
    done = composed(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
