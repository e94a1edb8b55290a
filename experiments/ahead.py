"""`python experiments/ahead.py`: how many ticks ahead is Life learned, if only the last frame is
told?

An engine that is every tick, learned with windows that grow or with long ones from the start,
beside networks of separate parts, one for each tick. What is done is not done again; call it again
to go on. What was measured is kept in experiments/ahead/results/, and the table in RESULTS.md shows
all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command
from gameengine.markers import write_between

if TYPE_CHECKING:
    from torch import Tensor, nn

    Say = Callable[[Tensor], Tensor]  # frames (N, 1, H, W) of zeros and ones to the last ones

HERE = Path(__file__).with_suffix("")
CELL = HERE.with_name("trajectories") / "last_grown.yaml"
PARTS = (1, 4, 24)  # times the smallest network that can do it
ROWS = ["grown", "at_once", *(f"parts_{times}" for times in PARTS)]
SIDE, DENSITY = 32, 0.38  # of the soups
JUDGED = 1000  # soups that were never seen
BATCH, RATE = 8, 1e-3  # of networks of parts: of Springer and Kenyon
LOOK_EVERY = 200  # steps, whether such a network is done


def main() -> int:
    asked = _parser().parse_args()
    check_least(asked, ticks=1, seeds=1, seconds=1)
    for row in asked.rows:
        if row not in ROWS:
            raise UserError(f"unknown row {row!r}; choose from {', '.join(ROWS)}")
    if not asked.report_only:
        for row in asked.rows:
            for ticks in asked.ticks:
                _measure(row, ticks, asked)
    _report(asked)
    return 0


def _measure(row: str, ticks: int, asked: argparse.Namespace) -> None:
    """Train what is missing of one cell of the table; each seed is kept as soon as it is done."""
    from tqdm import tqdm

    path = asked.results / f"{row}_{ticks}.json"
    kept: dict[str, Any] = {"row": row, "ticks": ticks, "limit": asked.seconds, "seeds": []}
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["limit"] != asked.seconds:
            raise UserError(
                f"{path} was measured with --seconds {kept['limit']}, not {asked.seconds}; choose"
                " other --results for other seconds"
            )
    missing = range(len(kept["seeds"]), asked.seeds)
    name = f"{row}, {ticks} ticks"
    for seed in tqdm(missing, desc=name, unit="seed", leave=False, disable=None):
        if row.startswith("parts_"):
            done = learn_parts(ticks, int(row.removeprefix("parts_")), seed, asked.seconds)
        else:
            done = _learn_cell(row, ticks, seed, asked)
        kept["seeds"].append(done)
        write_text(path, json.dumps(kept, indent=1) + "\n")
    if missing:
        exact = sum(not one["wrong"] for one in kept["seeds"])
        print(f"{name}: {exact} of {len(kept['seeds'])} exact", flush=True)


def _learn_cell(row: str, ticks: int, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """What a cell engine has learned that is every tick."""
    import torch

    from gameengine.checkpoint import load_checkpoint
    from gameengine.engine import Context
    from gameengine.frames import snap
    from gameengine.training import train_unjudged

    settings = {
        "seed_everything": seed,
        "growth.lengths": list(range(1, ticks + 1)) if row == "grown" else [ticks],
        "budget.minutes": asked.seconds / 60,
    }
    run = train_unjudged(CELL, asked.runs, f"ahead_{row}_{ticks}_{seed}", settings)
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    engine = loaded.engine

    def say(frames: Tensor) -> Tensor:
        described = torch.zeros(len(frames), len(engine.spec.description))
        shown = Context(frames[:, None], torch.zeros(len(frames), 0, 1, dtype=torch.int64))
        idle = torch.zeros(len(frames), ticks, 1, dtype=torch.int64)
        logits = engine.unroll(engine.encode(shown, described), idle)[0].logits[:, -1]
        return snap(logits) > 0

    weights = sum(weight.numel() for weight in engine.parameters())
    return _told(say, ticks, float(loaded.made["seconds"]), weights)


def learn_parts(ticks: int, times: int, seed: int, seconds: float) -> dict[str, Any]:
    """What a network of separate parts has learned, as soon as it is exact or the time is up. Each
    part has a 3 x 3 convolution to 2 and one of 1 x 1 to 1 feature, or so many times these; a last
    layer says whether a cell lives. Springer and Kenyon, 2020, who show it a million soups."""
    import time

    import torch
    from torch.nn import functional as F

    from data_gen.randomness import training_seeds

    torch.manual_seed(seed)
    network = parts(ticks, times)
    optimizer = torch.optim.Adam(network.parameters(), RATE)

    def say(frames: Tensor) -> Tensor:
        return network(frames.float()) > 0

    weights = sum(weight.numel() for weight in network.parameters())
    began, step = time.perf_counter(), 0
    while True:
        frames, truth = _soups(training_seeds(seed, step * BATCH, BATCH), ticks)
        loss = F.binary_cross_entropy_with_logits(network(frames.float()), truth.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        spent = time.perf_counter() - began
        if spent > seconds or (step % LOOK_EVERY == 0 and loss < 1e-3):
            told = _told(say, ticks, spent, weights)
            if spent > seconds or not told["wrong"]:
                return told


def parts(ticks: int, times: int) -> nn.Sequential:
    """A network of separate parts: frames (N, 1, H, W) to logits of living."""
    from torch import nn

    layers: list[nn.Module] = []
    for tick in range(ticks):
        seen = times if tick else 1
        layers += [
            nn.Conv2d(seen, 2 * times, 3, padding=1, padding_mode="circular"),
            nn.ReLU(),
            nn.Conv2d(2 * times, times, 1),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.Conv2d(times, 1, 1))


def _soups(seeds: Any, ticks: int) -> tuple[Tensor, Tensor]:
    """Soups (N, 1, H, W) uint8, and what becomes of them."""
    import torch

    from data_gen.games.life import life

    game = life(size=(SIDE, SIDE), density=DENSITY)
    state = game.init(seeds)
    after = game.advance(state, ticks)
    return torch.from_numpy(game.render(state)), torch.from_numpy(game.render(after))


def _told(say: Say, ticks: int, seconds: float, weights: int) -> dict[str, Any]:
    """wrong: of the cells of soups that were never seen."""
    import torch

    from data_gen.randomness import held_out_seeds

    frames, truth = _soups(held_out_seeds(0, JUDGED), ticks)
    with torch.inference_mode():
        pieces = zip(frames.split(100), truth.split(100), strict=True)
        wrong = sum(int((say(seen) != later.bool()).sum()) for seen, later in pieces)
    return {"wrong": wrong, "seconds": round(seconds, 2), "weights": weights}


def _report(asked: argparse.Namespace) -> None:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in asked.results.glob("*.json")]
    if not found:
        raise UserError(f"{asked.results} holds no results to report of")
    cells = {(one["row"], one["ticks"]): one["seeds"] for one in found}
    ticks = sorted({tick for _, tick in cells})
    lines = [["", *(f"n = {tick}" for tick in ticks), "weights"]]
    lines.append(["---"] * len(lines[0]))
    for row in ROWS:
        if own := [cells[row, tick] for tick in ticks if (row, tick) in cells]:
            shown = [_cell(cells.get((row, tick), [])) for tick in ticks]
            weights = sorted({seeds[0]["weights"] for seeds in own})
            span = " to ".join(f"{weight:,}" for weight in dict.fromkeys([weights[0], weights[-1]]))
            lines.append([row, *shown, span])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    about = (HERE / "about.md").read_text(encoding="utf-8")
    command = "```console\n$ .venv/bin/python experiments/ahead.py\n```\n"
    write_between(asked.out, HERE.name, f"{about}\n{table}\n\n{command}\n")
    print(f"table: {asked.out}")


def _cell(seeds: list[dict[str, Any]]) -> str:
    """How many were exact after how many seconds, or the share of cells that are wrong."""
    if not seeds:
        return "–"
    exact = [one["seconds"] for one in seeds if not one["wrong"]]
    wrong = median(one["wrong"] for one in seeds) / (JUDGED * SIDE**2)
    what = f"{median(exact):.1f} s" if exact else f"{wrong:.1%} wrong"
    return f"{len(exact)} of {len(seeds)}, {what}"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/ahead.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rows", nargs="+", default=ROWS, metavar="ROW", help=f"of {', '.join(ROWS)}")
    add(
        "--ticks", nargs="+", type=int, default=[1, 2, 3, 4, 5], metavar="N", help="default: 1 to 5"
    )
    add("--seeds", type=int, default=5, metavar="N", help="of each; default: 5")
    add("--seconds", type=int, default=30, metavar="S", help="of a training, at most; default: 30")
    add("--runs", type=Path, default=Path("runs"), help="default: runs")
    add("--results", type=Path, default=HERE / "results", metavar="DIR", help="default: results/")
    add("--out", type=Path, default=Path("RESULTS.md"), metavar="MD", help="default: RESULTS.md")
    add("--report-only", action="store_true", help="write the table of what is done")
    return parser


if __name__ == "__main__":
    run_command(main)
