"""Shards: some episodes of a dataset in one HDF5 file that any HDF5 reader opens.

With E episodes of T ticks, P players and D numbers of description, a shard holds
    seeds (E,) uint64, description (E, D) float32,
    first_tick (E,) uint32: ticks from the seed's start to frame 0; other than 0 in recordings only,
    actions (E, T, P) uint8, policy (E, T, P) uint8: who acted, counted by the manifest's part,
    reward (E, T, P) float32, terminated (E, T) uint8, event (E, T) uint8,
    frames (E, T + 1, N) uint8: bit planes (below), or (E, T + 1, C, H, W) as they are.
Where a shard stands in its dataset is not in it, so that merged datasets share their bytes.

Bit planes: a palette of K colours needs b = ceil(log2 K) bits a pixel. A frame's N bytes are b
planes of ceil(C H W / 8) bytes; plane k holds bit k of each pixel, the first pixel in the highest
bit. Planes rather than pixels side by side: eight pixels at once unpack by table, whatever b is.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from data_gen.atomic import whole_file
from data_gen.datasets.manifest import DamagedError, Planned, Shard
from data_gen.errors import UserError
from data_gen.game import Frames, GameSpec
from data_gen.rollout import Rollout

Columns = dict[str, NDArray[Any]]  # name of an HDF5 dataset -> its array; E first
EPISODE_COLUMNS = ("seeds", "first_tick", "description")
TICK_COLUMNS = ("actions", "policy", "reward", "terminated", "event")
COLUMNS = (*EPISODE_COLUMNS, *TICK_COLUMNS, "frames")
_CHUNK_BYTES = 1 << 14  # what one random window reads and unzips; larger is slower, smaller fatter
_PACK_BYTES = 1 << 17  # that are packed at a time, to stay in the cache: 3 times faster


def bits_per_pixel(spec: GameSpec) -> int:
    """1 to 8; 8 means that frames are stored as they are."""
    return 8 if spec.palette is None else max(1, (len(spec.palette) - 1).bit_length())


def frame_bytes(spec: GameSpec) -> int:
    """Bytes of one stored frame, before gzip."""
    bits, pixels = bits_per_pixel(spec), int(np.prod(spec.shape))
    return pixels if bits == 8 else bits * -(-pixels // 8)


def pack(frames: Frames, spec: GameSpec) -> NDArray[np.uint8]:
    """frames (..., C, H, W) as they are stored: (..., N) bit planes, or unchanged."""
    bits = bits_per_pixel(spec)
    if bits == 8:
        return frames
    colours = len(spec.palette or ())
    assert frames.max(initial=0) < colours, f"{spec.name} shows a colour outside its palette"
    pixels = int(np.prod(spec.shape))
    flat = frames.reshape(-1, pixels)
    planes = np.empty((len(flat), bits, -(-pixels // 8)), np.uint8)
    step = max(1, _PACK_BYTES // pixels)
    for first in range(0, len(flat), step):
        piece = slice(first, first + step)
        for k in range(bits):
            planes[piece, k] = np.packbits(flat[piece] & np.uint8(1 << k), axis=-1)
    return planes.reshape(*frames.shape[:-3], -1)  # (..., N)


def unpack(stored: NDArray[np.uint8], spec: GameSpec) -> Frames:
    """Undo `pack`. stored (..., N), flat for true-colour frames too. Returns (..., C, H, W)."""
    bits = bits_per_pixel(spec)
    if bits == 8:
        return stored.reshape(*stored.shape[:-1], *spec.shape)
    planes = stored.reshape(*stored.shape[:-1], bits, -1)  # (..., b, ceil(C H W / 8))
    words = _eight_pixels(0).take(planes[..., 0, :])
    for k in range(1, bits):
        words |= _eight_pixels(k).take(planes[..., k, :])
    pixels = words.view(np.uint8)[..., : int(np.prod(spec.shape))]
    return pixels.reshape(*stored.shape[:-1], *spec.shape)


@cache
def _eight_pixels(plane: int) -> NDArray[np.uint64]:
    """(256,): a byte of bit plane `plane` -> eight pixels, one in each byte of a word."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)  # (256, 8)
    return (bits << plane).view(np.uint64)[:, 0]


def columns_of(rollout: Rollout, spec: GameSpec) -> Columns:
    """The arrays of a rollout from its seeds' start exactly as a shard stores them."""
    return {
        "seeds": rollout.seeds,
        "first_tick": np.zeros(len(rollout.seeds), np.uint32),
        "description": rollout.description,
        "actions": rollout.actions,
        "policy": rollout.policy,
        "reward": rollout.reward,
        # uint8, not HDF5's boolean: that is an enum, which h5py reads nine times slower
        "terminated": rollout.terminated.view(np.uint8),
        "event": rollout.event,
        "frames": pack(rollout.frames, spec),
    }


def shard_bytes(columns: Columns, spec: GameSpec) -> bytes:
    """A shard's file. Equal columns give equal bytes."""
    # In memory first: a failing disk then speaks through a plain OSError, not through HDF5.
    buffer = io.BytesIO()
    # v110: HDF5 1.10 (2016) reads it; the older format takes 12 % more.
    with h5py.File(buffer, "w", libver=("v110", "v110")) as file:
        file.attrs["game"] = spec.name
        file.attrs["game_version"] = spec.version
        file.attrs["frame_shape"] = spec.shape
        file.attrs["bits_per_pixel"] = bits_per_pixel(spec)
        for name in EPISODE_COLUMNS:
            file.create_dataset(name, data=columns[name], track_times=False)
        for name in (*TICK_COLUMNS, "frames"):
            values = columns[name]
            file.create_dataset(
                name,
                data=values,
                chunks=_chunk(values),
                compression="gzip",
                compression_opts=1,
                track_times=False,
            )
    return buffer.getvalue()


def write_shard(folder: Path, planned: Planned, content: bytes) -> Shard:
    """Write a shard as a whole file. Raises UserError when the disk is full or the folder cannot be
    written."""
    with whole_file(folder / planned.file) as temporary:
        temporary.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return Shard(planned.file, planned.first_episode, planned.episodes, digest, len(content))


def is_valid(folder: Path, shard: Shard) -> bool:
    """Whether the shard's file is there, byte for byte as it was written."""
    path = folder / shard.file
    try:
        return path.stat().st_size == shard.size and _digest(path) == shard.sha256
    except OSError:
        return False


def open_shard(folder: Path, shard: Shard, checked: bool = False) -> h5py.File:
    """Open a shard to read parts of it; its checksum is compared first, unless it was `checked`.

    Raises DamagedError if the file is not the one that was written, UserError if it cannot be read.
    """
    path = folder / shard.file
    try:
        if not checked and _digest(path) != shard.sha256:
            raise DamagedError(_advice(path))
        # Shards never change, and some network disks cannot lock: reading needs no lock.
        return h5py.File(path, "r", locking=False, rdcc_nbytes=1 << 18)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def read_shard(folder: Path, shard: Shard) -> Columns:
    """A whole shard, its checksum compared before HDF5 sees it. Raises as `open_shard`."""
    with h5py.File(io.BytesIO(read_bytes(folder, shard)), "r") as file:
        return {name: column(file, name)[()] for name in COLUMNS}


def read_bytes(folder: Path, shard: Shard) -> bytes:
    """A shard's file, its checksum compared. Raises as `open_shard`."""
    path = folder / shard.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    if hashlib.sha256(content).hexdigest() != shard.sha256:
        raise DamagedError(_advice(path))
    return content


def column(file: h5py.File, name: str) -> h5py.Dataset:
    """The HDF5 dataset `name` of an open shard."""
    return cast(h5py.Dataset, file[name])


def _chunk(values: NDArray[Any]) -> tuple[int, ...]:
    """One episode, and as many ticks as a random window wants to read at once."""
    _, ticks, *rest = values.shape
    tick_bytes = max(1, int(np.prod(rest)) * values.itemsize)
    return (1, min(ticks, max(1, _CHUNK_BYTES // tick_bytes)), *rest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _advice(path: Path) -> str:
    return (
        f"{path} is damaged: its sha256 is not the manifest's;"
        " run the command that made the dataset once more to make this shard again"
    )
