"""`python experiments/long_patterns.py`: well-known patterns of Life, run by a learned one.

The learned Life, as a table (gameengine.compiled_life), and the true one go on side by side, and
their whole boards are compared after every tick. What the literature says of each pattern is then
asked of the learned one. Nothing lives beyond the edges, and the boards are so large that nothing
arrives there. The table in RESULTS.md is written when all patterns were run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command
from gameengine.markers import write_between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gameengine.engine import Engine

    Cells = NDArray[np.bool_]  # (H, W)
    Alive = NDArray[np.int64]  # (T + 1,): how many cells live, from tick 0 on

ROOT = Path(__file__).parent.parent
PATTERNS = ROOT / "assets" / "patterns"
LIFE_CKPT = ROOT / "assets" / "life.ckpt"
ABOUT = Path(__file__).with_suffix("") / "about.md"
PICTURE = ROOT / "assets" / "breeder.png"
SHRUNK = 4  # cells on a side of a pixel in the picture, which is bright if one of them lives


@dataclass(frozen=True)
class Fact:
    """What is known of a pattern. asked: in words. seen: what a run shows instead of it, in words,
    and whether it is that."""

    asked: str
    seen: Callable[[Alive], tuple[str, bool]]


@dataclass(frozen=True)
class Case:
    """A pattern of assets/patterns/ on a board. size: (H, W). ticks: that it is run for. place: row
    and column of its first cell; None: the middle. shown: ticks that are in the picture."""

    name: str
    size: tuple[int, int]
    ticks: int
    fact: Fact
    place: tuple[int, int] | None = None
    shown: tuple[int, ...] = ()

    def start(self) -> Cells:
        import numpy as np

        from data_gen.games.rle import read_pattern

        cells = read_pattern(PATTERNS / f"{self.name}.rle").cells
        row, column = self.place or [
            (board - own) // 2 for board, own in zip(self.size, cells.shape, strict=True)
        ]
        board = np.zeros(self.size, np.bool_)
        board[row : row + len(cells), column : column + cells.shape[1]] = cells
        return board


@dataclass(frozen=True)
class Outcome:
    """parted_at: the first tick whose boards are not the same; None: there is none. alive: cells of
    the learned game. pictured: its boards at the ticks that were to be shown."""

    case: Case
    parted_at: int | None
    alive: Alive
    seconds: float
    pictured: tuple[Cells, ...]

    @property
    def right(self) -> bool:
        return self.parted_at is None and self.case.fact.seen(self.alive)[1]


def rests(tick: int, cells: int) -> Fact:
    """The number of cells changes for the last time at `tick`, and is `cells` from then on."""

    def seen(alive: Alive) -> tuple[str, bool]:
        last = int((alive != alive[-1]).nonzero()[0].max(initial=-1)) + 1
        return f"{alive[-1]:,} from {last:,} on", (last, alive[-1]) == (tick, cells)

    return Fact(f"{cells:,} cells from tick {tick:,} on", seen)


def grows(by: int, period: int, since: int = 0, order: int = 1) -> Fact:
    """From tick `since` on there are always `by` more cells a period later. order 2: what is more
    than a period ago is by so many more than it was a period ago."""

    def seen(alive: Alive) -> tuple[str, bool]:
        more = alive[since:]
        for _ in range(order):
            more = more[period:] - more[:-period]
        least, most = int(more.min()), int(more.max())
        told = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        return f"{told}, asked {len(more):,} times", least == most == by

    what = f"{by:,} cells more" if order == 1 else f"growth by {by:,} cells more"
    return Fact(f"{what} every {period} ticks" + f", from {since:,} on" * bool(since), seen)


def bell() -> Fact:
    """D. Bell's formula for how many cells his spacefiller has."""

    def seen(alive: Alive) -> tuple[str, bool]:
        import numpy as np

        tick = np.arange(len(alive))
        even = (tick + 19) ** 2 + np.where(tick % 4 == 0, 463, 487)
        known = np.where(tick % 2 == 0, even, (tick + 18) ** 2 + 639) // 4
        as_known = int((alive == known).sum())
        return f"so at {as_known:,} of {len(alive):,} ticks", as_known == len(alive)

    return Fact("((t + 19)² + 463) / 4 cells, and so on for other t than 0, 4, 8, ...", seen)


CASES = (
    Case("die_hard", (64, 64), 200, rests(130, 0)),
    Case("r_pentomino", (1024, 1024), 2000, rests(1103, 116)),
    Case("acorn", (2560, 2560), 5300, rests(5206, 633)),
    # One glider a period.
    Case("glider_gun", (1024, 1024), 3600, grows(5, 30), place=(8, 8)),
    # 8 blocks a period.
    Case("ten_cells", (1024, 1024), 3000, grows(32, 288, since=564), place=(280, 280)),
    # Four blinkers and two bookends a period.
    Case("puffer_1", (2048, 256), 4000, grows(26, 128, since=256), place=(2030, 114)),
    # A gun every 64 ticks, each of which shoots a glider every 30 ticks: in 960 ticks 15 more guns
    # of 32 gliders each.
    Case(
        "breeder_1",
        (1024, 2304),
        3000,
        grows(15 * 32 * 5, 960, order=2),
        place=(678, 8),
        shown=(0, 1000, 2000, 3000),
    ),
    Case("spacefiller_1", (2048, 2048), 1980, bell()),
)


def main() -> int:
    asked = _parser().parse_args()
    known = {case.name: case for case in CASES}
    for name in asked.patterns:
        if name not in known:
            raise UserError(f"unknown pattern {name!r}; choose from {', '.join(known)}")

    # Only now: torch takes seconds to load, and --help should not.
    from gameengine.checkpoint import load_checkpoint
    from gameengine.compiled_life import CompiledLife

    engine = load_checkpoint(asked.engine).engine
    CompiledLife(engine)  # or there is nothing to run
    outcomes: list[Outcome] = []
    for name in dict.fromkeys(asked.patterns):
        outcome = run(known[name], engine)
        print(row(outcome), flush=True)
        outcomes.append(outcome)
    if {outcome.case.name for outcome in outcomes} == set(known):
        report(outcomes, asked.out, asked.picture)
        print(f"table: {asked.out}, picture: {asked.picture}")
    return 0 if all(outcome.right for outcome in outcomes) else 1


def run(case: Case, engine: Engine) -> Outcome:
    """The pattern in the learned Life and in the true one, compared after every tick."""
    from dataclasses import replace

    import numpy as np
    from tqdm import tqdm

    from data_gen.games.life import life
    from gameengine.compiled_life import CompiledLife
    from gameengine.retargeting import for_spec

    truth = life(size=case.size, edges="dead", density=0.0)
    learned = CompiledLife(for_spec(engine, truth.spec))
    state = dream = replace(truth.init(np.zeros(1, np.uint64)), cells=case.start()[None])
    alive = np.zeros(case.ticks + 1, np.int64)
    alive[0] = np.count_nonzero(dream.cells)
    parted_at, began = None, time.perf_counter()
    pictured = [dream.cells[0]] if 0 in case.shown else []
    for tick in tqdm(
        range(1, case.ticks + 1), desc=case.name, unit="tick", delay=2, leave=False, disable=None
    ):
        state, dream = truth.advance(state, 1), learned.advance(dream, 1)
        if parted_at is None and not np.array_equal(state.cells, dream.cells):
            parted_at = tick
        alive[tick] = np.count_nonzero(dream.cells)
        if tick in case.shown:
            pictured.append(dream.cells[0])
    return Outcome(case, parted_at, alive, time.perf_counter() - began, tuple(pictured))


def row(outcome: Outcome) -> str:
    case = outcome.case
    told, right = case.fact.seen(outcome.alive)
    exact = "all ticks" if outcome.parted_at is None else f"until tick {outcome.parted_at:,}"
    return (
        f"| {case.name} | {case.size[0]:,} x {case.size[1]:,} | {case.ticks:,} | {exact}"
        f" | {case.fact.asked} | {told}{'' if right else ' (wrong)'} | {outcome.seconds:.1f} |"
    )


def report(outcomes: Sequence[Outcome], out: Path, picture: Path) -> None:
    """Write the table of all patterns, and the picture of the one that is to be shown."""
    from data_gen.pictures import write_png

    head = "| pattern | board | ticks | exact | asked | seen | seconds |"
    table = "\n".join([head, "|---" * 7 + "|", *map(row, outcomes)])
    command = "```console\n$ .venv/bin/python experiments/long_patterns.py\n```\n"
    write_png(picture, drawn(next(outcome for outcome in outcomes if outcome.pictured)))
    about = ABOUT.read_text(encoding="utf-8")
    write_between(out, "patterns", f"{about}\n{table}\n\n{command}\n")


def drawn(outcome: Outcome) -> NDArray[np.uint8]:
    """The boards that were to be shown, one below the other, (H, W, 3)."""
    import numpy as np

    from data_gen.games.life import life
    from data_gen.pictures import caption, stack, to_rgb

    height, width = (side // SHRUNK for side in outcome.case.size)
    strips: list[NDArray[np.uint8]] = []
    for tick, cells in zip(outcome.case.shown, outcome.pictured, strict=True):
        tiles = cells[: height * SHRUNK, : width * SHRUNK].reshape(height, SHRUNK, width, SHRUNK)
        seen = to_rgb(np.any(tiles, (1, 3))[None].astype(np.uint8), life().spec)
        said = caption(width, f"tick {tick:,}: {outcome.alive[tick]:,} cells")
        strips += [said, seen]
    return stack(strips, 0, gap=0)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/long_patterns.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [case.name for case in CASES]
    add = parser.add_argument
    add("engine", type=Path, nargs="?", default=LIFE_CKPT, help="default: assets/life.ckpt")
    add("--patterns", nargs="+", default=names, metavar="NAME", help=f"of {', '.join(names)}")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--picture", type=Path, default=PICTURE, metavar="PNG", help="default: assets/breeder.png")
    return parser


if __name__ == "__main__":
    run_command(main)
