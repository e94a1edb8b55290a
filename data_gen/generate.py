"""Making a dataset: one shard after the other, each written whole, so that a killed run goes on."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data_gen.errors import UserError
from data_gen.game import AnyGame
from data_gen.manifest import (
    FINISHED,
    HALF_DONE,
    Manifest,
    Progress,
    Shard,
    differences,
    no_progress,
    read_manifest,
)
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out
from data_gen.shards import columns_of, is_valid, write_shard

_SHARD_BYTES = 1 << 26  # of raw frames; what is held in memory, and lost when a run is killed


@dataclass(frozen=True)
class Generated:
    """A finished dataset. made: how many of its shards this run wrote; 0 if all were there."""

    manifest: Manifest
    made: int


def generate(
    folder: Path,
    game: AnyGame,
    players: Sequence[str],
    episodes: int,
    ticks: int,
    *,
    seed: int = 0,
    shard_episodes: int | None = None,
    progress: Progress = no_progress,
) -> Generated:
    """Fill `folder` with `episodes` rollouts of `ticks` ticks, and go on where a run was stopped.

    The same arguments give the same bytes, however often the run was killed on the way. Damaged or
    missing shards of a finished dataset are made again. shard_episodes: by default as in the
    folder, or 64 MiB of raw frames. progress: called with the episodes done and all of them.

    Raises UserError for arguments out of range or other than those of a dataset that is already in
    the folder, for a second writer, and when the disk is full.
    """
    folder = Path(folder)
    plan = _plan(game, players, episodes, ticks, seed=seed, shard_episodes=shard_episodes)
    made = 0
    with _sole_writer(folder):
        begun = _begun(folder, plan, any_shards=shard_episodes is None)
        plan = replace(begun, shards=())
        known = {shard.file: shard for shard in begun.shards}
        finished = (folder / FINISHED).exists()
        for file, first, count in plan.planned():
            if file not in known or not is_valid(folder, known[file]):
                known[file] = _make_shard(folder / file, game, plan, first, count)
                made += 1
                if not finished:
                    replace(plan, shards=tuple(known.values())).write(folder / HALF_DONE)
            progress(first + count, episodes)
        manifest = replace(plan, shards=tuple(known[file] for file, _, _ in plan.planned()))
        if made or not finished:
            manifest.write(folder / FINISHED)
        (folder / HALF_DONE).unlink(missing_ok=True)
    return Generated(manifest, made)


def _make_shard(path: Path, game: AnyGame, plan: Manifest, first: int, count: int) -> Shard:
    seeds = training_seeds(plan.seed, first, count)
    rollout = roll_out(game, make_players(plan.players), seeds, plan.ticks)
    return write_shard(path, columns_of(rollout, game.spec), game.spec, first)


def _plan(
    game: AnyGame,
    players: Sequence[str],
    episodes: int,
    ticks: int,
    *,
    seed: int,
    shard_episodes: int | None,
) -> Manifest:
    """The manifest of the dataset that is wanted, without its shards. Raises UserError."""
    for name, value in (("episodes", episodes), ("ticks", ticks)):
        if value < 1:
            raise UserError(f"{name} must be at least 1, not {value}")
    if not 0 <= seed < 1 << 64:
        raise UserError(f"seed must lie in 0 to 2^64 - 1, not {seed}")
    if shard_episodes is None:
        episode_bytes = int(np.prod(game.spec.shape)) * (ticks + 1)
        shard_episodes = max(1, _SHARD_BYTES // episode_bytes)
    if shard_episodes < 1:
        raise UserError(f"a shard needs at least 1 episode, not {shard_episodes}")
    try:  # before anything is written: some players refuse only when they start
        make_players(players).start(game.spec, np.zeros(1, np.uint64))
    except ValueError as error:
        raise UserError(str(error)) from error
    return Manifest(game.spec, seed, tuple(players), episodes, ticks, shard_episodes)


def _begun(folder: Path, plan: Manifest, any_shards: bool) -> Manifest:
    """The manifest that is in the folder, or a new one. any_shards: its shards may be of any size.
    Raises UserError if it is of another dataset than `plan`."""
    for path in (*folder.glob(".shard-*.h5.*"), *folder.glob(".manifest*.json.*")):
        path.unlink()  # a killed run's temporary files; the lock says that no one writes them
    for name in (FINISHED, HALF_DONE):
        if not (folder / name).exists():
            continue
        begun = read_manifest(folder / name)
        if any_shards:
            plan = replace(plan, shard_episodes=begun.shard_episodes)
        if differing := differences(begun, plan):
            raise UserError(
                f"{folder} holds another dataset: {'; '.join(differing)};"
                " choose another folder, or delete that one"
            )
        return begun
    plan.write(folder / HALF_DONE)
    return plan


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    """Keeps other writers out of the folder; the lock goes with the process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise UserError(f"cannot write into {folder}: {error.strerror or error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another process is writing into {folder}; wait for it, or choose another folder"
            ) from None
        except OSError as error:
            raise UserError(f"cannot lock {folder}: {error.strerror or error}") from error
        yield
