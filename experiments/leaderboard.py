"""`python experiments/leaderboard.py`: every engine on every game at a stated budget, in one table.

Each cell, an engine on a game, is one training and one judgement in a process of its own. What is
done is not done again, and what was stopped or killed goes on where it was: call it again. The
tables in RESULTS.md and their pictures show every finished cell in the folder --runs.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from data_gen.command_line import Parser, this_python
from data_gen.errors import UserError, run_command
from gameengine.leaderboard.cells import BASELINE, Asked, Cell, configs_in, is_done, read_plan
from gameengine.leaderboard.games import BLOCKS

HERE = Path(__file__).parent
CONFIGS = HERE / "leaderboard"
RUNS = Path("runs/leaderboard")


def main() -> int:
    asked = _parser().parse_args()
    configs = configs_in(asked.configs)
    engines = asked.engines or list(configs)
    _check(asked, configs)
    cells = _cells(asked, engines)
    if asked.list:
        _list(cells, asked)
        return 0
    failed: list[str] = []
    if not asked.report_only:
        try:
            failed = _work(cells, asked, configs)
        except KeyboardInterrupt:
            print(f"stopped; go on with\n  {_command(sys.argv[1:])}")
            return 130
    _report(asked)
    return 1 if failed else 0


def _work(cells: Sequence[Cell], asked: argparse.Namespace, configs: dict[str, Path]) -> list[str]:
    """Train and judge what is not done. Returns the names of what failed."""
    from gameengine.leaderboard.crew import prepare, work_through

    judged = Asked(asked.rollouts, asked.ticks)
    for cell in cells:
        if warning := prepare(cell, configs.get(cell.engine), asked.runs, judged):
            print(f"note: {warning}", file=sys.stderr)
    missing = [cell for cell in cells if not is_done(cell.folder(asked.runs), judged)]
    print(f"{len(cells)} cells, {len(cells) - len(missing)} of them done; Ctrl-C loses nothing")
    if not missing:
        return []
    failed = work_through(missing, asked.runs, judged, asked.jobs)
    if failed:
        print(f"{len(failed)} failed: {'; '.join(failed)}", file=sys.stderr)
    return failed


def _report(asked: argparse.Namespace) -> None:
    from gameengine.leaderboard.cells import all_results
    from gameengine.leaderboard.pictures import draw_block
    from gameengine.leaderboard.tables import rows_of, write_tables

    results = list(all_results(asked.runs))
    if not results:
        raise UserError(f"{asked.runs} holds no finished cell to report of")
    blocks = {
        name: rows_of(results, block.ranked, name)
        for name, block in BLOCKS.items()
        if any(result["block"] == name for result in results)
    }
    pictures = asked.out.parent / "assets" / "leaderboard"
    engines = {result["engine"] for result in results} - {BASELINE}
    for name, rows in blocks.items():
        draw_block(pictures / f"{name}.png", BLOCKS[name], rows, sorted(engines))
    program = ["experiments/leaderboard.py"]
    if asked.runs != RUNS:
        program += ["--runs", str(asked.runs)]
    write_tables(asked.out, blocks, f".venv/bin/python {shlex.join(program)}")
    print(f"tables: {asked.out}; pictures: {pictures}")


def _cells(asked: argparse.Namespace, engines: Sequence[str]) -> list[Cell]:
    """Short budgets first, so that there is soon something to see."""
    cells = [Cell(game, BASELINE, 0, 1, 0) for game in asked.games]
    return cells + [
        Cell(game, engine, minutes, asked.threads, seed)
        for seed in range(asked.seeds)
        for minutes in sorted(asked.minutes)
        for game in asked.games
        for engine in engines
    ]


def _list(cells: Sequence[Cell], asked: argparse.Namespace) -> None:
    judged = Asked(asked.rollouts, asked.ticks)
    for cell in cells:
        folder = cell.folder(asked.runs)
        begun = "begun" if read_plan(folder) is not None else "to do"
        print(f"{'done' if is_done(folder, judged) else begun:5}  {cell.name}")


def _check(asked: argparse.Namespace, configs: dict[str, Path]) -> None:
    """Raises UserError for what there is not."""
    for name in ("threads", "jobs", "seeds", "rollouts", "ticks"):
        if getattr(asked, name) < 1:
            raise UserError(f"--{name} must be at least 1, not {getattr(asked, name)}")
    if min(asked.minutes) <= 0:
        raise UserError(f"--minutes must be more than 0, not {min(asked.minutes):g}")
    for kind, names, known in (
        ("game", asked.games, list(BLOCKS)),
        ("engine", asked.engines or [], list(configs)),
    ):
        for name in names:
            if name not in known:
                raise UserError(f"unknown {kind} {name!r}; choose from {', '.join(known)}")


def _command(arguments: Sequence[str]) -> str:
    return shlex.join([this_python(), "experiments/leaderboard.py", *arguments])


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/leaderboard.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    games = ", ".join(BLOCKS)
    add = parser.add_argument
    add("--games", nargs="+", default=list(BLOCKS), metavar="GAME", help=f"default: all: {games}")
    add("--engines", nargs="+", metavar="ENGINE", help="names of files in --configs; default: all")
    add("--minutes", nargs="+", type=float, default=[5.0], help="budgets; default: 5")
    add("--threads", type=int, default=2, help="of each training; default: 2")
    add("--jobs", type=int, default=1, help="cells side by side; default: 1")
    add("--seeds", type=int, default=1, metavar="N", help="trainings of each cell; default: 1")
    add("--rollouts", type=int, default=256, metavar="N", help="to judge by; default: 256")
    add("--ticks", type=int, default=10_000, metavar="T", help="of each, at most; default: 10000")
    add("--runs", type=Path, default=RUNS, help=f"where cells are kept; default: {RUNS}")
    add("--configs", type=Path, default=CONFIGS, help="folder of the engines' YAML files")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--list", action="store_true", help="list the cells and stop")
    add("--report-only", action="store_true", help="write tables and pictures of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
