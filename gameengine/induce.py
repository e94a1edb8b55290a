"""`python -m gameengine.induce ENGINE VIDEO`: watch a few frames of a game, and play it.

ENGINE is a checkpoint of a HyperEngine. Its weights stay as they are; only the embedding of the
game is looked for.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    check_least(asked, frames=1, tries=1, steps=1)
    out = asked.out or Path("runs/induce") / f"{asked.video.stem}_{asked.episode}.ckpt"

    # Only now: torch takes seconds to load, and --help should not.
    from gameengine.checkpoint import save_engine
    from gameengine.embedding_points import hyper_engine
    from gameengine.inducing import find_game, in_words
    from gameengine.watching import watch

    engine = hyper_engine(asked.engine)
    seen = watch(asked.video, engine.spec, asked.episode, asked.frames)
    silent = asked.json or not sys.stderr.isatty()
    try:
        made, told = find_game(engine, seen, asked.tries, asked.steps, asked.seed, silent)
    except ValueError as error:
        raise UserError(f"{asked.video}: {error}") from error
    save_engine(out, made, {"command": "gameengine.induce", "seconds": told["seconds"]})
    result = {"engine": str(asked.engine), "video": str(asked.video), **told, "out": str(out)}
    print(json.dumps(result) if asked.json else in_words(str(asked.video), result))


def run() -> None:
    """The console script."""
    run_command(main)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.induce",
        description="Watch a few frames of a game that a hyper engine never saw, find the game's"
        " embedding, and write the game as a checkpoint that can be played.",
    )
    add = parser.add_argument
    add("engine", type=Path, metavar="ENGINE", help="a .ckpt file of a HyperEngine")
    add(
        "video",
        type=Path,
        metavar="VIDEO",
        help="a dataset's folder (python -m data_gen generate), what a person played (.npz, of"
        " python -m gameengine.play --record-play), or, of games that nobody plays, a gif",
    )
    add("--episode", type=int, default=0, metavar="N", help="of the dataset; default: 0")
    add("--frames", type=int, metavar="N", help="watch the first N only; default: all")
    add("--tries", type=int, default=4, metavar="N", help="searches side by side; default: 4")
    add("--steps", type=int, default=300, metavar="N", help="of each, at most; default: 300")
    add("--seed", type=int, default=0, help="of the searches; default: 0")
    add("--out", type=Path, metavar="CKPT", help="default: runs/induce/VIDEO_EPISODE.ckpt")
    add("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
