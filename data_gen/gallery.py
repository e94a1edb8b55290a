"""A gif of every game, for those who want to see what there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_gen.pictures import enlarge, fitting_factor, to_rgb, write_gif
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, make_game
from data_gen.rollout import roll_out

SECONDS = 6
FPS = 30  # of a gif at most; faster games are shown as slowly
PLAYER = "tracker:0.9"
_TRIES = 32  # seeds, of which the most eventful one is shown


def make_gallery(folder: Path) -> Iterator[Path]:
    """Write folder/GAME.gif for every game: 6 seconds of an able player, of several seeds the one
    with the most different events. Yields each file when it is written."""
    for name in GAMES:
        game = make_game(name)
        fps = min(game.spec.fps, FPS)
        seeds = training_seeds(0, 0, _TRIES)
        rollout = roll_out(game, make_players([PLAYER]), seeds, fps * SECONDS)
        kinds = [len(np.unique(events)) for events in rollout.event]
        counts = (rollout.event > 0).sum(1)
        best = int(np.lexsort((counts, kinds))[-1])
        pictures = enlarge(to_rgb(rollout.frames[best], game.spec), fitting_factor(game.spec))
        path = folder / f"{name}.gif"
        write_gif(path, list(pictures), fps=fps)
        yield path
