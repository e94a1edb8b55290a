"""Training windows of several games, or of several variants of one, in every batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gameengine.windows import Batch, MinedSource


class MixedSource:
    """Windows of several sources, equally many of each, in their order, so that those of one game
    can share weights; if there is no room for one of each, of some by chance. A batch holds
    `variant` (B,), the number of the source that a window comes from."""

    def __init__(self, sources: Sequence[MinedSource], seed: int = 0) -> None:
        self._sources = list(sources)
        self._rng = np.random.default_rng([seed, 2])

    def draw(self, count: int, ticks: int) -> Batch:
        counts = np.full(len(self._sources), count // len(self._sources))
        if count < len(counts):
            counts[self._rng.permutation(len(counts))[:count]] = 1
        drawn: list[Batch] = []
        for number, (source, wanted) in enumerate(zip(self._sources, counts.tolist(), strict=True)):
            if wanted:
                variant = {"variant": torch.full((wanted,), number)}
                drawn.append(source.draw(wanted, ticks) | variant)
        return joined(drawn)

    def mine(self, batch: Batch, wrong: Tensor) -> None:
        """Tell which windows (B,) bool of the batch drawn last were got wrong."""
        for number, source in enumerate(self._sources):
            own = batch["variant"] == number
            if own.any():
                source.mine({key: value[own] for key, value in batch.items()}, wrong[own])

    def state_dict(self) -> dict[str, Any]:
        return {
            "random": self._rng.bit_generator.state,
            "sources": [source.state_dict() for source in self._sources],
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = saved["random"]
        for source, state in zip(self._sources, saved["sources"], strict=True):
            source.load_state_dict(state)


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches, one behind the other."""
    return {key: torch.cat([batch[key] for batch in batches]) for key in batches[0]}


def by_variant(batch: Batch) -> Batch:
    """A batch with the windows of each source side by side; as it is if they are all of one."""
    if "variant" not in batch:
        return batch
    order = batch["variant"].argsort(stable=True)
    return {key: value[order] for key, value in batch.items()}
