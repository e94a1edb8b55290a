"""Recordings of made-up persons, for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data_gen.datasets.recorded import HUMAN, Play
from data_gen.datasets.recordings import Recording, frame_checksum
from data_gen.game import AnyGame
from data_gen.players import ReplayPlayer
from data_gen.registry import make_game
from data_gen.rollout import Rollout, roll_out

NAMES = (HUMAN, "tracker:0.85")


def play_of(length: int, seed: int = 77, seats: int = 2) -> Play:
    """Someone at the first seat takes over from a player, and gives back, at random."""
    generator = np.random.default_rng(seed)
    actions = generator.integers(0, 2, (length, seats), np.uint8)
    policy = np.ones((length, seats), np.uint8)
    policy[:, 0] = generator.integers(0, 2, length)
    return Play(seed, actions, policy)


def replayed(play: Play, game: AnyGame) -> Rollout:
    """What the true game shows for it."""
    player = ReplayPlayer(play.actions[None], play.policy[None], NAMES)
    return roll_out(game, player, np.array([play.seed], np.uint64), len(play.actions))


def record(path: Path, plays: list[Play], game: AnyGame | None = None) -> Path:
    """Write a recording of plays; returns `path`."""
    game = game or make_game("pong")
    shown = [frame_checksum(replayed(play, game).frames[0, -1]) for play in plays]
    Recording(game.spec, NAMES, tuple(plays), tuple(shown)).write(path)
    return path
