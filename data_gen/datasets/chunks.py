"""Where the chunks of a shard lie in its file, and reading them without HDF5."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.manifest import DamagedError
from data_gen.datasets.shards import EPISODE_COLUMNS, TICK_COLUMNS, Columns, column
from data_gen.errors import UserError


@dataclass(frozen=True)
class OpenFile:
    path: Path
    descriptor: int


@contextmanager
def reading(path: Path) -> Iterator[OpenFile]:
    """Raises UserError if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        yield OpenFile(path, descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class _Chunks:
    """Those of one column (E, T, ...): each of one episode and `ticks` ticks, the last one of an
    episode filled up."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]  # of one tick
    ticks: int
    offset: NDArray[np.int64]  # (E, chunks of an episode) in bytes, in the file
    size: NDArray[np.int32]  # (E, chunks of an episode) in bytes, in the file

    @staticmethod
    def of(dataset: h5py.Dataset) -> _Chunks:
        assert dataset.chunks is not None, "a shard's ticks are stored in chunks"
        _, ticks, *shape = dataset.chunks
        episodes = dataset.shape[0]
        grid = (episodes, -(-dataset.shape[1] // ticks))
        offset, size = np.zeros(grid, np.int64), np.zeros(grid, np.int32)

        def note(chunk: Any) -> None:
            place = chunk.chunk_offset[0], chunk.chunk_offset[1] // ticks
            offset[place], size[place] = chunk.byte_offset, chunk.size
            assert chunk.filter_mask == 0, "every chunk is zipped"

        dataset.id.chunk_iter(note)
        return _Chunks(dataset.dtype, tuple(shape), ticks, offset, size)

    def read(self, file: OpenFile, episode: int, start: int, count: int) -> NDArray[Any]:
        """(count, ...): the ticks from `start` on. Raises UserError."""
        first, last = start // self.ticks, (start + count - 1) // self.ticks
        pieces = [self._chunk(file, episode, number) for number in range(first, last + 1)]
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        values = np.frombuffer(data, self.dtype).reshape(-1, *self.shape)
        return values[start - first * self.ticks :][:count]

    def _chunk(self, file: OpenFile, episode: int, number: int) -> bytes:
        place = episode, number
        size = int(self.size[place])
        try:
            data = os.pread(file.descriptor, size, int(self.offset[place]))
            return zlib.decompress(data)
        except OSError as error:
            raise UserError(f"cannot read {file.path}: {error.strerror or error}") from error
        except zlib.error as error:
            raise DamagedError(f"{file.path} is damaged: it has changed while in use") from error


@dataclass(frozen=True)
class ChunkMap:
    """What is needed to read windows of one shard; its episode columns whole."""

    episodes: Columns
    ticks: dict[str, _Chunks]

    @staticmethod
    def of(file: h5py.File) -> ChunkMap:
        return ChunkMap(
            {name: column(file, name)[()] for name in EPISODE_COLUMNS},
            {name: _Chunks.of(column(file, name)) for name in (*TICK_COLUMNS, "frames")},
        )

    def window(self, file: OpenFile, episode: int, start: int, ticks: int) -> Columns:
        """`ticks` ticks of an episode of the shard, and one frame more. Raises UserError."""
        read = {name: values[episode] for name, values in self.episodes.items()}
        for name, chunks in self.ticks.items():
            read[name] = chunks.read(file, episode, start, ticks + (name == "frames"))
        return read
