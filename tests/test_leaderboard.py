"""The leaderboard: judging that stops early, whole small leaderboards, kills."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.configs import read_config
from gameengine.experiment import Experiment
from gameengine.judge import judge
from gameengine.leaderboard import judging
from gameengine.leaderboard.baseline import CopyLastFrame
from gameengine.leaderboard.cells import BASELINE, Cell, read_result
from gameengine.leaderboard.games import BLOCKS
from gameengine.leaderboard.judging import judge_until_lost, survival
from gameengine.leaderboard.study import Study
from gameengine.learned_game import LearnedGame
from gameengine.markers import markers

ROOT = Path(__file__).parent.parent
CONFIGS = {
    f"{folder}/{path.stem}": path
    for folder in ("leaderboard", "growth", "ablations")
    for path in sorted((ROOT / "experiments" / folder).glob("*.yaml"))
}
BEGIN, END = markers("configs")
SUITS = {"leaderboard/cell": "life"}  # a block that suits an engine; pong for the others
SMALL = """
model:
  engine:
    class_path: CellEngine
    init_args: {width: 4, depth: 1}
data: {round_batches: 2, mined_share: 0.0}
journal: {save_every: 0, gif_ticks: 2}
"""
STUBBORN = """
model:
  engine:
    class_path: FeedbackEngine
    init_args: {memory: -1}
"""


def copying(game: str) -> LearnedGame:
    return LearnedGame(CopyLastFrame(make_game(game).spec))


@pytest.mark.parametrize("game", ["keydoor", "pong", "life"])
def test_dropping_lost_rollouts_changes_no_horizon(
    game: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = make_players(["tracker:0.5"])  # who reads the frames
    whole = judge(copying(game), cast, rollouts=40, ticks=60)
    monkeypatch.setattr(judging, "PANEL", 3)
    monkeypatch.setattr(judging, "PANEL_TICKS", 5)
    quick = judge_until_lost(copying(game), cast, rollouts=40, ticks=60)
    assert quick.exact.ticks.tolist() == whole.exact.ticks.tolist()
    assert quick.exact.censored == whole.exact.censored
    ticks = np.arange(1, 61)
    assert survival(quick.exact, ticks).tolist() == whole.survival.tolist()
    if whole.tracked is None or quick.tracked is None:
        assert whole.tracked is quick.tracked is None
    else:
        assert quick.tracked.ticks.tolist() == whole.tracked.ticks.tolist()
        assert len(set(quick.tracked.ticks.tolist())) > 1, "nothing was dropped on the way"
    lost = [h.ticks.max() for h in (quick.exact, quick.tracked) if h is not None]
    assert len(quick.frame_accuracy) == min(60, max(5, max(lost) + 1))


def test_frames_are_compared_after_a_rollout_is_lost() -> None:
    cast = make_players(["sticky"])
    whole = judge(copying("keydoor"), cast, rollouts=30, ticks=40)
    quick = judge_until_lost(copying("keydoor"), cast, rollouts=30, ticks=40)
    assert quick.frame_accuracy.tolist() == whole.frame_accuracy.tolist()
    np.testing.assert_allclose(quick.wrong_pixels, whole.pixel_error * 32 * 32)
    assert (quick.frame_accuracy > survival(quick.exact, np.arange(1, 41))).any()


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_every_engine_of_the_leaderboard_is_built(name: str, tmp_path: Path) -> None:
    settings = BLOCKS[SUITS.get(name, "pong")].settings | {"runs": str(tmp_path), "wandb": "off"}
    told = [
        f"--{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in settings.items()
    ]
    config = tmp_path / "engine.yaml"
    config.write_text(json.dumps(read_config(CONFIGS[name])))
    built = Experiment(["--config", str(config), *told])
    assert built.datamodule.sees_strangers or name == "leaderboard/cell"
    batch = built.datamodule.draw()
    loss = built.model.judged(batch)[0]
    assert np.isfinite(float(loss.detach()))


@pytest.mark.parametrize("study", ["growth", "ablations"])
def test_no_two_rows_of_a_study_are_trained_alike(study: str) -> None:
    trained = [json.dumps(read_config(CONFIGS[name])) for name in CONFIGS if study in name]
    assert len(set(trained)) == len(trained) > 7


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_blocks_have_games_of_one_size_and_players_that_training_never_met(name: str) -> None:
    block = BLOCKS[name]
    spec = make_game(block.game, **block.options).spec
    assert spec.shape == (1, 32, 32)
    assert block.ranked == "exact" or spec.tracked
    assert not set(block.players) & set(block.held_out_players) or len(spec.actions) == 1


class Board:
    """A small leaderboard in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs, self.out = folder, folder / "runs", folder / "RESULTS.md"
        (folder / "configs").mkdir()
        (folder / "configs" / "small.yaml").write_text(SMALL)
        (folder / "configs" / "stubborn.yaml").write_text(STUBBORN)
        self.study = Study(folder / "configs", self.runs)

    def command(self, *words: str, minutes: float = 0.02) -> list[str]:
        return [
            *(sys.executable, str(ROOT / "experiments" / "leaderboard.py")),
            *("--runs", str(self.runs), "--configs", str(self.folder / "configs")),
            *("--out", str(self.out), "--minutes", str(minutes), "--threads", "1", "--jobs", "2"),
            *("--rollouts", "4", "--ticks", "6", *words),
        ]

    def run(self, *words: str, minutes: float = 0.02) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words, minutes=minutes), capture_output=True, text=True, timeout=200
        )

    def start(self, *words: str, minutes: float) -> subprocess.Popen[str]:
        command = self.command(*words, minutes=minutes)
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)

    def results(self) -> dict[Path, str]:
        return {path: path.read_text() for path in self.study.results.glob("*/*/*.json")}


def test_a_small_leaderboard(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.out.write_text(f"# Mine\n\nbefore\n{BEGIN}\nold\n{END}\nafter\n")
    done = board.run("--games", "life", "pong", "--engines", "small", "stubborn")
    assert done.returncode == 0, done.stderr
    text = board.out.read_text()
    assert text.startswith(f"# Mine\n\nbefore\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    for name in ("life", "pong"):
        block = text.partition(f"### configs: {name}\n")[2].partition("\n### ")[0]
        table = [line for line in block.splitlines() if line.startswith("|")]
        assert len(table) == 2 + 3
        assert {line.split("|")[1].strip() for line in table[2:4]} == {"small", f"*{BASELINE}*"}
        assert set(table[4].split("|")[2:-1]) == {" – "}  # refused: last, with its reason
        assert "- stubborn: memory must be at least 0, not -1" in block
        assert f"--games {name} --engines small --minutes 0.02 --threads 1" in block
        assert (tmp_path / "assets" / "configs" / f"{name}.png").stat().st_size > 5000
        cell = Cell(name, "small", 0.02, 1, 0)
        result = read_result(board.study.file(cell))
        assert result is not None
        assert result["steps"] > 0
        assert result["parameters"] > 0
        assert list(board.study.folder(cell).glob("run/*/checkpoints/engine.ckpt"))
        refusal = read_result(board.study.file(Cell(name, "stubborn", 0.02, 1, 0)))
        assert refusal is not None
        assert "memory" in refusal["refused"]

    before = board.results()
    assert len(before) == 6
    assert str(tmp_path) not in "".join(before.values()), "an absolute path means nothing elsewhere"
    assert "\r" not in done.stderr
    (tmp_path / "configs" / "small.yaml").write_text(SMALL.replace("width: 4", "width: 5"))
    again = board.run("--games", "life", "pong", "--engines", "small")
    assert again.returncode == 0, again.stderr
    assert "4 cells, 4 of them done" in again.stdout
    assert again.stderr.count("the settings have changed since it was done, which is kept") == 2
    assert board.results() == before
    assert board.out.read_text() == text


def test_results_are_enough_for_the_tables_and_to_know_what_is_done(tmp_path: Path) -> None:
    board = Board(tmp_path)
    words = ("--games", "life", "--engines", "small", "--ticks", "10000")
    assert board.run(*words).returncode == 0
    text, before = board.out.read_text(), board.results()
    assert all(len(result) < 6000 for result in before.values())  # they are kept with the code
    shutil.rmtree(board.runs)  # as in a fresh clone
    board.out.unlink()
    told = board.run("--report-only")
    assert told.returncode == 0, told.stderr
    assert board.out.read_text() == text
    assert told.stderr == ""
    again = board.run(*words)
    assert "2 cells, 2 of them done" in again.stdout
    assert not board.runs.exists()
    assert board.results() == before

    (tmp_path / "configs" / "small.yaml").write_text(SMALL.replace("width: 4", "width: 5"))
    told = board.run("--report-only")
    assert told.stderr.count("the settings have changed since it was done") == 1
    assert board.out.read_text() == text


def test_a_killed_and_a_stopped_leaderboard_go_on(tmp_path: Path) -> None:
    board = Board(tmp_path)
    minutes, words = 0.4, ("--games", "life", "--engines", "small")
    small = Cell("life", "small", minutes, 1, 0)
    cell, result_file = board.study.folder(small), board.study.file(small)
    killed = board.start(*words, minutes=minutes)
    wait_for_steps(cell, killed, 1)
    killed.kill()  # the cell's process finds itself alone, and saves itself
    killed.communicate()
    with (cell / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it has

    stopped = board.start(*words, minutes=minutes)
    first = wait_for_steps(cell, stopped, 1)  # those of before
    wait_for_steps(cell, stopped, first + 1)
    stopped.send_signal(signal.SIGINT)
    out, _ = stopped.communicate(timeout=100)
    assert stopped.returncode == 130
    assert "go on with" in out
    assert f"--runs {board.runs}" in out
    assert read_result(result_file) is None, "stopped too late to test anything"

    ended = board.run(*words, minutes=minutes)
    assert ended.returncode == 0, ended.stderr
    (run,) = (cell / "run").iterdir()
    steps = [int(line.split(",")[0]) for line in (run / "metrics.csv").read_text().split()[1:]]
    assert steps[0] == 2
    assert steps == sorted(steps)
    result = read_result(result_file)
    assert result is not None
    assert result["seconds"] < 60 * minutes + 3  # the parts together, not the last one anew
    assert result["steps"] > first


def wait_for_steps(cell: Path, process: subprocess.Popen[str], steps: int) -> int:
    """The last step in the run's metrics, once there are at least so many, and saved."""
    until = time.monotonic() + 100
    while time.monotonic() < until and process.poll() is None:
        for metrics in cell.glob("run/*/metrics.csv"):
            last = metrics.read_text().split()[-1].split(",")[0]
            saved = (metrics.parent / "checkpoints" / "last.ckpt").is_file()
            if saved and last.isdigit() and int(last) >= steps:
                return int(last)
        time.sleep(0.02)
    raise AssertionError(f"no step came: {process.communicate()}")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--games", "pongg"], ["unknown game 'pongg'", "pong_angles"]),
        (["--engines", "gro"], ["unknown engine 'gro'", "small"]),
        (["--minutes", "0"], ["--minutes must be more than 0"]),
        (["--jobs", "0"], ["--jobs must be at least 1"]),
        (["--report-only"], ["no finished cell"]),
    ],
)
def test_a_mistake_gets_one_line(words: list[str], named: list[str], tmp_path: Path) -> None:
    done = Board(tmp_path).run(*words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in named), done.stderr


def test_help_is_there_before_torch(tmp_path: Path) -> None:
    configs = Board(tmp_path).study.configs
    program = (
        f"import sys; sys.argv = ['x', '--list', '--configs', {str(configs)!r}]; import runpy\n"
    )
    program += f"try: runpy.run_path({str(ROOT / 'experiments' / 'leaderboard.py')!r}, "
    program += "run_name='__main__')\nexcept SystemExit: pass\nsys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "to do  small on pong, 5 min x 2, seed 0" in done.stdout
