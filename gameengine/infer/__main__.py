"""What frames do not show, found through a learned game, and checked by the true one.

`python -m gameengine.infer ENGINE --pattern FILE --ticks N` runs a learned Life backwards. ENGINE
is `life`, the one that is bundled, or a checkpoint of a cell engine. What is found is run forward
by the true game, which says whether it is exact.

`python -m gameengine.infer ENGINE --frames N` finds how the ball flies, of which frames show whole
pixels only. ENGINE is a checkpoint of a slots engine of Pong with serve angles.

`python -m gameengine.infer ENGINE --cover COLOUR --frames N` finds what is covered in frames of a
game, such as the score, or the ball and so how it was served. ENGINE is a checkpoint of any engine.

`python -m gameengine.infer ENGINE --game --frames N` finds which game frames are of. ENGINE is a
checkpoint of a hyper engine; what `gameengine.induce` does with videos, of held-out games.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command
from gameengine.infer import METHODS

if TYPE_CHECKING:
    from gameengine.engines.cell import CellEngine
    from gameengine.infer.law import Cells, Question

MOST_FRAMES = 256
MOST_SEEDS = 1 << 63
NEEDS = {"frames": ("told", "cover", "game"), "cover": ("until", "starts"), "game": ("option",)}
BUNDLED = Path(__file__).parents[2] / "assets" / "life.ckpt"


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    _check(asked)
    checkpoint = BUNDLED if str(asked.engine) == "life" else asked.engine
    if asked.frames is None:
        return _run_backwards(asked, checkpoint)
    from gameengine.checkpoint import load_checkpoint

    engine = load_checkpoint(checkpoint).engine
    if asked.cover is not None:
        from gameengine.infer.cover_command import infer_covered

        return infer_covered(asked, engine)
    if asked.game:
        from gameengine.infer.game_command import infer_game

        return infer_game(asked, engine)
    from gameengine.infer.motion_command import infer_motion

    return infer_motion(asked, engine)


def _run_backwards(asked: argparse.Namespace, checkpoint: Path) -> int:
    # Only now: torch takes seconds to load, and --help should not.
    import numpy as np

    from data_gen.games.rle import write_rle
    from data_gen.pictures import write_gif, write_png
    from gameengine.checkpoint import load_checkpoint
    from gameengine.engines.cell import CellEngine
    from gameengine.infer.law import Question, law_of, true_future
    from gameengine.infer.pictures import film, picture
    from gameengine.infer.solver import GardenOfEdenError

    engine = load_checkpoint(checkpoint).engine
    options, law = engine.spec.options, law_of(engine)
    assert isinstance(engine, CellEngine), "others have no law"
    target = _target(asked, dict(options))
    question = Question(law, target, asked.ticks, options["edges"] == "torus")
    began = time.perf_counter()
    try:
        cells = _found(asked, engine, question)
    except GardenOfEdenError:
        print("nothing comes before these cells: a Garden of Eden, says the SAT solver")
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return 130
    seconds = time.perf_counter() - began
    frames = true_future(dict(options), cells, asked.ticks)
    wrong = int((frames[-1] != target).sum())
    result = {
        "engine": str(checkpoint),
        "method": asked.method,
        "size": list(target.shape),
        "ticks": asked.ticks,
        "seconds": round(seconds, 3),
        "wrong": wrong,
        "exact": not wrong,
        "out": str(asked.out),
    }
    told = f"{asked.method}: {'exact' if not wrong else f'{wrong} of {target.size} cells are off'}"
    write_png(asked.out / "infer.png", picture(engine.spec, target, frames, told))
    write_gif(asked.out / "infer.gif", film(engine.spec, target, frames, told), fps=4)
    rule = str(options["rule"])
    write_text(asked.out / "before.rle", write_rle(np.asarray(cells, np.bool_), rule))
    print(json.dumps(result) if asked.json else _in_words(result))
    return 0 if not wrong else 1


def run() -> None:
    """The console script."""
    run_command(main)


def _check(asked: argparse.Namespace) -> None:
    for name in ("ticks", "seconds", "threads"):
        if not getattr(asked, name) > 0:  # nor NaN
            raise UserError(f"--{name} must be more than 0, not {getattr(asked, name):g}")
    if not 0 <= asked.seed < MOST_SEEDS:
        raise UserError(f"--seed must be from 0 to {MOST_SEEDS - 1}, not {asked.seed}")
    if asked.frames is not None and not 2 <= asked.frames <= MOST_FRAMES:
        raise UserError(f"--frames must be from 2 to {MOST_FRAMES}, not {asked.frames}")
    for needed, names in NEEDS.items():
        for name in names:
            given = getattr(asked, name)
            if (
                given is not None
                and given is not False
                and given != []
                and not getattr(asked, needed)
            ):
                raise UserError(f"--{name} needs --{needed}")
    if (asked.cover is not None) + asked.game + asked.told > 1:
        raise UserError("give only one of --cover, --game and --told")
    if [asked.pattern, asked.soup, asked.frames].count(None) != 2:
        raise UserError(
            "give either --pattern FILE or --soup SEED: what is to be found the past of; or"
            " --frames N: what is to be found a hidden motion in,"
            " or with --cover or --game something else"
        )
    if asked.soup is not None and asked.soup < 0:
        raise UserError(f"--soup must be a seed from 0 on, not {asked.soup}")
    if not 0 < asked.density < 1:
        raise UserError(f"--density must lie between 0 and 1, not {asked.density:g}")
    if asked.size is not None and min(asked.size) < 3:
        raise UserError(f"--size must be at least 3 3, not {asked.size[0]} {asked.size[1]}")


def _target(asked: argparse.Namespace, options: dict[str, Any]) -> Cells:
    """(H, W): the pattern, in the middle of the board, or what a soup becomes."""
    import numpy as np

    from data_gen.games.life import life
    from data_gen.games.rle import read_pattern
    from gameengine.infer.law import true_future

    try:
        if asked.pattern is not None:
            size = asked.size or read_pattern(asked.pattern).cells.shape
            board = life(size=size, pattern=asked.pattern).init(np.zeros(1, np.uint64))
            return board.cells[0].astype(np.uint8)
    except ValueError as error:
        raise UserError(str(error)) from error
    soup = np.random.default_rng(asked.soup).random(asked.size or (16, 16)) < asked.density
    return true_future(options, soup.astype(np.uint8), asked.ticks)[-1]


def _found(asked: argparse.Namespace, engine: CellEngine, question: Question) -> Cells:
    from tqdm import tqdm

    from gameengine.infer.answers import find
    from gameengine.infer.searching import Limits

    silent = asked.json or not sys.stderr.isatty()
    form = "{percentage:3.0f}%|{bar:20}| {elapsed}{postfix}"
    with tqdm(total=1.0, leave=False, disable=silent, bar_format=form) as bar:

        def progress(share: float, told: str) -> None:
            bar.n = min(share, 1.0)
            bar.set_postfix_str(told)

        limits = Limits(asked.seconds, asked.threads)
        return find(engine, question, asked.method, limits, asked.seed, progress)


def _in_words(result: dict[str, Any]) -> str:
    height, width = result["size"]
    ticks = "1 tick" if result["ticks"] == 1 else f"{result['ticks']} ticks"
    cells = height * width
    seconds, method = result["seconds"], result["method"]
    verdict = (
        "exact: the true game makes the target of it"
        if result["exact"]
        else f"the true game makes something else of it, {result['wrong']} of {cells} cells are off"
    )
    out = result["out"]
    next_step = f"look: {out}/infer.gif and infer.png; the cells: {out}/before.rle"
    if not result["exact"]:
        surer = "" if method == "repair" else "--method repair, "
        next_step += f"\ntry: {surer}another --seed, or more --seconds"
    return (
        f"{ticks} before {height} x {width} cells, {seconds:.2f} s of {method}\n"
        f"{verdict}\n{next_step}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.infer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python -m gameengine.infer life --pattern assets/101.rle --ticks 2\n"
        "  python -m gameengine.infer assets/pong.ckpt --cover score --frames 9 --starts near:miss",
    )
    parser.add_argument("engine", type=Path, metavar="ENGINE", help="life, or a checkpoint")
    _add_backwards(parser)
    _add_frames(parser)
    add = parser.add_argument
    add("--seed", type=int, default=0, help="of what is left to chance, and the game; default: 0")
    add("--out", type=Path, default=Path("runs/infer"), metavar="DIR", help="default: runs/infer")
    add("--json", action="store_true", help="print the result as one line of JSON")
    return parser


def _add_frames(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what frames of a held-out game do not show").add_argument
    add("--frames", type=int, metavar="N", help="true frames that are seen, such as 3")
    add("--told", action="store_true", help="the engine is told the serve angle of the game, too")
    add("--cover", metavar="COLOUR", help="find what is covered in them, such as score or ball")
    add("--until", type=int, metavar="K", help="it is covered in the first K frames; default: all")
    add(
        "--starts",
        nargs="+",
        default=[],
        metavar="KIND=WEIGHT",
        help="how the game begins then, such as near:miss; default: init",
    )
    add("--game", action="store_true", help="find which game they are of, by a hyper engine")
    add("--option", nargs="+", default=[], metavar="KEY=VALUE", help="of that game")


def _add_backwards(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what came before cells of Life").add_argument
    add("--pattern", type=Path, metavar="FILE", help="the target: an .rle or .cells file")
    add("--soup", type=int, metavar="SEED", help="the target: what random cells become")
    add("--density", type=float, default=0.35, help="share of these that live; default: 0.35")
    add(
        "--size",
        type=int,
        nargs=2,
        metavar=("H", "W"),
        help="of the board; default: that of the pattern; 16 16 for a soup",
    )
    add("--ticks", type=int, default=1, help="how far back; default: 1")
    add(
        "--method",
        choices=METHODS,
        default="search",
        help="search: turn single cells over, by what the engine says of each neighbourhood;"
        " descent: gradients through the engine; both: a search that begins where these end;"
        " repair: a search, and beside it a SAT solver that keeps some of what the search left;"
        " sat: the reference, a SAT solver told what the engine says. Default: search",
    )
    add("--sat", dest="method", action="store_const", const="sat", help="the same as --method sat")
    add("--seconds", type=float, default=30.0, help="at most; default: 30")
    add("--threads", type=int, default=2, help="searches at once (or solvers); default: 2")


if __name__ == "__main__":
    run()
