"""`python experiments/leaderboard.py`: every engine on every game at a stated budget, in one table.

Each cell, an engine on a game, is one training and one judgement in a process of its own. What is
done is not done again, and what was stopped or killed goes on where it was: call it again. What was
measured is kept in the folder of the engines' YAML files, below results/, with the code; the tables
in RESULTS.md and their pictures show all of it, whoever measured it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from data_gen.command_line import Parser, check_least, this_python
from data_gen.errors import UserError, run_command
from gameengine.leaderboard.cells import BASELINE, Asked, Cell
from gameengine.leaderboard.games import BLOCKS
from gameengine.leaderboard.study import Study

HERE = Path(__file__).parent
CONFIGS = HERE / "leaderboard"


def main() -> int:
    asked = _parser().parse_args()
    study = Study(asked.configs, asked.runs or _usual_runs(asked.configs))
    engines = list(study.engines())
    _check(asked, engines)
    cells = _cells(asked, asked.engines or engines)
    if asked.list:
        _list(cells, study, Asked(asked.rollouts, asked.ticks))
        return 0
    for cell in dict.fromkeys([*map(Cell.of, study.all_results()), *cells]):
        if change := study.change(cell):
            print(f"note: {change}", file=sys.stderr)
    failed: list[str] = []
    if not asked.report_only:
        try:
            failed = _work(cells, asked, study)
        except KeyboardInterrupt:
            print(f"stopped; go on with\n  {_command(sys.argv[1:])}")
            return 130
    _report(asked, study)
    return 1 if failed else 0


def _work(cells: Sequence[Cell], asked: argparse.Namespace, study: Study) -> list[str]:
    """Train and judge what is not done. Returns the names of what failed."""
    from gameengine.leaderboard.crew import prepare, work_through

    judged = Asked(asked.rollouts, asked.ticks)
    missing = [cell for cell in cells if not study.is_done(cell, judged)]
    done = len(cells) - len(missing)
    print(f"{len(cells)} cells, {done} of them done; Ctrl-C loses nothing", flush=True)
    if not missing:
        return []
    for cell in missing:
        prepare(cell, study)
    failed = work_through(missing, study, judged, asked.jobs)
    if failed:
        print(f"{len(failed)} failed: {'; '.join(failed)}", file=sys.stderr)
    return failed


def _report(asked: argparse.Namespace, study: Study) -> None:
    from gameengine.leaderboard.pictures import draw_block, draw_lessons
    from gameengine.leaderboard.rows import rows_of
    from gameengine.leaderboard.tables import write_tables

    results = list(study.all_results())
    if not results:
        raise UserError(f"{study.results} holds no finished cell to report of")
    blocks = {
        name: rows_of(results, block.ranked, name)
        for name, block in BLOCKS.items()
        if any(result["block"] == name for result in results)
    }
    folder = asked.out.parent / "assets" / study.name
    engines = {result["engine"] for result in results} - {BASELINE}
    pictures: dict[str, list[Path]] = {}
    for name, rows in blocks.items():
        whole = folder / f"{name}.png"
        draw_block(whole, BLOCKS[name], rows, sorted(engines))
        pictures[name] = [whole, *draw_lessons(folder, BLOCKS[name], rows)]
    program = ["experiments/leaderboard.py"]
    if study.configs != CONFIGS:
        program += ["--configs", str(study.configs)]
    if study.runs != _usual_runs(study.configs):
        program += ["--runs", str(study.runs)]
    write_tables(asked.out, study, blocks, pictures, f".venv/bin/python {shlex.join(program)}")
    print(f"tables: {asked.out}; pictures: {folder}")


def _usual_runs(configs: Path) -> Path:
    return Path("runs") / configs.resolve().name


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


def _list(cells: Sequence[Cell], study: Study, judged: Asked) -> None:
    for cell in cells:
        begun = "begun" if study.is_begun(cell) else "to do"
        print(f"{'done' if study.is_done(cell, judged) else begun:5}  {cell.name}")


def _check(asked: argparse.Namespace, engines: Sequence[str]) -> None:
    """Raises UserError for what there is not."""
    check_least(asked, threads=1, jobs=1, seeds=1, rollouts=1, ticks=1)
    if min(asked.minutes) <= 0:
        raise UserError(f"--minutes must be more than 0, not {min(asked.minutes):g}")
    for kind, names, known in (
        ("game", asked.games, list(BLOCKS)),
        ("engine", asked.engines or [], engines),
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
    add(
        "--runs",
        type=Path,
        help="where cells are trained; default: runs/ and the name of --configs",
    )
    add(
        "--configs",
        type=Path,
        default=CONFIGS,
        help="a study: YAML files, and below results/ what was measured of them",
    )
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--list", action="store_true", help="list the cells and stop")
    add("--report-only", action="store_true", help="write tables and pictures of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
