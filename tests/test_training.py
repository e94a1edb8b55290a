"""Whole runs through experiments/run.py: each experiment, errors, kill and resume."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from data_gen.errors import UserError
from gameengine.experiment import Experiment
from gameengine.learned_game import LearnedGame
from gameengine.training import train

ROOT = Path(__file__).parent.parent
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.yaml"))
SHORT = [
    "--wandb=off",
    "--journal.marks=[0.5]",
    "--journal.rollouts=2",
    "--journal.ticks=4",
    "--journal.gif_ticks=6",
    "--judge.rollouts=4",
    "--judge.ticks=5",
    "--data.round_batches=2",
]


def arguments(config: Path, runs: Path, *more: str) -> list[str]:
    return ["--config", str(config), "--runs", str(runs), *SHORT, *more]


@pytest.mark.parametrize("config", EXPERIMENTS, ids=lambda path: path.stem)
def test_an_experiment_runs_and_leaves_everything_behind(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(arguments(config, tmp_path, "--budget.steps=4", "--budget.minutes=null")) == 0
    (run,) = (tmp_path / config.stem).iterdir()
    assert {entry.name for entry in run.iterdir()} >= {
        "config.yaml", "metrics.csv", "gifs", "checkpoints", "curves", "report.html"
    }  # fmt: skip
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    assert [float(row["step"]) for row in rows] == [2, 4, 4]  # two rounds, and the end
    assert {"train/loss", "held_out/frames_right", "length"} <= set(rows[0])
    assert list((run / "gifs").glob("*.gif"))
    page = (run / "report.html").read_text()
    assert "data:image/gif;base64," in page
    assert "://" not in page  # it opens offline
    LearnedGame.load(run / "checkpoints" / "engine.ckpt")
    said = capsys.readouterr().out
    assert f"python -m gameengine.play {run}/checkpoints/engine.ckpt" in said
    assert float(rows[-1]["horizon_so_far"]) >= 0
    assert "median" in said
    assert "10th percentile" in said
    assert f"report: {run / 'report.html'}" in said


def test_windows_too_short_for_an_engine_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dilated = ["--model.engine=DilatedEngine", "--model.engine.dilations=[1,4]"]
    few = ["--budget.steps=1", "--budget.minutes=null", *dilated]
    for lengths, told in (("[2,4]", True), ("[2,5]", False)):
        config = ROOT / "experiments" / "pong_gru.yaml"
        more = [*few, "--model.engine.width=8", f"--growth.lengths={lengths}"]
        assert train(arguments(config, tmp_path, *more)) == 0
        said = capsys.readouterr().out
        assert ("growth.lengths end at 4 ticks, and this engine looks back 4" in said) == told


def test_a_runs_config_runs_it_again(tmp_path: Path) -> None:
    config = ROOT / "experiments" / "pong_feedback.yaml"
    steps = ["--budget.steps=4", "--budget.minutes=null", "--trainer.precision=32-true"]
    train(arguments(config, tmp_path / "a", "--model.engine.width=8", *steps))
    (first,) = (tmp_path / "a" / "pong_feedback").iterdir()
    train(["--config", str(first / "config.yaml"), "--runs", str(tmp_path / "b")])
    (second,) = (tmp_path / "b" / "pong_feedback").iterdir()
    assert weights_equal(first, second)


def test_a_killed_run_resumes_to_the_weights_it_would_have_had(tmp_path: Path) -> None:
    config = ROOT / "experiments" / "pong_feedback.yaml"
    settings = [
        "--budget.steps=60", "--budget.minutes=null", "--trainer.precision=32-true",
        "--model.engine.width=8", "--model.engine.depth=1", "--growth.lengths=[1,2]",
        "--growth.patience=0.4", "--journal.save_every=0", "--data.ticks_per_batch=16",
        "--data.mined_share=0.5", "--model.noise=0.01",
    ]  # fmt: skip
    # Both in processes of their own: sums depend on the number of threads, which tests may change.
    command = [sys.executable, str(ROOT / "experiments" / "run.py")]
    told = arguments(config, tmp_path / "whole", *settings)
    subprocess.run([*command, *told], check=True, capture_output=True)
    (whole,) = (tmp_path / "whole" / "pong_feedback").iterdir()

    told = arguments(config, tmp_path / "killed", *settings)
    process = subprocess.Popen([*command, *told], stderr=subprocess.PIPE, start_new_session=True)
    killed = wait_for_checkpoint(tmp_path / "killed" / "pong_feedback", process, steps=30)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / "report.html").exists(), "killed too late to test anything"

    subprocess.run([*command, "--resume", str(killed)], check=True, capture_output=True)
    assert (killed / "report.html").exists()
    assert weights_equal(whole, killed)
    steps = [
        [row["step"] for row in csv.DictReader((run / "metrics.csv").open())]
        for run in (whole, killed)
    ]
    assert steps[0] == steps[1]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_run_says_how_to_go_on(name: str, tmp_path: Path) -> None:
    config = ROOT / "experiments" / "pong_feedback.yaml"
    told = arguments(config, tmp_path, "--budget.minutes=10", "--model.engine.width=8")
    command = [sys.executable, str(ROOT / "experiments" / "run.py"), *told]
    process = subprocess.Popen(
        [*command, "--journal.save_every=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    run = wait_for_checkpoint(tmp_path / "pong_feedback", process)
    process.send_signal(getattr(signal, name))
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"--resume {run}" in out
    assert LearnedGame.load(run / "checkpoints" / "last.ckpt").spec.name == "pong"


def test_resuming_what_cannot_go_on_gets_one_line(tmp_path: Path) -> None:
    config = ROOT / "experiments" / "pong_feedback.yaml"
    told = arguments(config, tmp_path, "--budget.steps=4", "--budget.minutes=null")
    train([*told, "--journal.save_every=0"])
    (run,) = (tmp_path / "pong_feedback").iterdir()
    with pytest.raises(UserError, match="this run is complete"):
        train(["--config", str(run / "config.yaml")], resumed=run)
    last = run / "checkpoints" / "last.ckpt"
    last.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="damaged"):
        train(["--config", str(run / "config.yaml")], resumed=run)
    last.write_bytes((run / "checkpoints" / "engine.ckpt").read_bytes())
    with pytest.raises(UserError, match="the engine and the game that it began with"):
        train(["--config", str(run / "config.yaml"), "--model.engine.width=8"], resumed=run)


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        (["--model.learning_rat=0.1"], ["learning_rat", "did you mean 'model.learning_rate'"]),
        (["--model.engine.widht=8"], ["widht", "did you mean 'width'"]),
        (["--model.engine=FeedbackEngin"], ["FeedbackEngin", "did you mean 'FeedbackEngine'"]),
        (["--data.game=pongg"], ["unknown game 'pongg'", "life", "pong"]),
        (["--data.players=[stiky]"], ["unknown player 'stiky'", "sticky"]),
        (["--budget.minutes=soon"], ["budget.minutes", "soon"]),
        (["--budget.minutes=-1"], ["minutes must be more than 0"]),
        (["--judge.rollouts=0"], ["judge.rollouts must be at least 1"]),
        (["--journal.gif_ticks=0"], ["journal.gif_ticks must be at least 1"]),
        (["--ema=5"], ["ema"]),
        (["--model.noise=1.5"], ["model.noise must lie between 0 and 1, not 1.5"]),
        (["--model.noise=0.1", "--model.engine=GruEngine"], ["noise needs", "GruEngine does not"]),
        (["--seed_everything=-1"], ["seed"]),
        (
            ["--model.engine=CellEngine", "--model.engine.steps=0"],
            ["steps of CellEngine must be at least 1"],
        ),
        (["--growth.lengths=[8,4]"], ["rise"]),
        (["--config=nowhere.yaml"], ["nowhere.yaml"]),
        (["--data.folder=nowhere"], ["nowhere"]),
    ],
)
def test_a_mistake_gets_one_line(mistake: list[str], named: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        train([*arguments(ROOT / "experiments" / "pong_feedback.yaml", tmp_path), *mistake])
    assert all(word in str(caught.value) for word in named), str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_misspelt_key_in_a_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("model:\n  engine: GruEngine\n  lerning_rate: 0.1\n")
    with pytest.raises(UserError, match=r"lerning_rate.*did you mean 'learning_rate'"):
        Experiment(["--config", str(config)])


def test_the_command_line_answers_and_complains(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "experiments/run.py", *words], cwd=ROOT, capture_output=True, text=True
        )

    shown = run("--help")
    assert shown.returncode == 0
    assert "pong_gru.yaml" in shown.stdout
    nothing = run("--resume", str(tmp_path))
    assert nothing.returncode == 2
    assert nothing.stderr.startswith("error: ")
    assert nothing.stderr.count("\n") == 1
    printed = run("--print_config")
    assert printed.returncode == 0
    assert "FeedbackEngine" in printed.stdout


def wait_for_checkpoint(experiment: Path, process: subprocess.Popen[str], steps: int = 0) -> Path:
    """The run's folder, once it has saved itself after at least so many steps."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        for found in experiment.glob("*/checkpoints/last.ckpt"):
            if torch.load(found, weights_only=True)["global_step"] >= steps:
                return found.parent.parent
        time.sleep(0.01)
    raise AssertionError(f"no checkpoint came: {process.communicate()}")


def weights_equal(one: Path, other: Path) -> bool:
    first, second = (
        torch.load(run / "checkpoints" / "engine.ckpt", weights_only=True)["weights"]
        for run in (one, other)
    )
    return all(torch.equal(first[key], second[key]) for key in first)
