"""`python experiments/hidden_velocity.py`: how often a few frames of Pong tell how the ball flies.

A learned engine is asked about windows of held-out games; the true game says whether it is right,
and whether the frames determine it: whether all true states that lead to them fly alike by then.
What is done is not done again; call it again with more --windows to go on. What was measured is
kept in experiments/hidden_velocity/results/, and the table in RESULTS.md shows all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser
from data_gen.errors import UserError, run_command
from gameengine.markers import write_between

if TYPE_CHECKING:
    from data_gen.kernel_game import KernelGame
    from gameengine.infer.motion import Belief, Window
    from gameengine.infer.true_pong import Rows

HERE = Path(__file__).parent
MARK = "hidden_velocity"
RESULTS = HERE / MARK / "results"
FRAMES = (3, 6, 10, 16)
ROWS = {
    "not_told": "any",
    "told": "any, the serve angle is told",
    "telling": "those of which 3 frames tell it",
}
SEED = 11  # of the held-out games
SAVED_EVERY = 10  # windows


def main() -> int:
    asked = _parser().parse_args()
    if asked.windows < 1:
        raise UserError(f"--windows must be more than 0, not {asked.windows}")
    try:
        if asked.engine is not None:
            _work(asked)
    except KeyboardInterrupt:
        print("stopped; the windows that were done are kept, call it again to go on")
        return 130
    _report(asked)
    return 0


def _work(asked: argparse.Namespace) -> None:
    # Only now: torch takes seconds to load, and --help should not.
    from tqdm import tqdm

    from gameengine.infer.experience import watch
    from gameengine.infer.motion import beliefs, check_hides
    from gameengine.infer.true_pong import check_judged, consistent, telling_windows, windows
    from gameengine.learned_game import LearnedGame

    learned = LearnedGame.load(asked.engine)
    engine, truth = check_hides(learned.engine), check_judged(learned.truth)
    experience = watch(learned, engine)
    name = "telling" if asked.telling else "told" if asked.told else "not_told"
    path, counts = asked.results / f"{name}.json", FRAMES[:1] if asked.telling else FRAMES
    saved = {"engine": sha256(asked.engine.read_bytes()).hexdigest(), "windows": []}
    kept = json.loads(path.read_text()) if path.exists() else saved
    if kept["engine"] != saved["engine"]:
        raise UserError(f"{path} was measured with another engine; delete it to begin anew")
    done = kept["windows"]
    asked_of: Iterable[tuple[Window, Rows]] = (
        telling_windows(truth, SEED)
        if asked.telling
        else windows(truth, SEED, asked.windows, max(FRAMES), asked.told)
    )
    with tqdm(total=asked.windows, initial=len(done), disable=None) as bar:
        missing = enumerate(islice(asked_of, len(done), asked.windows), len(done))
        for number, (window, rows) in missing:
            held = beliefs(engine, experience, window, number)
            possible = consistent(truth, window, rows[0])
            answers = (
                _answer(truth, held[count - 2], possible[count - 2], rows[count - 1])
                for count in counts
            )
            done.append(dict(zip(map(str, counts), answers, strict=True)))
            bar.update()
            if not len(done) % SAVED_EVERY or len(done) == asked.windows:
                write_text(path, json.dumps(kept))


def _answer(truth: KernelGame, belief: Belief, possible: Rows, now: Rows) -> dict[str, Any]:
    """How it went with so many frames, as plain values."""
    import numpy as np

    from gameengine.infer.true_pong import velocities

    best = tuple(belief.best()[2:].tolist())
    true = tuple(velocities(truth, now[None])[0].tolist())
    found = belief.velocities()
    allowed = np.unique(velocities(truth, possible), axis=0).tolist()
    return {
        "exact": best == true,
        "allowed": list(best) in allowed,  # whether the frames can be those of this velocity
        "likely": round(found[best], 4),
        "truth_likely": round(found.get(true, 0.0), 4),
        "possible": len(allowed),
    }


def _report(asked: argparse.Namespace) -> None:
    results = {
        path.stem: json.loads(path.read_text())["windows"] for path in asked.results.glob("*.json")
    }
    if not results:
        raise UserError(f"{asked.results} holds no results to report of")
    about = (HERE / MARK / "about.md").read_text()
    command = (
        "```console\n$ .venv/bin/python experiments/hidden_velocity.py runs/pong_angles/.../"
        "checkpoints/engine.ckpt [--telling]\n```\n"
    )
    lines = [
        "| windows | frames | how many | determined | exact if determined | exact of all"
        " | consistent with the frames | velocities that are, mean |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, told in ROWS.items():
        rows = results.get(name, [])
        lines += [_line(told, count, rows) for count in FRAMES if rows and str(count) in rows[0]]
    table = "\n".join(lines)
    write_between(asked.out, MARK, f"{about}\n{table}\n\n{command}\n")
    print(f"table: {asked.out}")


def _line(name: str, count: int, rows: Sequence[dict[str, Any]]) -> str:
    answers = [row[str(count)] for row in rows]
    sure = [answer for answer in answers if answer["possible"] == 1]
    many = len(answers)
    exact = sum(answer["exact"] for answer in sure)
    share = f" ({exact / len(sure):.1%})" if sure else ""
    return (
        f"| {name} | {count} | {many} | {len(sure)} | {exact}{share}"
        f" | {sum(answer['exact'] for answer in answers) / many:.1%}"
        f" | {sum(answer['allowed'] for answer in answers) / many:.1%}"
        f" | {sum(answer['possible'] for answer in answers) / many:.2f} |"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/hidden_velocity.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("engine", type=Path, nargs="?", help="a checkpoint; without one the table is written")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--told", action="store_true", help="the engine is told the serve angle")
    kind.add_argument(
        "--telling",
        action="store_true",
        help="only windows of three frames that tell how the ball flies, which are rare",
    )
    add("--windows", type=int, default=500, metavar="N", help="default: 500")
    add("--results", type=Path, default=RESULTS, metavar="DIR", help="default: beside this file")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    return parser


if __name__ == "__main__":
    run_command(main)
