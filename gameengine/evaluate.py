"""`python -m gameengine.evaluate CHECKPOINT`: how long a learned game stays true."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import Parser, add_game_options, check_least, read_options
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from gameengine.judge import Judgement

PLAYERS = ["tracker:0.9"]


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    check_least(asked, rollouts=1, ticks=1)
    if not 0 <= asked.seed < 1 << 64:
        raise UserError(f"--seed must lie in 0 to 2^64 - 1, not {asked.seed}")

    # Only now: torch takes seconds to load, and --help should not.
    from tqdm import tqdm

    from data_gen.players import make_players
    from gameengine.judge import judge, summarise
    from gameengine.learned_game import LearnedGame

    try:
        cast = make_players(asked.players)
    except ValueError as error:
        raise UserError(f"--players: {error}") from error
    options = read_options(asked.option)
    learned = LearnedGame.load(asked.checkpoint, options)
    started = time.perf_counter()
    with tqdm(total=asked.ticks, unit="tick", disable=asked.json or not sys.stderr.isatty()) as bar:
        judgement = judge(learned, cast, asked.rollouts, asked.ticks, asked.seed, bar.update)
    seconds = time.perf_counter() - started
    result = {
        "checkpoint": str(asked.checkpoint),
        "game": learned.spec.name,
        "options": options,
        "players": asked.players,
        "seed": asked.seed,
        **summarise(judgement),
        "ms_per_tick": round(milliseconds_per_tick(learned), 3),
        "seconds": round(seconds, 1),
    }
    if asked.curve:
        draw_accuracy(asked.curve, judgement)
    print(json.dumps(result) if asked.json else _in_words(result, asked.curve))


def run() -> None:
    """The console script."""
    run_command(main)


def draw_accuracy(path: Path, judgement: Judgement) -> None:
    """The share of exact frames and of rollouts that are still exact, over time, as png."""
    from gameengine.curves import draw_curves

    ticks = range(1, judgement.ticks + 1)
    draw_curves(
        path,
        {
            "exact frames": (ticks, judgement.frame_accuracy.tolist()),
            "rollouts exact so far": (ticks, judgement.survival.tolist()),
        },
        ("ticks after the context", "share"),
    )


def milliseconds_per_tick(learned: Any, ticks: int = 100) -> float:
    """The median time of one tick of one game, on one thread, as in play."""
    import numpy as np
    import torch

    from data_gen.randomness import held_out_seeds

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    state = learned.init(held_out_seeds(0, 1))
    actions = np.zeros((1, len(learned.spec.players)), np.int64)
    times = []
    for _ in range(ticks):
        started = time.perf_counter()
        state = learned.step(state, actions)
        times.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    return float(np.median(times)) * 1000


def _in_words(result: dict[str, Any], curve: Path | None) -> str:
    lines = [
        f"{result['checkpoint']}: {result['game']}, {result['rollouts']} held-out rollouts of"
        f" {result['ticks']} ticks, players {' '.join(result['players'])}, seed {result['seed']}"
    ]
    for name in ("exact_horizon", "tracked_horizon"):
        if (horizon := result[name]) is not None:
            lines.append(
                f"  {name.replace('_', ' '):16} median {horizon['median']:g} ticks,"
                f" 10th percentile {horizon['p10']:g},"
                f" {horizon['censored']} of {result['rollouts']} never went wrong"
            )
    shares = ", ".join(f"{share:.1%} at {tick}" for tick, share in result["survival"].items())
    lines.append(f"  still exact      {shares}")
    lines.append(f"  one tick takes   {result['ms_per_tick']} ms")
    if curve:
        lines.append(f"  curve            {curve}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.evaluate",
        description="Measure how long a learned game stays true, on seeds it never saw.",
    )
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file")
    parser.add_argument("--rollouts", type=int, default=256, metavar="N", help="default: 256")
    parser.add_argument("--ticks", type=int, default=1000, metavar="T", help="default: 1000")
    parser.add_argument("--seed", type=int, default=7, help="of the rollouts; default: 7")
    parser.add_argument(
        "--players",
        nargs="+",
        default=PLAYERS,
        metavar="PLAYER",
        help="random, sticky, tracker or tracker:SKILL; default: tracker:0.9",
    )
    add_game_options(parser, "; other ones than in training, if the engine has room for them")
    parser.add_argument("--curve", type=Path, metavar="PNG", help="draw frame accuracy over time")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
