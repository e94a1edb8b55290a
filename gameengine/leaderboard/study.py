"""A study: a folder of engines' YAML files, and all that becomes of them.

Each cell is trained in a folder of its own below `runs`: cell.json (how it is trained), run/ (the
run) and log.txt (what the run said). What was measured of it is one small file below the study's
`results`, which are meant to be kept with the code. Nothing here loads torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_gen.errors import UserError
from gameengine.configs import configs_in
from gameengine.leaderboard.cells import Asked, Cell, read_plan, read_result
from gameengine.leaderboard.games import BLOCKS


@dataclass(frozen=True)
class Study:
    """configs: the folder of YAML files. runs: where cells are trained; it may be deleted once they
    are done, which loses their checkpoints and no result."""

    configs: Path
    runs: Path

    @property
    def name(self) -> str:
        return self.configs.resolve().name

    @property
    def results(self) -> Path:
        return self.configs / "results"

    def engines(self) -> dict[str, Path]:
        """Name -> YAML file. Raises UserError if there are none."""
        return configs_in(self.configs)

    def folder(self, cell: Cell) -> Path:
        """Where the cell is trained."""
        return self.runs / cell.path

    def file(self, cell: Cell) -> Path:
        """What was measured of the cell, once it is done."""
        path = self.results / cell.path
        return path.with_name(f"{path.name}.json")  # not with_suffix: budgets have points in them

    def plan(self, cell: Cell) -> dict[str, Any]:
        """How the cell would be trained now."""
        return cell.plan(self.engines().get(cell.engine))

    def is_begun(self, cell: Cell) -> bool:
        """Whether training has begun, so that its settings must not change any more."""
        return (self.folder(cell) / "run").is_dir()

    def is_done(self, cell: Cell, asked: Asked) -> bool:
        """Whether the cell was judged as asked. One that was refused is asked again: that is cheap,
        and the engine may have learned to take the game."""
        result = read_result(self.file(cell))
        return (
            result is not None
            and result["refused"] is None
            and Asked(result["rollouts"], result["ticks"]) == asked
        )

    def change(self, cell: Cell) -> str | None:
        """A line for people if the cell was done, or begun, with other settings than its engine and
        its game have now."""
        made, state = read_result(self.file(cell)), "done"
        if made is None and self.is_begun(cell):
            made, state = read_plan(self.folder(cell)), "begun"
        if made is None:
            return None
        if cell.block in BLOCKS:
            plan = self.plan(cell)
            if plan == {key: made.get(key) for key in plan}:
                return None
        changed = f"{cell.name}: the settings have changed since it was"
        if made.get("refused") is not None:
            return f"{changed} refused; the next call that trains asks again"
        return (
            f"{changed} {state}, which is kept; to begin anew, delete {self.file(cell)} and"
            f" {self.folder(cell)}"
        )

    def all_results(self) -> Iterator[dict[str, Any]]:
        """What was measured of every cell that is done, in any order."""
        for path in sorted(self.results.glob("*/*/*.json")):
            if (result := read_result(path)) is not None:
                yield result

    def heading(self) -> tuple[str, str]:
        """Title and text of the study's tables: the first line of about.md in its folder, and the
        rest. Without that file the title is the folder's name."""
        try:
            text = (self.configs / "about.md").read_text(encoding="utf-8")
        except FileNotFoundError:
            return self.name, ""
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read {self.configs / 'about.md'}: {error}") from error
        title, _, about = text.partition("\n")
        return title.lstrip("# "), about.strip()
