"""Garden with a learned Life in the place of the true one: the same game, or where it is not; and
experiments/composed.py, which tells it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_gen.check import check_game
from data_gen.game import arrays_of
from data_gen.games.garden import Garden, garden
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
PLAYER = make_players(["tracker:0.9"])


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


def test_help_does_not_wait_for_torch() -> None:
    program = (
        "import runpy, sys\n"
        "sys.argv = ['composed.py', '--help']\n"
        "try: runpy.run_path('experiments/composed.py', run_name='__main__')\n"
        "except SystemExit as ended: sys.exit(ended.code or 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "example: python experiments/composed.py" in done.stdout
