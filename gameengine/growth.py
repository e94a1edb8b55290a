"""Progressive sequence growth: short windows first, longer ones when these are learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl

from gameengine.budget import Budget
from gameengine.data import GameData


class Growth(pl.Callback):
    """Lengthens the windows (`lengths`, in ticks) at the end of a round, when the present length is
    learned, that is when the share of right frames in held-out windows reaches `learned`, or when
    it has used `patience` of the budget. Ticks per batch stay, so the number of windows falls.

    Raises ValueError if the lengths do not rise.
    """

    def __init__(
        self, lengths: Sequence[int] = (1,), learned: float = 0.9, patience: float = 0.2
    ) -> None:
        if not lengths or sorted(set(lengths)) != list(lengths) or lengths[0] < 1:
            raise ValueError(f"lengths must be whole numbers that rise, not {list(lengths)}")
        self._lengths = tuple(lengths)
        self._learned, self._patience = learned, patience
        self._stage = 0
        self._since = 0.0  # progress of the budget when the present length began

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._apply(trainer)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._stage + 1 == len(self._lengths):
            return
        progress = Budget.of(trainer).progress
        right = float(trainer.callback_metrics.get("held_out/frames_right", 0.0))
        if right >= self._learned or progress - self._since >= self._patience:
            self._stage += 1
            self._since = progress
            self._apply(trainer)

    def state_dict(self) -> dict[str, Any]:
        return {"stage": self._stage, "since": self._since}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._stage, self._since = state_dict["stage"], state_dict["since"]

    def _apply(self, trainer: pl.Trainer) -> None:
        GameData.of(trainer).length = self._lengths[self._stage]
