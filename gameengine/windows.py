"""Where training windows come from: a true game that never stops (`gameengine/live.py`), a dataset
folder, and what the engine got wrong before.

A window is `context` true frames and the `ticks` frames that follow. Sources are seeded, and their
whole state can be saved, so that a resumed run sees the windows it would have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.game import GameSpec

Batch = dict[str, Tensor]
"""frames (B, T0 + T, C, H, W) uint8 · actions (B, T0 + T - 1, P) int64 · reward (B, T, P) float32 ·
terminated (B, T) float32 · description (B, D) float32, of T predicted ticks after T0 frames; for
engines that look back, hindsight (B, T0 + T, ...) int64."""

Arrays = dict[str, NDArray[Any]]


class WindowSource(Protocol):
    """Endless training windows."""

    def draw(self, count: int, ticks: int) -> Batch:
        """The next `count` windows that predict `ticks` ticks."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, saved: Mapping[str, Any]) -> None: ...


class FolderSource:
    """Windows at random places of a dataset folder, each place as likely as another."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        from data_gen.datasets.dataset import Dataset  # h5py is loaded only where a folder is read

        self._dataset = Dataset.open(folder)
        self._rng = np.random.default_rng(seed)
        self.spec: GameSpec = self._dataset.spec
        self.players: tuple[str, ...] = tuple(self._dataset.players)
        self.longest = self._dataset.ticks - (self.spec.context - 1)  # ticks to predict

    def draw(self, count: int, ticks: int) -> Batch:
        length = self.spec.context - 1 + ticks
        room = self._dataset.ticks - length
        if room < 0:
            raise ValueError(
                f"windows of {length} ticks do not fit episodes of {self._dataset.ticks}"
            )
        items = self._rng.integers(0, self._dataset.episodes, count)
        starts = self._rng.integers(0, room + 1, count)
        window = self._dataset.windows(items, starts, length)
        arrays: Arrays = {
            "frames": window.frames,
            "actions": window.actions,
            "reward": window.reward,
            "terminated": window.terminated,
            "description": window.description,
        }
        zeros = np.zeros(count, np.intp)
        return cut(arrays, np.arange(count), zeros, self.spec.context, ticks)

    def state_dict(self) -> dict[str, Any]:
        return {"random": self._rng.bit_generator.state}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = saved["random"]


class MinedSource:
    """Another source's windows, a share of them replaced by windows that the engine got wrong.

    `mine` takes the fresh windows of a batch that were wrong into a pool of at most `capacity`, and
    drops those that were right `patience` times in a row, so that the pool holds what is still hard
    and the rarest mistakes are seen often. Up to a share `share` of each batch is drawn from it.
    Only windows of one tick are mined: a longer one goes wrong for some tick in it that a pool
    could not name.
    """

    def __init__(
        self,
        source: WindowSource,
        share: float,
        capacity: int = 4096,
        patience: int = 8,
        seed: int = 0,
    ) -> None:
        self._source, self._share = source, share
        self._capacity, self._patience = capacity, patience
        self._rng = np.random.default_rng([seed, 1])
        self._pool: Batch = {}
        self._streak = np.zeros(capacity, np.int64)  # how often in a row each was right
        self._held = 0
        self._drawn = np.zeros(0, np.int64)  # places of the mined windows of the last batch

    def draw(self, count: int, ticks: int) -> Batch:
        # Half the pool at most, so that a few hard windows do not fill every batch.
        mined = min(round(count * self._share), self._held // 2) if ticks == 1 else 0
        batch = self._source.draw(count - mined, ticks)
        self._drawn = (
            self._rng.choice(self._held, mined, replace=False) if mined else self._drawn[:0]
        )
        if not mined:
            return batch
        places = torch.from_numpy(self._drawn)
        return {key: torch.cat([value, self._pool[key][places]]) for key, value in batch.items()}

    def mine(self, batch: Batch, wrong: Tensor) -> None:
        """Tell which windows (B,) bool of the batch drawn last were got wrong."""
        if batch["reward"].shape[1] != 1 or not self._share:
            return
        fresh = len(wrong) - len(self._drawn)
        again = wrong[fresh:].cpu().numpy()
        self._streak[self._drawn] = np.where(again, 0, self._streak[self._drawn] + 1)
        for place in sorted(self._drawn[self._streak[self._drawn] >= self._patience], reverse=True):
            self._drop(place)
        for item in wrong[:fresh].nonzero().flatten().tolist():
            self._keep({key: value[item] for key, value in batch.items()})

    def state_dict(self) -> dict[str, Any]:
        return {
            "source": self._source.state_dict(),
            "random": self._rng.bit_generator.state,
            "pool": {key: value[: self._held].clone() for key, value in self._pool.items()},
            "streak": torch.from_numpy(self._streak[: self._held].copy()),
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._source.load_state_dict(saved["source"])
        self._rng.bit_generator.state = saved["random"]
        self._held = len(saved["streak"])
        self._streak[: self._held] = saved["streak"].numpy()
        self._pool = {}
        for key, value in saved["pool"].items():
            self._pool[key] = value.new_zeros((self._capacity, *value.shape[1:]))
            self._pool[key][: self._held] = value

    def _keep(self, window: Batch) -> None:
        if not self._pool:
            self._pool = {
                key: value.new_zeros((self._capacity, *value.shape), device="cpu")
                for key, value in window.items()
            }
        full = self._held == self._capacity
        place = int(self._rng.integers(self._capacity)) if full else self._held
        for key, value in window.items():
            self._pool[key][place] = value
        self._streak[place] = 0
        self._held += not full

    def _drop(self, place: int) -> None:
        """The last one takes its place."""
        self._held -= 1
        for value in self._pool.values():
            value[place] = value[self._held]
        self._streak[place] = self._streak[self._held]


def cut(
    arrays: Arrays,
    items: NDArray[np.intp],
    starts: NDArray[np.intp],
    context: int,
    ticks: int,
) -> Batch:
    """Windows of arrays (B, T, ...) as tensors; `starts` are the first frames."""
    shown = starts[:, None] + np.arange(context + ticks)  # (B, T0 + T)
    acted = shown[:, :-1]
    predicted = shown[:, context - 1 : -1]  # action t leads to frame t + 1
    rows = items[:, None]
    batch = {
        "frames": torch.from_numpy(arrays["frames"][rows, shown]),
        "actions": torch.from_numpy(arrays["actions"][rows, acted].astype(np.int64)),
        "reward": torch.from_numpy(arrays["reward"][rows, predicted]),
        "terminated": torch.from_numpy(arrays["terminated"][rows, predicted].astype(np.float32)),
        "description": torch.from_numpy(arrays["description"][items]),
    }
    if "hindsight" in arrays:
        batch["hindsight"] = torch.from_numpy(arrays["hindsight"][rows, shown].astype(np.int64))
    return batch
