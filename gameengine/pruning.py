"""Forgetting what does not matter: engines drop inputs that nothing depends on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch

from gameengine.budget import Budget
from gameengine.data import GameData
from gameengine.engine import Engine
from gameengine.learner import encode
from gameengine.mixture import by_variant, joined

BATCHES = 16  # that are looked at to see what matters


class Pruning(pl.Callback):
    """At `marks`, shares of the budget, each network of a slots engine drops the variables without
    which nothing goes wrong in a sample of the training windows; of a hyper engine, each layer that
    it makes from a description drops numbers of this first, at as many marks as it takes. What is
    learned from then on cannot depend on them: a rule that looks at less is right in more cases
    that were never seen.

    Raises ValueError for marks outside 0 to 1, or engines that have nothing to drop.
    """

    def __init__(self, marks: Sequence[float] = ()) -> None:
        if not all(0 < mark < 1 for mark in marks):
            raise ValueError(f"pruning.marks must lie between 0 and 1, not {list(marks)}")
        self._marks = sorted(marks)

    def check(self, engine: Engine) -> None:
        """Raises ValueError if the engine has nothing to drop."""
        if self._marks and not engine.can_forget:
            raise ValueError(
                "pruning.marks are for SlotsEngine, and for HyperEngine with descriptions as"
                " embeddings; leave them empty"
            )

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        passed = [mark for mark in self._marks if mark <= Budget.of(trainer).progress]
        engine = pl_module.engine
        if not passed or not isinstance(engine, Engine):
            return
        self._marks = self._marks[len(passed) :]
        data, context = GameData.of(trainer), engine.spec.context
        drawn = [data.draw() for _ in range(BATCHES)]
        batch = by_variant(joined(drawn))
        actions, frames = batch["actions"][:, context - 1 :], batch["frames"][:, context:]
        outcome = torch.cat([batch["reward"], batch["terminated"][..., None]], 2)  # (B, T, P + 1)
        engine.forget(encode(engine, batch), actions, frames, outcome)

    def state_dict(self) -> dict[str, Any]:
        return {"marks": self._marks}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._marks = state_dict["marks"]
