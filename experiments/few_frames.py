"""`python experiments/few_frames.py`: how many frames of one video tell Life?

A cell engine learns from a video of so many frames of a single soup, as experiments/life_cell.yaml
learns from endless ones, and is then asked for all 512 neighbourhoods. What is done is not done
again; call it again to go on. What was measured is kept in experiments/few_frames/results/, and the
table in RESULTS.md shows all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command
from gameengine.markers import write_between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gameengine.engine import Engine

    Frames = NDArray[np.uint8]  # (T + 1, 1, H, W)

HERE = Path(__file__).with_suffix("")
DENSITY = 0.35
CELLS = 2 * 64 * 64  # that a step sees, if the video has as many; as in life_cell.yaml
RATE, WARMUP = 0.02, 20  # as there


def main() -> int:
    asked = _parser().parse_args()
    check_least(asked, sizes=3, frames=2, seeds=1, steps=1)
    if not asked.report_only:
        for size in asked.sizes:
            for frames in asked.frames:
                _measure(size, frames, asked)
    _report(asked)
    return 0


def _measure(size: int, frames: int, asked: argparse.Namespace) -> None:
    """Train what is missing of one row of the table; each seed is kept as soon as it is done."""
    from tqdm import tqdm

    path = asked.results / f"{size}_{frames}.json"
    kept = {"size": size, "frames": frames, "steps": asked.steps, "seeds": []}
    if path.exists():
        kept = _read(path)
        if kept["steps"] != asked.steps:
            raise UserError(
                f"{path} was measured with --steps {kept['steps']}, not {asked.steps}; choose"
                " other --results for other steps"
            )
    missing = range(len(kept["seeds"]), asked.seeds)
    name = f"{size} x {size}, {frames} frames"
    for seed in tqdm(missing, desc=name, unit="seed", leave=False, disable=None):
        kept["seeds"].append(watch(size, frames, seed, asked.steps))
        write_text(path, json.dumps(kept, indent=1))
    if missing:
        print(f"{name}: {_exact(kept['seeds'])} of {len(kept['seeds'])} exact", flush=True)


def watch(size: int, frames: int, seed: int, steps: int) -> dict[str, Any]:
    """Learn from one video. shown: how many of the 512 neighbourhoods it shows; counts: how many of
    the 18 that life-like rules tell apart, a dead or a living cell among 0 to 8. living: how many
    of those that it does not show live on. told, wrong: how many of those that it shows, and of
    all, the engine gets wrong."""
    import time

    import numpy as np
    import torch

    from data_gen.games.automaton import rule_bits
    from gameengine.neighbourhoods import learned_tables, neighbourhoods_in, rule_tables

    video = film(size, frames, seed)
    began = time.perf_counter()
    engine = learn(video, seed, steps)
    seconds = time.perf_counter() - began
    rule = rule_bits("B3/S23")[None]  # (1, 18)
    right = rule_tables(rule)[0]  # (512,)
    wrong = learned_tables(engine, torch.from_numpy(rule))[0] != right
    shown = np.unique(neighbourhoods_in(video[:-1, 0]))
    middle, living = shown >> 4 & 1, np.array([int(number).bit_count() for number in shown])
    return {
        "shown": len(shown),
        "counts": len(np.unique(9 * middle + living - middle)),
        "living": int(right.sum() - right[shown].sum()),
        "told": int(wrong[shown].sum()),
        "wrong": int(wrong.sum()),
        "seconds": round(seconds, 2),
    }


def film(size: int, frames: int, seed: int) -> Frames:
    """A soup on a torus of size x size, and what becomes of it."""
    import numpy as np

    from data_gen.games.life import life

    game = life(size=(size, size), density=DENSITY)
    state = game.init(np.array([seed], np.uint64))
    shown = [game.render(state)]
    for _ in range(frames - 1):
        state = game.advance(state, 1)
        shown.append(game.render(state))
    return np.concatenate(shown)


def learn(video: Frames, seed: int, steps: int) -> Engine:
    """An engine that was taught by pairs of frames of the video, and by nothing else."""
    import numpy as np
    import torch

    from data_gen.games.life import life
    from gameengine.engines.cell import CellEngine
    from gameengine.learner import Learner

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    learner = Learner(CellEngine, learning_rate=RATE)
    learner.build(life(size=video.shape[2:]).spec)
    optimizer = learner.configure_optimizers()
    pairs = torch.from_numpy(np.stack([video[:-1], video[1:]], 1))  # (T, 2, 1, H, W)
    together = min(len(pairs), max(1, CELLS // video[0].size))
    for step in range(steps):
        rate = RATE * min(1.0, (step + 1) / WARMUP) * (1.0 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        chosen = torch.from_numpy(rng.permutation(len(pairs))[:together])
        nothing = torch.zeros(together, 1, 1)
        batch = {
            "frames": pairs[chosen],
            "actions": nothing.long(),
            "reward": nothing,
            "terminated": nothing[..., 0],
            "description": nothing[..., 0],
        }
        loss, _ = learner.judged(batch)
        optimizer.zero_grad()
        loss.backward()
        learner.configure_gradient_clipping(optimizer)
        optimizer.step()
    return learner.engine.eval()


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the results in {path}: {error}; remove it") from error


def _exact(seeds: Sequence[dict[str, Any]]) -> int:
    return sum(not seed["wrong"] for seed in seeds)


def _report(asked: argparse.Namespace) -> None:
    kept = [_read(path) for path in asked.results.glob("*.json")]
    if not kept:
        raise UserError(f"{asked.results} holds no results to report of")
    kept.sort(key=lambda one: (one["size"], one["frames"]))
    head = (
        "| board | frames | shown of 512, median / most | all 18 counts shown | table exact"
        " | table, else dead, exact | engine right on shown | engine exact | else wrong of 512"
        " | seconds, median |"
    )
    table = "\n".join([head, "|---" * 10 + "|", *map(_row, kept)])
    about = (HERE / "about.md").read_text(encoding="utf-8")
    command = "```console\n$ .venv/bin/python experiments/few_frames.py\n```\n"
    write_between(asked.out, HERE.name, f"{about}\n{table}\n\n{command}\n")
    print(f"table: {asked.out}")


def _row(kept: dict[str, Any]) -> str:
    seeds: list[dict[str, Any]] = kept["seeds"]
    shown = [seed["shown"] for seed in seeds]
    wrong = sorted({seed["wrong"] for seed in seeds if seed["wrong"]})
    size, count = kept["size"], len(seeds)
    videos = [
        sum(seed["counts"] == 18 for seed in seeds),
        shown.count(512),
        sum(not seed["living"] for seed in seeds),
        sum(not seed["told"] for seed in seeds),
        _exact(seeds),
    ]
    return (
        f"| {size} x {size} | {kept['frames']} | {median(shown):g} / {max(shown)}"
        f" | {' | '.join(f'{these} of {count}' for these in videos)}"
        f" | {' to '.join(map(str, dict.fromkeys([*wrong[:1], *wrong[-1:]]))) or '–'}"
        f" | {median(seed['seconds'] for seed in seeds):.2f} |"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/few_frames.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, sizes, frames = parser.add_argument, [8, 16, 32, 64], [2, 3, 4, 6, 11, 21]
    add("--sizes", type=int, nargs="+", default=sizes, metavar="S", help="default: 8 16 32 64")
    add("--frames", type=int, nargs="+", default=frames, metavar="N", help="default: 2 3 4 6 11 21")
    add("--seeds", type=int, default=20, metavar="N", help="videos of each; default: 20")
    add("--steps", type=int, default=200, metavar="N", help="of training; default: 200")
    add("--results", type=Path, default=HERE / "results", metavar="DIR", help="default: results/")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the table of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
