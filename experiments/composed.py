"""`python experiments/composed.py`: a game of two parts, one of them swapped for a learned one.

Garden is a ball in a Game of Life. Here a network that has learned Life takes the place of the true
one, while the ball, the paddle and what passes between them stay as they are. Both gardens are
played by the same actions; the first tick at which they differ, and the pixels, are told.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import Parser, add_game_options, check_least, chosen_game, read_options
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from data_gen.game import AnyGame, Seeds
    from gameengine.learned_garden import Difference

LEARNED = Path(__file__).parents[1] / "assets" / "life.ckpt"
SHOWN = 8  # wrong pixels that are named
GIF_TICKS = 100
SCALE = 4  # of a frame in the gif
PLAYER = "tracker:0.9"


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    _check(asked)

    # Only now: torch takes seconds to load, and --help should not.
    import torch
    from tqdm import tqdm

    from data_gen.games.garden import Garden
    from data_gen.players import make_players
    from data_gen.randomness import held_out_seeds
    from gameengine.checkpoint import load_checkpoint
    from gameengine.learned_garden import first_difference, with_learned_board

    torch.set_num_threads(1)  # a tick is too small to share
    truth = chosen_game("garden", read_options(asked.option))
    assert isinstance(truth, Garden)
    learned = with_learned_board(truth, load_checkpoint(asked.learned).engine, asked.table)
    seeds, player = held_out_seeds(asked.seed, asked.games), make_players([PLAYER])
    silent = asked.json or None  # None: where stderr is no terminal
    with tqdm(total=asked.ticks, unit=" ticks", delay=1, leave=False, disable=silent) as bar:
        found = first_difference(
            truth, learned, player, seeds, asked.ticks, lambda tick: bar.update()
        )
    if asked.gif is not None:
        game = 0 if found is None else found.game
        _film(truth, learned, seeds[game : game + 1], asked)
    print(json.dumps(_as_values(asked, found)) if asked.json else _in_words(asked, found))
    return 0 if found is None else 1


def _film(truth: AnyGame, learned: AnyGame, seeds: Seeds, asked: argparse.Namespace) -> None:
    """One game, seeds (1,): left the true garden, right the one with the learned board, its wrong
    pixels in red."""
    import numpy as np

    from data_gen.pictures import ALARM, caption, enlarge, stack, to_rgb, write_gif
    from data_gen.players import ReplayPlayer, make_players
    from data_gen.rollout import roll_out

    ticks = min(asked.ticks, GIF_TICKS)
    played = roll_out(truth, make_players([PLAYER]), seeds, ticks)
    again = roll_out(learned, ReplayPlayer(played.actions), seeds, ticks).frames[0]
    wrong = (again != played.frames[0]).any(1)[..., None]  # (T + 1, H, W, 1)
    shown = np.where(wrong, np.array(ALARM, np.uint8), to_rgb(again, learned.spec))
    names, both = ("the true Life", "a learned Life"), (to_rgb(played.frames[0], truth.spec), shown)
    columns = [
        [stack([caption(picture.shape[1], name), picture], axis=0, gap=0) for picture in pictures]
        for name, pictures in zip(names, (enlarge(one, SCALE) for one in both), strict=True)
    ]
    pictures = [stack(pair, axis=1, gap=8) for pair in zip(*columns, strict=True)]
    write_gif(asked.gif, pictures, truth.spec.fps)


def _as_values(asked: argparse.Namespace, found: Difference | None) -> dict[str, Any]:
    values: dict[str, Any] = {"learned": str(asked.learned), "games": asked.games}
    values |= {"ticks": asked.ticks, "exact": found is None}
    if found is not None:
        values |= {"tick": found.tick, "game": found.game, "places": found.places.tolist()}
    return values | ({} if asked.gif is None else {"gif": str(asked.gif)})


def _in_words(asked: argparse.Namespace, found: Difference | None) -> str:
    games = "1 game" if asked.games == 1 else f"{asked.games} games"
    lines = [f"the same frames in {games} of {asked.ticks:,} ticks"]
    if found is not None:
        count = len(found.places)
        pixels = ", ".join(f"({row}, {column})" for row, column in found.places[:SHOWN])
        more = ", ..." if count > SHOWN else ""
        what = "1 pixel differs" if count == 1 else f"{count} pixels differ"
        lines = [
            f"parted at tick {found.tick:,} of game {found.game}: {what},"
            f" at (row, column) {pixels}{more}",
            f"the learned part is wrong; ask all it can see: python -m gameengine.certify"
            f" {asked.learned}",
        ]
    return "\n".join([*lines, *([] if asked.gif is None else [f"look: {asked.gif}"])])


def _check(asked: argparse.Namespace) -> None:
    check_least(asked, games=1, ticks=1)
    if not 0 <= asked.seed < 1 << 64:
        raise UserError(f"--seed must lie in 0 to 2^64 - 1, not {asked.seed}")
    if asked.gif is not None and asked.gif.suffix.lower() != ".gif":
        raise UserError(f"--gif writes a gif, so its name must end in .gif, not {asked.gif}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python experiments/composed.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python experiments/composed.py --learned assets/life.ckpt --gif out.gif",
    )
    add = parser.add_argument
    add(
        "--learned",
        type=Path,
        default=LEARNED,
        metavar="CKPT",
        help="a cell engine of Life, default: assets/life.ckpt",
    )
    add("--table", action="store_true", help="look up what it says of each neighbourhood: faster")
    add("--games", type=int, default=8, metavar="N", help="at once; default: 8")
    add("--ticks", type=int, default=1000, metavar="T", help="of each; default: 1000")
    add("--seed", type=int, default=0, help="number of the starts; default: 0")
    add("--gif", type=Path, help=f"a film of a game, {GIF_TICKS} ticks at most, wrong pixels red")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add_game_options(parser)
    return parser


if __name__ == "__main__":
    run_command(main)
