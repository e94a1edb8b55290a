"""`python experiments/backwards.py`: how often what came before a board of Life is found.

A soup of the seed's density becomes the target; what is found is run forward by the true game. What
is done is not done again; call it again to go on. What was measured is kept in
experiments/backwards/results/, and the table in RESULTS.md shows all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command
from gameengine.infer import METHODS
from gameengine.markers import write_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameengine.engines.cell import CellEngine
    from gameengine.infer.law import Cells

HERE = Path(__file__).parent
LIFE_CKPT = HERE.parent / "assets" / "life.ckpt"
MARK = "backwards"
RESULTS = HERE / MARK / "results"


@dataclass(frozen=True)
class Setting:
    """Boards of one kind. settled: ticks before the first that is looked for, in which a soup
    settles. density: of the soups, drawn between these for each. pattern: a file in assets/, the
    target of each instead of a soup."""

    name: str
    size: int
    ticks: int
    density: tuple[float, float] = (0.3, 0.5)
    settled: int = 0
    pattern: str | None = None

    def target(self, number: int, options: dict[str, Any]) -> Cells:
        """(H, W)."""
        import numpy as np

        from data_gen.games.rle import read_pattern
        from gameengine.infer.law import true_future

        if self.pattern is not None:
            return read_pattern(LIFE_CKPT.with_name(self.pattern)).cells.astype(np.uint8)
        rng = np.random.default_rng([number, self.size])
        soup = rng.random((self.size, self.size)) < rng.uniform(*self.density)
        return true_future(options, soup.astype(np.uint8), self.settled + self.ticks)[-1]


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("101-1", 0, 1, pattern="101.rle"),
        Setting("101-2", 0, 2, pattern="101.rle"),
        Setting("16x16-1", 16, 1),
        Setting("32x32-1", 32, 1),
        Setting("16x16-3", 16, 3),
        *(Setting(f"25x25-{ticks}", 25, ticks, (0.01, 0.99), 5) for ticks in range(1, 6)),
    )
}


def main() -> int:
    asked = _parser().parse_args()
    for name in ("boards", "seconds", "threads"):
        if not getattr(asked, name) > 0:  # nor NaN
            raise UserError(f"--{name} must be more than 0, not {getattr(asked, name):g}")
    for name in asked.settings:
        if name not in SETTINGS:
            raise UserError(f"unknown setting {name!r}; choose from {', '.join(SETTINGS)}")
    if not asked.report_only:
        try:
            _work(asked)
        except KeyboardInterrupt:
            print("stopped; the boards that were done are kept, call it again to go on")
            return 130
    _report(asked)
    return 0


def _work(asked: argparse.Namespace) -> None:
    # Only now: torch takes seconds to load, and --help should not.
    from tqdm import tqdm

    from gameengine.checkpoint import load_checkpoint
    from gameengine.engines.cell import CellEngine
    from gameengine.infer.law import law_of

    engine = load_checkpoint(asked.engine).engine
    law = law_of(engine)
    assert isinstance(engine, CellEngine), "others have no law"
    for name in asked.settings:
        path = asked.results / _kind(asked.method, asked.engine.stem) / f"{name}.json"
        done = _read(path, asked)
        with tqdm(total=asked.boards, initial=len(done), desc=name, disable=None) as bar:
            for number in range(len(done), asked.boards):
                done.append(_answer(asked, engine, law, SETTINGS[name], number))
                bar.update()
                bar.set_postfix_str(f"{sum(not row['wrong'] for row in done)} exact")
                saved = {**_about(asked, name), "boards": done}
                write_text(path, json.dumps(saved, indent=1))


def _answer(
    asked: argparse.Namespace,
    engine: CellEngine,
    law: NDArray[Any],
    setting: Setting,
    number: int,
) -> dict[str, Any]:
    """How one board went, as plain values."""
    import time

    from gameengine.infer.answers import find
    from gameengine.infer.law import Question, true_future
    from gameengine.infer.searching import Limits

    options = dict(engine.spec.options)
    last = setting.target(number, options)
    question = Question(law, last, setting.ticks, options["edges"] == "torus")
    began = time.perf_counter()
    limits = Limits(asked.seconds, asked.threads)
    cells = find(engine, question, asked.method, limits, number)
    seconds = time.perf_counter() - began
    wrong = int((true_future(options, cells, setting.ticks)[-1] != last).sum())
    return {
        "wrong": wrong,
        "alive": int(last.sum()),
        "cells": last.size,
        "seconds": round(seconds, 3),
    }


def _about(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """What boards have in common that stand in one file."""
    about = {"setting": asdict(SETTINGS[name]), "method": asked.method}
    about |= {"engine": asked.engine.stem}
    return about | {"seconds": asked.seconds, "threads": asked.threads}


def _read(path: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """The boards that are done. Raises UserError if they were asked for in another way."""
    if not path.exists():
        return []
    saved = json.loads(path.read_text())
    about = json.loads(json.dumps(_about(asked, path.stem)))
    if about != {key: saved.get(key) for key in about}:
        raise UserError(
            f"{path} was measured with other seconds, threads or boards; delete it to begin anew"
        )
    return saved["boards"]


def _kind(method: str, engine: str) -> str:
    """What a row is called, and the folder of its results."""
    return method if engine == LIFE_CKPT.stem else f"{method}_{engine.removeprefix('life_')}"


def _report(asked: argparse.Namespace) -> None:
    results = [json.loads(path.read_text()) for path in sorted(asked.results.glob("*/*.json"))]
    if not results:
        raise UserError(f"{asked.results} holds no results to report of")
    about = (HERE / MARK / "about.md").read_text()
    command = "```console\n$ .venv/bin/python experiments/backwards.py\n```\n"
    write_between(asked.out, MARK, f"{about}\n{_table(results)}\n\n{command}\n")
    print(f"table: {asked.out}")


def _table(results: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| boards | ticks back | method | exact | cells off, mean share | seconds, median / most"
        " | all dead instead |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        setting, boards = result["setting"], result["boards"]
        cells, count = boards[0]["cells"], len(boards)
        what = setting["pattern"] or f"{setting['size']} x {setting['size']}"
        exact = sum(not board["wrong"] for board in boards)
        seconds = [board["seconds"] for board in boards]
        threads = result["threads"]
        kind = _kind(result["method"], result["engine"]).replace("_", " ")
        method = f"{kind}, {threads} thread{'s' * (threads > 1)}"
        lines.append(
            f"| {what} | {setting['ticks']} | {method}"
            f" | {exact} of {count} | {mean(board['wrong'] for board in boards) / cells:.4f}"
            f" | {median(seconds):.2f} / {max(seconds):.1f}"
            f" | {mean(board['alive'] for board in boards) / cells:.3f} |"
        )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/backwards.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("engine", type=Path, nargs="?", default=LIFE_CKPT, help="default: assets/life.ckpt")
    names = ", ".join(SETTINGS)
    add("--settings", nargs="+", default=list(SETTINGS), metavar="NAME", help=f"of {names}")
    add("--method", choices=METHODS, default="search")
    add("--boards", type=int, default=100, metavar="N", help="of each; default: 100")
    add("--seconds", type=float, default=30.0, help="for each board at most; default: 30")
    add("--threads", type=int, default=2, help="searches at once; default: 2")
    add("--results", type=Path, default=RESULTS, metavar="DIR", help="default: beside this file")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the table of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
