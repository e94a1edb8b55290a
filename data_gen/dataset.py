"""Reading a dataset: random windows of its episodes, from memory or from the disk."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from data_gen.command_line import this_python
from data_gen.errors import UserError
from data_gen.game import GameSpec
from data_gen.manifest import FINISHED, HALF_DONE, Manifest, read_manifest
from data_gen.registry import game_of
from data_gen.rollout import Rollout
from data_gen.shards import (
    EPISODE_COLUMNS,
    TICK_COLUMNS,
    Columns,
    column,
    frame_bytes,
    open_shard,
    read_shard,
    unpack,
)

MEMORY_LIMIT = 1 << 30  # bytes
_OPEN_FILES = 32  # at a time in one process, whatever the number of shards
Indices = NDArray[np.integer[Any]] | Sequence[int]


class _Reader(Protocol):
    """Where the columns of a dataset come from. Both readers give equal arrays."""

    def read(self, episodes: NDArray[np.int64], starts: NDArray[np.int64], ticks: int) -> Columns:
        """N windows. frames stay as stored: (N, ticks + 1, bytes of a frame)."""
        ...

    def whole(self, name: str) -> Iterator[NDArray[Any]]:
        """All of a column, in pieces along E. frames as stored."""
        ...


class Dataset:
    """A finished dataset: E episodes of T ticks. Made by `Dataset.open`.

    Safe in forked and in spawned workers: every process opens its own files.
    """

    def __init__(self, folder: Path, manifest: Manifest, reader: _Reader) -> None:
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
        manifest = read_finished(folder)
        if memory_bytes(manifest) <= memory_limit:
            return Dataset(folder, manifest, _InMemory(folder, manifest))
        return Dataset(folder, manifest, _OnDisk(folder, manifest))

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
        return self.manifest.players

    @property
    def in_memory(self) -> bool:
        return isinstance(self._reader, _InMemory)

    def windows(self, episodes: Indices, starts: Indices, ticks: int) -> Rollout:
        """N pieces of `ticks` ticks: item i is of episode episodes[i] (N,), from its tick starts[i]
        (N,) on. Seeds, policy and description are the episode's.

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
            policy=read["policy"],
            description=read["description"],
            frames=unpack(read["frames"], self.spec),
            actions=read["actions"],
            reward=read["reward"],
            terminated=read["terminated"].view(np.bool_),
            event=read["event"],
        )

    def column(self, name: str) -> Iterator[NDArray[Any]]:
        """Everything of one kind, in pieces along E: of EPISODE_COLUMNS, such as policy (., P), or
        of TICK_COLUMNS, such as event (., T)."""
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
            " run the generate command that began it once more to go on"
        )
    manifest = read_manifest(folder / FINISHED)
    try:
        game_of(manifest.spec)
    except ValueError as error:
        raise UserError(f"{folder}: {error}") from error
    return manifest


def memory_bytes(manifest: Manifest) -> int:
    """What the dataset takes in memory, bit-packed."""
    spec = manifest.spec
    seats = len(spec.players)
    episode = 8 + seats + 4 * len(spec.description)
    tick = seats + 4 * seats + 1 + 1  # actions, reward, terminated, event
    frames = (manifest.ticks + 1) * frame_bytes(spec)
    return manifest.episodes * (episode + manifest.ticks * tick + frames)


class _InMemory:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._columns: Columns = {}
        for shard in manifest.shards:
            place = slice(shard.first_episode, shard.first_episode + shard.episodes)
            for name, values in read_shard(folder, shard).items():
                if name not in self._columns:
                    shape = (manifest.episodes, *values.shape[1:])
                    self._columns[name] = np.empty(shape, values.dtype)
                self._columns[name][place] = values

    def read(self, episodes: NDArray[np.int64], starts: NDArray[np.int64], ticks: int) -> Columns:
        read = {name: self._columns[name][episodes] for name in EPISODE_COLUMNS}
        for name in (*TICK_COLUMNS, "frames"):
            values = self._columns[name]
            every, longest = values.shape[:2]
            count = ticks + 1 if name == "frames" else ticks
            rows = (episodes * longest + starts)[:, None] + np.arange(count)  # (N, count)
            read[name] = values.reshape(every * longest, *values.shape[2:]).take(rows, 0)
        read["frames"] = read["frames"].reshape(len(episodes), ticks + 1, -1)
        return read

    def whole(self, name: str) -> Iterator[NDArray[Any]]:
        yield self._columns[name]


@dataclass(frozen=True)
class _OpenShard:
    file: h5py.File
    ticks: dict[str, h5py.Dataset]  # frames and TICK_COLUMNS; to look them up anew costs 5 reads
    episodes: Columns  # EPISODE_COLUMNS


class _OnDisk:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._shards = manifest.shards
        self._first = np.array([shard.first_episode for shard in manifest.shards])
        self._checked: set[int] = set()
        self._open: OrderedDict[int, _OpenShard] = OrderedDict()
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": OrderedDict()}  # open files do not travel

    def read(self, episodes: NDArray[np.int64], starts: NDArray[np.int64], ticks: int) -> Columns:
        pieces: dict[str, list[NDArray[Any]]] = {}
        order = np.argsort(episodes, kind="stable")  # shard by shard, chunk by chunk
        numbers = np.searchsorted(self._first, episodes, "right") - 1
        for item in order.tolist():
            number, start = int(numbers[item]), int(starts[item])
            episode = int(episodes[item] - self._first[number])
            for name, values in self._window(number, episode, start, ticks).items():
                pieces.setdefault(name, []).append(values)
        back = np.argsort(order)
        return {name: np.stack(values)[back] for name, values in pieces.items()}

    def whole(self, name: str) -> Iterator[NDArray[Any]]:
        for number in range(len(self._shards)):
            yield column(self._shard(number).file, name)[()]

    def _window(self, number: int, episode: int, start: int, ticks: int) -> Columns:
        shard = self._shard(number)
        read = {name: values[episode] for name, values in shard.episodes.items()}
        try:
            for name, values in shard.ticks.items():
                read[name] = values[episode, start : start + ticks + (name == "frames")]
        except OSError as error:
            raise UserError(f"cannot read {shard.file.filename}: {error}") from error
        return read | {"frames": read["frames"].reshape(ticks + 1, -1)}

    def _shard(self, number: int) -> _OpenShard:
        if self._process != os.getpid():  # forked: the parent's HDF5 handles are not ours to use
            self._open, self._process = OrderedDict(), os.getpid()
        if number not in self._open:
            file = open_shard(self._folder, self._shards[number], number in self._checked)
            self._checked.add(number)
            self._open[number] = _OpenShard(
                file,
                {name: column(file, name) for name in (*TICK_COLUMNS, "frames")},
                {name: column(file, name)[()] for name in EPISODE_COLUMNS},
            )
            if len(self._open) > _OPEN_FILES:
                self._open.popitem(last=False)[1].file.close()
        self._open.move_to_end(number)
        return self._open[number]
