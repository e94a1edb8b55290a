"""`python -m gameengine.atlas ENGINE`: a map of the games that a hyper engine learned.

Each game stands where its embedding lies, seen from the side from which they differ most, as a
small moving picture that the engine itself dreams.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import Parser, add_game_options, check_least, read_options
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from gameengine.atlas_page import Place
    from gameengine.engines.hyper import HyperEngine

SKILL = 0.9  # of those who play


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    check_least(asked, games=1, ticks=1, seed=0)

    # Only now: torch takes seconds to load, and --help should not.
    import numpy as np
    from tqdm import tqdm

    from gameengine.atlas_page import side_of, write_page
    from gameengine.embedding_points import hyper_engine

    engine = hyper_engine(asked.engine, read_options(asked.option))
    if engine.embedding.fixed is not None:
        raise UserError(f"{asked.engine} is one game; give the engine that it was made of")
    there = len(engine.embedding.games)
    shown = np.linspace(0, there - 1, min(there, asked.games)).round().astype(int)
    known = engine.embedding.games[shown]  # (N, D)
    points = projected(engine.embedding.of_description(known).detach())
    places: list[Place] = []
    film = side_of(len(known)), asked.ticks
    silent = asked.json or not sys.stderr.isatty()
    with tempfile.TemporaryDirectory() as folder:
        for number in tqdm(range(len(known)), unit="game", leave=False, disable=silent):
            file = Path(folder) / f"{number}.png"
            places.append(_place(engine, known[number], file, film, asked.seed))
        write_page(asked.out, asked.engine, places, points, engine.spec.description)
    result = {"engine": str(asked.engine), "games": len(places), "out": str(asked.out)}
    told = f"{len(places)} of {there} games: {asked.out} (opens offline)"
    print(json.dumps(result) if asked.json else told)


def run() -> None:
    """The console script."""
    run_command(main)


def projected(embeddings: Tensor) -> NDArray[np.float64]:
    """Embeddings (N, E) along the two directions in which they differ most, (N, 2), centred. The
    second is 0 where there is only one."""
    import torch

    centred = embeddings - embeddings.mean(0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    flat = centred @ directions[:2].T
    missing = max(0, 2 - flat.shape[1])
    return torch.nn.functional.pad(flat, (0, missing)).double().numpy()


def _place(
    engine: HyperEngine, description: Tensor, file: Path, film: tuple[float, int], seed: int
) -> Place:
    """One game: its dream, drawn into `file`, and what is to be told of it. film: the longer side
    of its picture, px, and the ticks that it shows."""
    import numpy as np

    from data_gen.pictures import to_rgb, write_png
    from data_gen.players import make_players
    from data_gen.randomness import held_out_seeds
    from data_gen.rollout import roll_out
    from data_gen.variants import variant
    from gameengine.atlas_page import Film, Place
    from gameengine.embedding_points import name_of
    from gameengine.learned_game import LearnedGame
    from gameengine.report import inline

    side, ticks = film
    numbers = description.numpy()
    try:
        learned = LearnedGame(engine, variant(engine.spec, numbers))
    except ValueError as error:  # it differs in what no description tells
        raise UserError(f"a game of this engine cannot be made again: {error}") from error
    seeds = held_out_seeds(seed, 1)
    dreamed = roll_out(learned, make_players([f"tracker:{SKILL}"]), seeds, ticks).frames[0]
    # One below the other: as a gif, each frame would have a palette of its own.
    write_png(file, np.concatenate([to_rgb(frame, learned.spec) for frame in dreamed]))
    _, height, width = learned.spec.shape
    factor = max(1, round(side / max(height, width)))  # the page enlarges: that is a smaller file
    moving = Film(
        inline(file), len(dreamed), factor * width, factor * height, min(20, learned.spec.fps)
    )
    named = {
        entry: float(value) for entry, value in zip(engine.spec.description, numbers, strict=True)
    }
    return Place(name_of(engine.spec, numbers), moving, named)


def _parser() -> argparse.ArgumentParser:
    parser: Any = Parser(
        prog="python -m gameengine.atlas",
        description="Draw a map of the games that a hyper engine learned: where their embeddings"
        " lie, coloured by a number of their description, each with a dream of it.",
    )
    parser.add_argument("engine", type=Path, metavar="ENGINE", help="a .ckpt of a HyperEngine")
    parser.add_argument("--games", type=int, default=256, metavar="N", help="at most; default: 256")
    parser.add_argument("--ticks", type=int, default=32, metavar="T", help="of each; default: 32")
    parser.add_argument("--seed", type=int, default=0, help="of what is played; default: 0")
    add_game_options(parser, "; other ones than in training, if the engine has room for them")
    parser.add_argument(
        "--out", type=Path, default=Path("atlas.html"), metavar="HTML", help="default: atlas.html"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
