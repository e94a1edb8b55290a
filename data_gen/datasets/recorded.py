"""Recordings of play as episodes: what persons did, and the frames that the true game gives for it.

A play of L ticks, L >= T, is cut into episodes of T ticks that begin at its ticks 0, T, 2 T, ...;
what is left at the end becomes one more episode that begins at tick L - T, so that nothing of it is
lost, and the last two overlap. An episode that begins in the middle follows from its seed and all
actions before it; these stand in the episodes before it, so that a shard proves itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.shards import Columns, columns_of
from data_gen.game import AnyGame
from data_gen.players import ReplayPlayer
from data_gen.rollout import roll_out

HUMAN = "human"  # the name of a person among the players


@dataclass(frozen=True)
class Play:
    """What was done from a start on. policy: an index into the names of those who played."""

    seed: int
    actions: NDArray[np.uint8]  # (L, P)
    policy: NDArray[np.uint8]  # (L, P)


def first_ticks(length: int, ticks: int) -> list[int]:
    """At which ticks of a play of `length` ticks its episodes begin; none if it is too short."""
    if length < ticks:
        return []
    whole = list(range(0, length - ticks + 1, ticks))
    return whole if length % ticks == 0 else [*whole, length - ticks]


def digest(plays: Sequence[Play]) -> str:
    """The sha256 that names what was done."""
    content = hashlib.sha256()
    for play in plays:
        content.update(np.array([play.seed, len(play.actions)], "<u8").tobytes())
        content.update(play.actions.tobytes() + play.policy.tobytes())
    return content.hexdigest()


def recorded_columns(game: AnyGame, plays: Sequence[Play], ticks: int) -> Columns:
    """The episodes of plays of at least `ticks` ticks, as a shard stores them."""
    pieces = [_columns_of_play(game, play, ticks) for play in plays]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def plays_of(columns: Columns) -> list[Play]:
    """Undo `recorded_columns`, as far as the columns are what that gives; else what it is called
    with for the result gives others."""
    seeds, firsts = columns["seeds"].tolist(), columns["first_tick"].tolist()
    ticks, episodes = columns["actions"].shape[1], range(len(seeds))
    begins = [item for item in episodes if firsts[item] == 0] or [0]
    plays: list[Play] = []
    for begin, end in zip(begins, [*begins[1:], len(seeds)], strict=True):
        length = min(firsts[end - 1] + ticks, (end - begin) * ticks)
        whole = {}
        for name in ("actions", "policy"):
            whole[name] = np.zeros((length, columns[name].shape[2]), np.uint8)
            for item, first in zip(range(begin, end), first_ticks(length, ticks), strict=False):
                whole[name][first : first + ticks] = columns[name][item]
        plays.append(Play(seeds[begin], **whole))
    return plays


def _columns_of_play(game: AnyGame, play: Play, ticks: int) -> Columns:
    seeds = np.array([play.seed], np.uint64)
    player = ReplayPlayer(play.actions[None], play.policy[None])
    whole = columns_of(roll_out(game, player, seeds, len(play.actions)), game.spec)
    firsts = np.array(first_ticks(len(play.actions), ticks))
    episodes = np.zeros(len(firsts), np.intp)  # all are of the one play
    columns: Columns = {"first_tick": firsts.astype(np.uint32)}
    for name, values in whole.items():
        if name in ("seeds", "description"):
            columns[name] = values[episodes]
        elif name != "first_tick":
            count = ticks + (name == "frames")
            columns[name] = values[0, firsts[:, None] + np.arange(count)]
    return columns
