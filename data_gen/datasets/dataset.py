"""Reading a dataset: random windows of its episodes, from memory or from the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.command_line import this_python
from data_gen.datasets.manifest import (
    FINISHED,
    HALF_DONE,
    DamagedError,
    Manifest,
    differences,
    read_manifest,
)
from data_gen.datasets.readers import InMemory, OnDisk, Reader
from data_gen.datasets.shards import frame_bytes, unpack
from data_gen.errors import UserError
from data_gen.game import AnyGame, GameSpec
from data_gen.registry import game_of
from data_gen.rollout import Rollout

MEMORY_LIMIT = 1 << 30  # bytes
Indices = NDArray[np.integer[Any]] | Sequence[int]


class Dataset:
    """A finished dataset: E episodes of T ticks. Made by `Dataset.open`.

    Safe in forked and in spawned workers: every process opens its own files.
    """

    def __init__(self, folder: Path, manifest: Manifest, reader: Reader) -> None:
        self.folder = folder
        self.manifest = manifest
        self._reader = reader

    @staticmethod
    def open(folder: Path, memory_limit: int = MEMORY_LIMIT) -> Dataset:
        """Open the dataset in `folder`. If it fits into `memory_limit` bytes it is read now, and is
        kept bit-packed in memory; otherwise windows are read from its files when asked for.

        Raises UserError, naming the file, for a dataset that is missing, unfinished, damaged or of
        another schema, and for another version of its game than this program's.
        """
        folder = Path(folder)
        manifest = read_complete(folder)
        if memory_bytes(manifest) <= memory_limit:
            return Dataset(folder, manifest, InMemory(folder, manifest))
        return Dataset(folder, manifest, OnDisk(folder, manifest))

    @property
    def spec(self) -> GameSpec:
        return self.manifest.spec

    @property
    def episodes(self) -> int:
        return self.manifest.episodes

    @property
    def ticks(self) -> int:
        return self.manifest.ticks

    @property
    def players(self) -> tuple[str, ...]:
        """Names; a policy is an index into them."""
        return self.manifest.players

    @property
    def in_memory(self) -> bool:
        return isinstance(self._reader, InMemory)

    def windows(self, episodes: Indices, starts: Indices, ticks: int) -> Rollout:
        """N pieces of `ticks` ticks: item i is of episode episodes[i] (N,), from its tick starts[i]
        (N,) on. Seeds and description are the episode's.

        Raises ValueError for a window that leaves its episode, UserError naming the shard if that
        is damaged.
        """
        episodes, starts = np.asarray(episodes, np.int64), np.asarray(starts, np.int64)
        if episodes.ndim != 1 or episodes.shape != starts.shape or not len(episodes):
            raise ValueError(f"one start per episode, not {starts.shape} for {episodes.shape}")
        if not 1 <= ticks <= self.ticks:
            raise ValueError(f"a window has 1 to {self.ticks} ticks here, not {ticks}")
        if np.any((episodes < 0) | (episodes >= self.episodes)):
            raise ValueError(f"episodes must lie in 0 to {self.episodes - 1}: {episodes}")
        if np.any((starts < 0) | (starts > self.ticks - ticks)):
            raise ValueError(f"starts must lie in 0 to {self.ticks - ticks}: {starts}")
        read = self._reader.read(episodes, starts, ticks)
        return Rollout(
            seeds=read["seeds"],
            description=read["description"],
            frames=unpack(read["frames"], self.spec),
            actions=read["actions"],
            policy=read["policy"],
            reward=read["reward"],
            terminated=read["terminated"].view(np.bool_),
            event=read["event"],
        )

    def column(self, name: str) -> Iterator[NDArray[Any]]:
        """Everything of one kind, in pieces along E: of EPISODE_COLUMNS, such as seeds (.,), or of
        TICK_COLUMNS, such as policy (., T, P)."""
        return self._reader.whole(name)


def read_finished(folder: Path) -> Manifest:
    """The manifest of a finished dataset whose game this program has. Raises as `Dataset.open`."""
    if not (folder / FINISHED).exists():
        if not (folder / HALF_DONE).exists():
            raise UserError(
                f"no dataset in {folder}: no {FINISHED} there;"
                f" make one with: {this_python()} -m data_gen generate GAME --out {folder}"
            )
        begun = read_manifest(folder / HALF_DONE)
        done = sum(shard.episodes for shard in begun.shards)
        raise UserError(
            f"{folder} is not finished: {done:,} of {begun.episodes:,} episodes;"
            " run the command that began it once more to go on"
        )
    manifest = read_manifest(folder / FINISHED)
    try:
        true_game(manifest.spec)
    except ValueError as error:
        raise UserError(f"{folder}: {error}") from error
    return manifest


def true_game(spec: GameSpec) -> AnyGame:
    """The game that `spec` describes, as `game_of`, and the description is true in all it says.
    Raises ValueError if it is not."""
    try:
        game = game_of(spec)
    except (TypeError, AttributeError) as error:  # names and options of strange types
        raise ValueError(f"describes no game: {error}") from error
    differing = differences(Manifest(spec, 1, ()), Manifest(game.spec, 1, ()))
    if differing:
        raise ValueError(f"describes {spec.name} falsely: {'; '.join(differing)}; make it again")
    return game


def read_complete(folder: Path) -> Manifest:
    """As `read_finished`, for those who need all shards. Raises as `Dataset.open`."""
    manifest = read_finished(folder)
    if len(manifest.shards) != sum(1 for _ in manifest.planned()):
        raise DamagedError(f"{folder / FINISHED} does not list all of its shards")
    return manifest


def memory_bytes(manifest: Manifest) -> int:
    """What the dataset takes in memory, bit-packed."""
    spec = manifest.spec
    seats = len(spec.players)
    episode = 8 + 4 + 4 * len(spec.description)  # seed, first tick
    tick = seats + seats + 4 * seats + 1 + 1  # actions, policy, reward, terminated, event
    frames = (manifest.ticks + 1) * frame_bytes(spec)
    return manifest.episodes * (episode + manifest.ticks * tick + frames)
