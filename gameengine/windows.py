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
terminated (B, T) float32 · description (B, D) float32, of T predicted ticks after T0 frames."""

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
        from data_gen.dataset import Dataset  # h5py is loaded only where a folder is read

        self._dataset = Dataset.open(folder)
        self._rng = np.random.default_rng(seed)
        self.spec: GameSpec = self._dataset.spec

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

    `mine` takes the windows of a batch that were wrong into a ring of `capacity` windows; once it
    holds `enough`, a share `share` of each batch is drawn from it. Only windows of one tick are
    mined: a longer one goes wrong for some tick in it that a ring could not name.
    """

    def __init__(
        self,
        source: WindowSource,
        share: float,
        capacity: int = 4096,
        enough: int = 256,
        seed: int = 0,
    ) -> None:
        self._source, self._share = source, share
        self._capacity, self._enough = capacity, enough
        self._rng = np.random.default_rng([seed, 1])
        self._ring: Batch = {}
        self._taken = 0

    def draw(self, count: int, ticks: int) -> Batch:
        held = min(self._taken, self._capacity)
        mined = round(count * self._share) if ticks == 1 and held >= self._enough else 0
        batch = self._source.draw(count - mined, ticks)
        if not mined:
            return batch
        places = torch.from_numpy(self._rng.integers(0, held, mined))
        return {key: torch.cat([value, self._ring[key][places]]) for key, value in batch.items()}

    def mine(self, batch: Batch, wrong: Tensor) -> None:
        """Keep the windows of `batch` where `wrong` (B,) bool holds. Those that were mined before
        stay where they are: a ring of copies of a few hard ones would teach nothing else."""
        if batch["reward"].shape[1] != 1:
            return
        held = min(self._taken, self._capacity)
        fresh = len(wrong) - (round(len(wrong) * self._share) if held >= self._enough else 0)
        index = wrong[:fresh].nonzero().squeeze(1).cpu()
        if not len(index):
            return
        if not self._ring:
            self._ring = {
                key: value.new_zeros((self._capacity, *value.shape[1:])).cpu()
                for key, value in batch.items()
            }
        places = (torch.arange(len(index)) + self._taken) % self._capacity
        for key, value in batch.items():
            self._ring[key][places] = value[index].cpu()
        self._taken += len(index)

    def state_dict(self) -> dict[str, Any]:
        return {
            "source": self._source.state_dict(),
            "random": self._rng.bit_generator.state,
            "ring": self._ring,
            "taken": self._taken,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._source.load_state_dict(saved["source"])
        self._rng.bit_generator.state = saved["random"]
        self._ring, self._taken = dict(saved["ring"]), saved["taken"]


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
    return {
        "frames": torch.from_numpy(arrays["frames"][rows, shown]),
        "actions": torch.from_numpy(arrays["actions"][rows, acted].astype(np.int64)),
        "reward": torch.from_numpy(arrays["reward"][rows, predicted]),
        "terminated": torch.from_numpy(arrays["terminated"][rows, predicted].astype(np.float32)),
        "description": torch.from_numpy(arrays["description"][items]),
    }
