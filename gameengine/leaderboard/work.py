"""`python -m gameengine.leaderboard.work FOLDER RESULT`: trains and judges one cell, or goes on.

A process of its own for each cell, so that threads, seeds and memory are its own.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command
from gameengine.leaderboard.cells import BASELINE, Asked, read_plan, write_result


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    folder, asked = given.folder, Asked(given.rollouts, given.ticks)
    if (plan := read_plan(folder)) is None:
        raise UserError(f"{folder} is no cell of the leaderboard: there is no cell.json")
    Thread(target=_end_with_the_parent, daemon=True).start()
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for an orphan that still saves itself

        import torch

        from gameengine.experiment import RefusalError
        from gameengine.leaderboard.measuring import measure

        torch.set_num_threads(plan["threads"])
        result = plan | vars(asked) | {"jobs": given.jobs, "refused": None}
        try:
            if plan["engine"] != BASELINE and (code := _train(folder, plan)):
                return code
        except RefusalError as refusal:
            write_result(given.result, result | {"refused": str(refusal)})
            return 0
        write_result(given.result, result | measure(plan, _run_folder(folder), asked))
    return 0


def _end_with_the_parent() -> None:
    """Nobody waits for an orphan's work. It is told to stop as by a person, so it saves itself."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _train(folder: Path, plan: Mapping[str, Any]) -> int:
    """Train, or go on, or do nothing if that is done. Returns the exit code."""
    from gameengine.training import train

    run = _run_folder(folder)
    if run is not None and _is_trained(run):
        return 0
    if run is not None and (run / "checkpoints" / "last.ckpt").is_file():
        return train(["--config", str(run / "config.yaml")], resumed=run)
    shutil.rmtree(folder / "run", ignore_errors=True)  # killed before anything was saved
    config = folder / "engine.yaml"
    write_text(config, json.dumps(plan["settings"]))  # JSON is YAML
    settings = {
        "name": "run",
        "runs": str(folder),
        "seed_everything": plan["seed"],
        "budget.minutes": plan["minutes"],
        "wandb": "off",
        "journal.marks": [],  # measuring and drawing on the way would cost training time
        "judge.rollouts": 1,
        "judge.ticks": 1,  # judged below
        **plan["game"],
    }
    told = [f"--{key}={_as_argument(value)}" for key, value in settings.items()]
    return train(["--config", str(config), *told])


def _as_argument(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _run_folder(folder: Path) -> Path | None:
    return max((folder / "run").glob("*/"), default=None)


def _is_trained(run: Path) -> bool:
    """The report is a run's last work but for deleting what it would have gone on with."""
    return (run / "report.html").is_file() and not (run / "checkpoints" / "last.ckpt").is_file()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.leaderboard.work",
        description="Train and judge one cell of the leaderboard, or go on with it.",
    )
    parser.add_argument("folder", type=Path, help="of the cell, with its cell.json")
    parser.add_argument("result", type=Path, metavar="JSON", help="is written when it is done")
    parser.add_argument("--rollouts", type=int, default=256, metavar="N", help="default: 256")
    parser.add_argument("--ticks", type=int, default=10_000, metavar="T", help="default: 10000")
    parser.add_argument("--jobs", type=int, default=1, help="cells side by side, for the record")
    return parser


if __name__ == "__main__":
    run_command(main)
