"""What several files of tests share: a small dataset, a command to work with, a hyper engine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_cases import Command, Ended
from dataset_cases import EPISODES, NOISE, PLAYERS, TICKS, make

from data_gen.__main__ import run
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, make_game
from data_gen.rollout import Rollout, roll_out

if TYPE_CHECKING:
    from gameengine.engines.hyper import HyperEngine


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset that no test changes."""
    folder = tmp_path_factory.mktemp("dataset") / "pong"
    make(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture(scope="session")
def truth() -> Rollout:
    """What is in it."""
    seeds = training_seeds(5, 0, EPISODES)
    return roll_out(make_game("pong"), make_players(PLAYERS), seeds, TICKS)


@pytest.fixture
def noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The game `noise` can be made by its name."""
    monkeypatch.setitem(GAMES, "noise", NOISE)


@pytest.fixture
def data_gen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `python -m data_gen ARGUMENTS` in this process."""

    def command(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["data_gen", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        shown = capsys.readouterr()
        return Ended(int(ended.value.code or 0), shown.out, shown.err)

    return command


@pytest.fixture(scope="session")
def rules_engine() -> HyperEngine:
    """Right on all life-like rules; no test changes it."""
    from hyper_rules import right_on_all_rules  # loads torch

    return right_on_all_rules()


@pytest.fixture(scope="session")
def rules_checkpoint(rules_engine: HyperEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of it."""
    from gameengine.checkpoint import save_engine

    path = tmp_path_factory.mktemp("hyper") / "rules.ckpt"
    save_engine(path, rules_engine, {})
    return path
