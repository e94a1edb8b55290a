"""`python -m gameengine.look CHECKPOINT`: what the hidden state of a learned game holds."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command

PLAYERS = ["tracker:0.9"]
FEWEST = 16  # rollouts: half of them are fitted, a quarter of those chooses a probe's strength


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    check_least(asked, rollouts=FEWEST, ticks=1)
    if not 0 <= asked.seed < (1 << 64) - 1:
        raise UserError(f"--seed must lie in 0 to 2^64 - 2, not {asked.seed}")
    _check_place(asked.out)
    result = _look(asked)
    print(json.dumps(result) if asked.json else _in_words(result))


def run() -> None:
    """The console script."""
    run_command(main)


def _look(asked: argparse.Namespace) -> dict[str, Any]:
    """Write the page; returns its figures."""
    # Only now: torch takes seconds to load, and --help should not.
    from tqdm import tqdm

    from data_gen.atomic import write_text
    from data_gen.players import make_players
    from gameengine.engines import engine_name
    from gameengine.learned_game import LearnedGame
    from gameengine.look.findings import Asked, figures, find
    from gameengine.look.page import page

    try:
        cast = make_players(asked.players)
    except ValueError as error:
        raise UserError(f"--players: {error}") from error
    learned = LearnedGame.load(asked.checkpoint)
    quiet = asked.json or not sys.stderr.isatty()

    def bar(steps: Iterable[Any], name: str) -> Iterable[Any]:
        return tqdm(steps, desc=name, disable=quiet)

    began = time.perf_counter()
    found = find(learned, cast, Asked(asked.rollouts, asked.ticks, asked.seed), bar)
    engine, game = engine_name(learned.engine), learned.spec.name
    lead = (
        f"{engine} engine, {asked.rollouts} held-out rollouts of {asked.ticks} ticks, players"
        f" {' '.join(asked.players)}, seed {asked.seed}; {asked.checkpoint}"
    )
    write_text(asked.out, page(f"What a dream of {game} holds", lead, learned.engine, found))
    return {
        "checkpoint": str(asked.checkpoint),
        "game": game,
        "engine": engine,
        "players": asked.players,
        "rollouts": asked.rollouts,
        "seed": asked.seed,
        **figures(found),
        "out": str(asked.out),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _check_place(path: Path) -> None:
    """What would fail after minutes of work fails now."""
    if path.is_dir():
        raise UserError(f"--out {path} is a folder; give the name of an html file")
    nearest = next(folder for folder in path.absolute().parents if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UserError(f"cannot write {path}: {nearest} is no folder that can be written")


def _in_words(result: dict[str, Any]) -> str:
    def listed(values: dict[str, float | None], form: str) -> str:
        return ", ".join(
            f"{name} {'-' if value is None else format(value, form)}"
            for name, value in values.items()
        )

    lines = [
        f"{result['checkpoint']}: {result['game']}, {result['rollouts']} held-out rollouts,"
        f" {result['engine']} engine",
        f"  R² at {result['tick']:<7} {listed(result['r2'], '.2f')}",
        f"  untrained     {listed(result['r2_untrained'], '.2f')}",
    ]
    if result["memory"] is not None:
        lines.append(f"  memory, ticks {listed(result['memory'], '.1f')}")
    lines.append(f"  page          {result['out']}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.look",
        description="Look into a learned game: which true variables its hidden state holds, what"
        " moves its picture, what its layers remember. Writes one page of pictures.",
    )
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file")
    parser.add_argument("--rollouts", type=int, default=256, metavar="N", help="default: 256")
    parser.add_argument("--ticks", type=int, default=128, metavar="T", help="default: 128")
    parser.add_argument("--seed", type=int, default=7, help="of the rollouts; default: 7")
    parser.add_argument(
        "--players",
        nargs="+",
        default=PLAYERS,
        metavar="PLAYER",
        help="random, sticky, tracker or tracker:SKILL; default: tracker:0.9",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("look.html"), metavar="HTML", help="default: look.html"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
