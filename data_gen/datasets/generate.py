"""Making a dataset by playing: every shard follows from its seeds and players alone."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_gen.datasets.manifest import Manifest, Planned, Progress, no_progress
from data_gen.datasets.parts import GENERATED, Part, plain_weights
from data_gen.datasets.shards import Columns, columns_of, shard_bytes
from data_gen.datasets.workers import in_workers
from data_gen.datasets.writing import Shards, Written, fill
from data_gen.errors import UserError
from data_gen.game import AnyGame
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import game_of
from data_gen.rollout import roll_out
from data_gen.starts import beginner

_SHARD_BYTES = 1 << 26  # of raw frames; what a worker holds in memory, and what a killed run loses
_MOST_SHARDS = 1 << 20
_STREAM_EPISODES = 1 << 64  # in the stream that a seed names


def generate(
    folder: Path,
    game: AnyGame,
    players: Sequence[str],
    episodes: int,
    ticks: int,
    *,
    seed: int = 0,
    first: int = 0,
    starts: Mapping[str, float] | None = None,
    shard_episodes: int | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Written:
    """Fill `folder` with `episodes` rollouts of `ticks` ticks, and go on where a run was stopped.
    They are those from number `first` on of the endless stream that `seed` names, so that several
    machines can each make some of it, and `merge` put them together. starts: where episodes begin,
    as weights of data_gen.starts.Starts; None: at the game's own beginnings.

    The same arguments give the same bytes, however often the run was killed on the way and whatever
    the number of `workers`, which are processes. Damaged or missing shards of a finished dataset
    are made again. shard_episodes: by default as in the folder, or 64 MiB of raw frames. progress:
    called with the episodes done and all of them.

    Raises UserError for arguments out of range or other than those of a dataset that is already in
    the folder, for a second writer, when the disk is full, and when a worker dies.
    """
    counts = {"episodes": episodes, "ticks": ticks, "workers": workers}
    for name, value in counts.items():
        if value < 1:
            raise UserError(f"{name} must be at least 1, not {value}")
    for name, value in (("seed", seed), ("first", first)):
        if not 0 <= value < _STREAM_EPISODES:
            raise UserError(f"{name} must lie in 0 to 2^64 - 1, not {value}")
    if first + episodes > _STREAM_EPISODES:
        raise UserError(f"first and episodes must be at most 2^64 together, not {first + episodes}")
    any_shards = shard_episodes is None
    episode_bytes = math.prod(game.spec.shape) * (ticks + 1)
    if shard_episodes is None:
        shard_episodes = max(1, _SHARD_BYTES // episode_bytes)
    if shard_episodes < 1:
        raise UserError(f"a shard needs at least 1 episode, not {shard_episodes}")
    _check_size(episodes, shard_episodes, episode_bytes)
    weights = None if starts is None else tuple(sorted(starts.items()))
    try:  # before anything is written: some players refuse only when they start
        make_players(players).start(game.spec, np.zeros(1, np.uint64))
        beginner(game, weights)
    except ValueError as error:
        raise UserError(str(error)) from error
    weights = plain_weights(weights)  # equal episodes are to have equal names
    part = Part(GENERATED, tuple(players), episodes, shard_episodes, seed, first, weights)

    def make(plan: Manifest, missing: Sequence[Planned]) -> Shards:
        if workers == 1 or len(missing) < 2:
            return ((planned, _content(game, ticks, planned)) for planned in missing)
        return in_workers(partial(_content_in_worker, plan), missing, workers)

    plan = Manifest(game.spec, ticks, (part,))
    return fill(Path(folder), plan, make, any_shards=any_shards, progress=progress)


def _check_size(episodes: int, shard_episodes: int, episode_bytes: int) -> None:
    """Raises UserError for more shards than a manifest can list, and for shards that no memory
    holds. episode_bytes: of its raw frames."""
    shards = -(-episodes // shard_episodes)
    if shards > _MOST_SHARDS:
        raise UserError(
            f"{episodes} episodes in shards of {shard_episodes} are {shards} shards, but a dataset"
            f" has at most {_MOST_SHARDS:,}; make fewer episodes, or larger shards"
        )
    size = min(episodes, shard_episodes) * episode_bytes
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size > memory:
        raise UserError(
            f"not enough memory for shards of {size / 1e9:,.0f} GB of raw frames, there are"
            f" {memory / 1e9:,.0f} GB; give fewer ticks, smaller frames or smaller shards"
        )


def generated_columns(game: AnyGame, part: Part, ticks: int, offset: int, episodes: int) -> Columns:
    """What a part's episodes number `offset` on are, as a shard stores them."""
    assert part.seed is not None, "what is generated has a seed"
    seeds = training_seeds(part.seed, part.first + offset, episodes)
    begin = beginner(game, part.starts)
    cast = make_players(part.players)
    return columns_of(roll_out(game, cast, seeds, ticks, begin=begin), game.spec)


def _content(game: AnyGame, ticks: int, planned: Planned) -> bytes:
    columns = generated_columns(game, planned.part, ticks, planned.offset, planned.episodes)
    return shard_bytes(columns, game.spec)


def _content_in_worker(plan: Manifest, planned: Planned) -> bytes:
    return _content(game_of(plan.spec), plan.ticks, planned)
