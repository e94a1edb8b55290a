"""A cell of the leaderboard: one engine on one game at one budget, and the files it is kept in.

Nothing here loads torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_gen.atomic import write_text
from data_gen.errors import UserError
from gameengine.configs import read_config
from gameengine.leaderboard.games import BLOCKS

BASELINE = "copy last frame"  # the engine that needs no training
EARLY = 128  # ticks: their wrong pixels tell dreams apart that are never exact


@dataclass(frozen=True)
class Cell:
    """block: a name in BLOCKS. engine: the name of its YAML file, or BASELINE. minutes: of training
    on so many threads; 0 for the baseline. seed: of the training."""

    block: str
    engine: str
    minutes: float
    threads: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.engine} on {self.block}, {self.budget}, seed {self.seed}"

    @property
    def budget(self) -> str:
        if not self.minutes:
            return "untrained"
        return f"{self.minutes:g} min x {self.threads}"

    @property
    def path(self) -> Path:
        """Where it is, below a folder of cells."""
        budget = f"{self.minutes:g}min_{self.threads}threads_seed{self.seed}"
        return Path(self.block, self.engine.replace(" ", "_"), budget)

    @staticmethod
    def of(plan: Mapping[str, Any]) -> Cell:
        """The cell of a plan, or of a result."""
        return Cell(*(plan[key] for key in ("block", "engine", "minutes", "threads", "seed")))

    def plan(self, config: Path | None) -> dict[str, Any]:
        """How it is trained: what cell.json holds. config: the engine's YAML file."""
        return {
            "block": self.block,
            "engine": self.engine,
            "minutes": self.minutes,
            "threads": self.threads,
            "seed": self.seed,
            "settings": {} if config is None else read_config(config),
            "game": BLOCKS[self.block].settings,
        }


@dataclass(frozen=True)
class Asked:
    """How a cell is judged: over so many held-out rollouts, of so many ticks at most."""

    rollouts: int
    ticks: int


def read_plan(folder: Path) -> dict[str, Any] | None:
    """How the cell in `folder` is trained, or None if it was never begun."""
    return _read(folder / "cell.json")


def write_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    write_text(folder / "cell.json", json.dumps(plan, indent=1) + "\n")


def read_result(path: Path) -> dict[str, Any] | None:
    """What was measured of a cell, or None if it is not done."""
    return _read(path)


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """A line for each entry, so that a change is seen where it is."""
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path} ({error}); delete it") from error
