"""`python experiments/covered.py`: how often what is covered in a few frames of Pong is found.

Learned engines are asked about windows of held-out games; the true game says what may have been
under the cover. What is done is not done again; call it again with more --windows to go on. What
was measured is kept in experiments/covered/results/, and the table in RESULTS.md shows all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command
from gameengine.markers import write_between

if TYPE_CHECKING:
    from gameengine.infer.covered import Watched
    from gameengine.learned_game import LearnedGame

HERE = Path(__file__).with_suffix("")
ASSETS = HERE.parents[1] / "assets"
ENGINES = [ASSETS / "pong.ckpt", ASSETS / "pong_feedback.ckpt"]
# What is covered, in how many frames, of how many, and how the game begins.
SETTINGS = {
    "serve": ("ball", 4, 12, "init"),
    "paddle": ("left paddle", 4, 12, "init"),
    "score_12": ("score", 12, 12, "near:miss"),
    "score_240": ("score", 240, 240, "near:miss"),
    "score_960": ("score", 960, 960, "near:miss"),
}
SEED = 7000  # of the first window; each has its own


def main() -> int:
    asked = _parser().parse_args()
    check_least(asked, windows=1)
    for name in asked.settings:
        if name not in SETTINGS:
            raise UserError(f"unknown setting {name!r}; choose from {', '.join(SETTINGS)}")
    if not asked.report_only:
        try:
            for engine in asked.engines:
                _work(asked, engine)
        except KeyboardInterrupt:
            print("stopped; the windows that were done are kept, call it again to go on")
            return 130
    _report(asked)
    return 0


def _work(asked: argparse.Namespace, checkpoint: Path) -> None:
    # Only now: torch takes seconds to load, and --help should not.
    from tqdm import tqdm

    from gameengine.infer.covered import watch_colour
    from gameengine.learned_game import LearnedGame

    learned = LearnedGame.load(checkpoint)
    if learned.spec.name != "pong" or learned.spec.options["serve_angles"]:
        raise UserError(
            f"{checkpoint} is no engine of plain pong, which alone is judged; give an engine of"
            " pong without serve_angles"
        )
    mark = sha256(checkpoint.read_bytes()).hexdigest()
    for name in asked.settings:
        path = asked.results / checkpoint.stem / f"{name}.json"
        kept = {"engine": mark, "windows": []}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["engine"] != mark:
            raise UserError(f"{path} was measured with another engine; delete it to begin anew")
        done = kept["windows"]
        if len(done) >= asked.windows:
            continue
        watched = watch_colour(learned, learned.spec.colours.index(SETTINGS[name][0]))
        told = f"{checkpoint.stem}, {name}"
        with tqdm(total=asked.windows, initial=len(done), desc=told, disable=None) as bar:
            for number in range(len(done), asked.windows):
                done.append(_answer(learned, watched, name, number))
                write_text(path, json.dumps(kept))
                bar.update()


def _answer(learned: LearnedGame, watched: Watched, name: str, number: int) -> dict[str, Any]:
    """How one window went, as plain values."""
    import time

    from gameengine.infer.covered import uncover
    from gameengine.infer.true_cover import held_out_window, possible

    cover, until, frames, start = SETTINGS[name]
    colour = learned.spec.colours.index(cover)
    seen, truth = held_out_window(learned.truth, SEED + number, frames, colour, until, {start: 1.0})
    began = time.perf_counter()
    guesses = watched.guesses(seen.actions[: learned.spec.context - 1])
    held, wrong = uncover(learned.engine, seen, guesses)
    seconds = time.perf_counter() - began
    found, allowed = held.best(), possible(learned.truth, seen, truth.first)
    assert allowed is not None, "Pong is judged"
    return {
        "exact": bool((found == (truth.frames[: len(found), 0] == colour)).all()),
        "allowed": bool((allowed == found).all((1, 2, 3)).any()),
        "explain": len(held.masks),
        "possible": len(allowed),
        "wrong": wrong,
        "seconds": round(seconds, 3),
    }


def _report(asked: argparse.Namespace) -> None:
    lines = [
        "| engine | covered | begins | frames | windows | determined | right if determined"
        " | consistent | right | seconds, median |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for engine in sorted(path for path in asked.results.glob("*") if path.is_dir()):
        for name in SETTINGS:
            if (path := engine / f"{name}.json").exists():
                lines.append(_line(engine.name, name, json.loads(path.read_text())["windows"]))
    if len(lines) == 2:
        raise UserError(f"{asked.results} holds no results to report of")
    about = (HERE / "about.md").read_text(encoding="utf-8")
    table = "\n".join(lines)
    command = "```console\n$ .venv/bin/python experiments/covered.py\n```\n"
    write_between(asked.out, HERE.name, f"{about}\n{table}\n\n{command}\n")
    print(f"table: {asked.out}")


def _line(engine: str, name: str, answers: Sequence[dict[str, Any]]) -> str:
    cover, until, frames, start = SETTINGS[name]
    sure = [answer for answer in answers if answer["possible"] == 1]
    many = len(answers)
    where = cover if until == frames else f"{cover}, in the first {until}"
    return (
        f"| {engine} | {where} | {start} | {frames} | {many} | {len(sure)}"
        f" | {sum(answer['exact'] for answer in sure)}"
        f" | {sum(answer['allowed'] for answer in answers) / many:.0%}"
        f" | {sum(answer['exact'] for answer in answers) / many:.0%}"
        f" | {median(answer['seconds'] for answer in answers):.2f} |"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/covered.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    names = ", ".join(SETTINGS)
    add("--engines", type=Path, nargs="+", default=ENGINES, metavar="CKPT", help="of Pong")
    add("--settings", nargs="+", default=list(SETTINGS), metavar="NAME", help=f"of {names}")
    add("--windows", type=int, default=50, metavar="N", help="of each; default: 50")
    add("--results", type=Path, default=HERE / "results", metavar="DIR", help="default: results/")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the table of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
