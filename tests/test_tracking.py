"""W&B never costs a run: without a key, without a server, without W&B."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import wandb

from gameengine.tracking import make_wandb_logger

LOG_SOMETHING = """
import sys, pathlib
from gameengine.tracking import make_wandb_logger
logger = make_wandb_logger(pathlib.Path(sys.argv[1]), "p", "n", {"rate": 0.1})
logger.log_metrics({"loss": 1.0}, step=1)
print("offline" if logger.experiment.offline else "online")
"""


def log_something(folder: Path, **environment: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")}
    done = subprocess.run(
        [sys.executable, "-c", LOG_SOMETHING, str(folder)],
        env=clean | {"HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


def test_without_a_key_it_is_offline(tmp_path: Path) -> None:
    assert log_something(tmp_path) == "offline"
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


def test_with_a_key_and_no_server_it_is_offline_soon(tmp_path: Path) -> None:
    started = time.monotonic()
    said = log_something(tmp_path, WANDB_API_KEY="0" * 40, WANDB_BASE_URL="http://127.0.0.1:9")
    assert said == "offline"
    assert time.monotonic() - started < 60  # W&B's own patience is 90 s and more


def test_off_is_off(tmp_path: Path) -> None:
    assert make_wandb_logger(tmp_path, "p", "n", {}, "off") is None
    assert not list(tmp_path.iterdir())


def test_a_broken_wandb_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("no service")

    monkeypatch.setattr(wandb, "init", fail)
    assert make_wandb_logger(tmp_path, "p", "n", {}, "offline") is None
