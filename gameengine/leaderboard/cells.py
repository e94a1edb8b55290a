"""A cell of the leaderboard: one engine on one game at one budget, and the files it is kept in.

Nothing here loads torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from data_gen.atomic import write_text
from data_gen.errors import UserError
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


def read_config(path: Path) -> dict[str, Any]:
    """The settings in a YAML file, laid over those of the file that its `differs_from` names, from
    where it lies. Raises UserError if there are none."""
    own = _settings_in(path)
    chain = [path.resolve()]
    while (name := own.pop("differs_from", None)) is not None:
        base = chain[-1].parent / str(name)
        if base.resolve() in chain:
            raise UserError(f"{path} differs from itself: {base} names it again")
        chain.append(base.resolve())
        own = _over(_settings_in(base), own)
    return own


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others over them; lists are replaced as a whole, and so are the arguments of a
    class by those of another one."""
    if own.get("class_path", base.get("class_path")) != base.get("class_path"):
        return dict(own)
    both = {
        key: _over(base[key], value)
        for key, value in own.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **own, **both}


def _settings_in(path: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise UserError(f"{path} holds no settings of an experiment")
    return settings


def configs_in(folder: Path) -> dict[str, Path]:
    """The engines' YAML files: name -> file. Raises UserError if there are none."""
    found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not found:
        raise UserError(f"{folder} holds no YAML files of engines")
    return found


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
