"""A gif of every game, for those who want to see what there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_gen.pictures import enlarge, fitting_factor, to_rgb, write_gif
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, make_game
from data_gen.rollout import Rollout, roll_out

PLAYER = "tracker:0.9"
_SECONDS, _TICKS = 6, 120  # whichever is longer
_FPS = 30  # of a gif at most; faster games are shown as slowly
_TRIES = 64  # seeds, of which one is shown
_CALM = 0.03  # of the pixels change in a tick: more flickers, less is dull


def make_gallery(folder: Path) -> Iterator[Path]:
    """Write folder/GAME.gif for every game but the arcade, which shows the others: some seconds of
    an able player, the best of several tries. Yields each file when it is written."""
    for name in [name for name in GAMES if name != "arcade"]:
        game = make_game(name)
        fps = min(game.spec.fps, _FPS)
        ticks = max(fps * _SECONDS, _TICKS)
        rollout = roll_out(game, make_players([PLAYER]), training_seeds(0, 0, _TRIES), ticks)
        frames = to_rgb(rollout.frames[_best(rollout)], game.spec)
        path = folder / f"{name}.gif"
        write_gif(path, list(enlarge(frames, fitting_factor(game.spec))), fps=fps)
        yield path


def _best(rollout: Rollout) -> int:
    """The item with the most different events, of those the most reward for the first seat, of
    those the calmest second half."""
    kinds = [len(np.unique(events)) for events in rollout.event]
    reward = rollout.reward[:, :, 0].sum(1)
    late = rollout.frames[:, rollout.frames.shape[1] // 2 :]
    change = (late[:, 1:] != late[:, :-1]).mean((1, 2, 3, 4))
    return int(np.lexsort((-np.abs(change - _CALM), reward, kinds))[-1])
