"""Where the arrays of a dataset's windows come from: the memory, or its shards on the disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.chunks import ChunkMap, reading
from data_gen.datasets.manifest import Manifest
from data_gen.datasets.shards import (
    EPISODE_COLUMNS,
    TICK_COLUMNS,
    Columns,
    column,
    open_shard,
    read_shard,
)

_MAPS = 1024  # shards of which a process knows where the chunks lie, about 60 kB each


class Reader(Protocol):
    """Where the columns of a dataset come from. Both readers give equal arrays."""

    def read(self, episodes: NDArray[np.int64], starts: NDArray[np.int64], ticks: int) -> Columns:
        """N windows. frames stay as stored: (N, ticks + 1, bytes of a frame)."""
        ...

    def whole(self, name: str) -> Iterator[NDArray[Any]]:
        """All of a column, in pieces along E. frames as stored."""
        ...


def _policy_tables(manifest: Manifest) -> list[NDArray[np.uint8] | None]:
    """For each shard, from its part's numbers of players to the dataset's (N,); None if equal."""
    number = {name: index for index, name in enumerate(manifest.players)}
    tables: list[NDArray[np.uint8] | None] = []
    for _, part in manifest.placed():
        table = np.array([number[name] for name in part.players], np.uint8)
        tables.append(None if (table == np.arange(len(table))).all() else table)
    return tables


class InMemory:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._columns: Columns = {}
        for shard, table in zip(manifest.shards, _policy_tables(manifest), strict=True):
            place = slice(shard.first_episode, shard.first_episode + shard.episodes)
            for name, values in _renumbered(read_shard(folder, shard), table).items():
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


def _renumbered(columns: Columns, table: NDArray[np.uint8] | None) -> Columns:
    return columns if table is None else columns | {"policy": table[columns["policy"]]}


class OnDisk:
    """Reads the chunks of a window with one system call each, and unzips them itself: HDF5 takes
    longer to find them than zlib to unzip them, and much longer to open a file. It is asked once a
    shard, for where they lie. No file stays open."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._shards = manifest.shards
        self._first = np.array([shard.first_episode for shard in manifest.shards])
        self._tables = _policy_tables(manifest)
        self._checked: set[int] = set()
        self._maps: OrderedDict[int, ChunkMap] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_maps": OrderedDict()}  # a worker can ask for itself

    def read(self, episodes: NDArray[np.int64], starts: NDArray[np.int64], ticks: int) -> Columns:
        pieces: dict[str, list[NDArray[Any]]] = {}
        order = np.argsort(episodes, kind="stable")  # shard by shard
        numbers = np.searchsorted(self._first, episodes[order], "right") - 1
        for number in np.unique(numbers).tolist():
            items = order[numbers == number]
            within = (episodes[items] - self._first[number]).tolist(), starts[items].tolist()
            for window in self._windows(number, list(zip(*within, strict=True)), ticks):
                for name, values in window.items():
                    pieces.setdefault(name, []).append(values)
        back = np.argsort(order)
        return {name: np.stack(values)[back] for name, values in pieces.items()}

    def whole(self, name: str) -> Iterator[NDArray[Any]]:
        for number, (shard, table) in enumerate(zip(self._shards, self._tables, strict=True)):
            with open_shard(self._folder, shard, number in self._checked) as file:
                self._checked.add(number)
                values = column(file, name)[()]
            yield table[values] if name == "policy" and table is not None else values

    def _windows(self, number: int, places: list[tuple[int, int]], ticks: int) -> Iterator[Columns]:
        """places: (episode in the shard, start) of each window."""
        chunks = self._map(number)
        path = self._folder / self._shards[number].file
        with reading(path) as file:
            for episode, start in places:
                read = chunks.window(file, episode, start, ticks)
                read["frames"] = read["frames"].reshape(ticks + 1, -1)
                yield _renumbered(read, self._tables[number])

    def _map(self, number: int) -> ChunkMap:
        if number not in self._maps:
            with open_shard(self._folder, self._shards[number], number in self._checked) as file:
                self._checked.add(number)
                self._maps[number] = ChunkMap.of(file)
            if len(self._maps) > _MAPS:
                self._maps.popitem(last=False)
        self._maps.move_to_end(number)
        return self._maps[number]
