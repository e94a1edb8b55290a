"""A small dataset of Pong for the tests of datasets, how to look at one, and how to forge one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.dataset import Dataset
from data_gen.datasets.generate import generate
from data_gen.datasets.manifest import FINISHED, read_manifest, sealed
from data_gen.datasets.shards import Columns, read_shard, shard_bytes, write_shard
from data_gen.game import Actions, Frames, GameSpec, Seeds, State
from data_gen.randomness import hash64
from data_gen.registry import make_game
from data_gen.rollout import Rollout

PLAYERS = ("sticky", "tracker:0.7", "random")
EPISODES, TICKS, SHARD = 7, 24, 3  # three shards, the last one short
MEMORY, DISK = 1 << 30, 0  # limits of what is kept in memory


def make(folder: Path, **changed: Any) -> int:
    """Generate the dataset of these tests; returns the number of shards that were made."""
    wanted = {"players": PLAYERS, "episodes": EPISODES, "ticks": TICKS} | changed
    wanted = {"game": make_game("pong"), "seed": 5, "shard_episodes": SHARD} | wanted
    return generate(folder, **wanted).made


def content(folder: Path) -> dict[str, bytes]:
    """Every file in it."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_all(folder: Path, limit: int = MEMORY) -> Rollout:
    """All episodes, whole."""
    dataset = Dataset.open(folder, limit)
    return dataset.windows(range(dataset.episodes), [0] * dataset.episodes, dataset.ticks)


def assert_equal(read: Rollout, truth: Rollout) -> None:
    for entry in fields(Rollout):
        ours, theirs = getattr(read, entry.name), getattr(truth, entry.name)
        assert ours.dtype == theirs.dtype, entry.name
        np.testing.assert_array_equal(ours, theirs, err_msg=entry.name)


def window(truth: Rollout, episodes: list[int], starts: list[int], ticks: int) -> Rollout:
    """What `Dataset.windows` should give, cut out one by one."""

    def cut(values: NDArray[Any], count: int) -> NDArray[Any]:
        pairs = zip(episodes, starts, strict=True)
        return np.stack([values[episode, start : start + count] for episode, start in pairs])

    per_tick = ("actions", "policy", "reward", "terminated", "event")
    return Rollout(
        frames=cut(truth.frames, ticks + 1),
        **{name: cut(getattr(truth, name), ticks) for name in per_tick},
        **{name: getattr(truth, name)[episodes] for name in ("seeds", "description")},
    )


def flip(path: Path, place: int, bits: int = 1) -> None:
    """Change one byte of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= bits
    path.write_bytes(data)


def forge(folder: Path, number: int, change: Callable[[Columns], None]) -> None:
    """Change what a shard says and sign it anew, as a generator with a fault would."""
    manifest = read_manifest(folder / FINISHED)
    columns = read_shard(folder, manifest.shards[number])
    change(columns)
    shards = list(manifest.shards)
    planned = list(manifest.planned())[number]
    shards[number] = write_shard(folder, planned, shard_bytes(columns, manifest.spec))
    replace(manifest, shards=tuple(shards)).write(folder / FINISHED)


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the manifest says and sign it anew."""
    values = json.loads((folder / FINISHED).read_text())
    change(values)
    del values["checksum"]
    (folder / FINISHED).write_text(sealed(values))


@dataclass(frozen=True)
class NoiseState(State):
    noise: NDArray[np.uint64]  # (B,)


class Noise:
    """Noise in true colour or in three colours, on a frame whose pixels fill no byte; it has no
    description, and it ends. A toy: put it into GAMES as NOISE."""

    def __init__(self, true_colour: bool = True) -> None:
        palette = None if true_colour else ((0, 0, 0), (9, 9, 9), (99, 99, 99))
        shape = (3, 5, 7) if true_colour else (1, 5, 7)
        options = {"true_colour": true_colour}
        self.spec = GameSpec("noise", 1, shape, ("a", "b"), palette=palette, options=options)

    def init(self, seeds: Seeds) -> NoiseState:
        return self._state(hash64(seeds))

    def step(self, state: NoiseState, actions: Actions) -> NoiseState:
        return self._state(hash64(state.noise, actions[:, 0].astype(np.uint64)))

    def render(self, state: NoiseState) -> Frames:
        pixels = np.arange(np.prod(self.spec.shape), dtype=np.uint64)
        colours = 256 if self.spec.palette is None else len(self.spec.palette)
        drawn = hash64(state.noise[:, None], pixels) % np.uint64(colours)
        return drawn.astype(np.uint8).reshape(-1, *self.spec.shape)

    def _state(self, noise: NDArray[np.uint64]) -> NoiseState:
        return NoiseState(
            reward=(noise % np.uint64(7)).astype(np.float32)[:, None],
            terminated=noise % np.uint64(5) == 0,
            description=np.zeros((len(noise), 0), np.float32),
            event=np.zeros(len(noise), np.uint8),
            noise=noise,
        )


NOISE = f"{__name__}:Noise"
