"""How much training a run gets, in minutes or in steps, and how much of it is used."""

from __future__ import annotations

import signal
import time
from threading import current_thread, main_thread
from typing import Any

import pytorch_lightning as pl
import torch


class Budget(pl.Callback):
    """Ends training after `minutes` of wall-clock time or `steps` optimiser steps, whichever comes
    first; None: without limit. Time spent before a resume counts, time stopped by Ctrl-Z does not.
    The learning rate and the growth of sequences follow `progress`, so that the same config makes
    sense on any machine.

    A run in steps is reproducible to the bit; one in minutes depends on the machine's speed.
    """

    def __init__(self, minutes: float | None = None, steps: int | None = None) -> None:
        if minutes is None and steps is None:
            raise ValueError("a budget needs minutes or steps")
        for name, limit in (("minutes", minutes), ("steps", steps)):
            if limit is not None and limit <= 0:
                raise ValueError(f"{name} must be more than 0, not {limit}")
        self.minutes, self.steps = minutes, steps
        self.used_steps = 0
        self._seconds_before = 0.0
        self._started: float | None = None
        self._seen_at = 0.0  # when the last batch ended
        self._handler_before: Any = None  # of SIGCONT

    @property
    def seconds(self) -> float:
        """Training time so far, over all resumes."""
        now = 0.0 if self._started is None else time.monotonic() - self._started
        return self._seconds_before + now

    @property
    def progress(self) -> float:
        """The used share of the budget, 0 to 1."""
        shares = [0.0]
        if self.minutes is not None:
            shares.append(self.seconds / (60 * self.minutes))
        if self.steps is not None:
            shares.append(self.used_steps / self.steps)
        return min(1.0, max(shares))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._started = self._seen_at = time.monotonic()
        if current_thread() is main_thread():  # no other may
            self._handler_before = signal.signal(signal.SIGCONT, self._leave_out_the_pause)
        self._stop_when_used(trainer)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self.used_steps, self._seen_at = trainer.global_step, time.monotonic()
        self._stop_when_used(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._seconds_before, self._started = self.seconds, None  # what follows is not training
        if self._handler_before is not None:
            signal.signal(signal.SIGCONT, self._handler_before)
            self._handler_before = None

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "steps": self.used_steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._seconds_before, self.used_steps = state_dict["seconds"], state_dict["steps"]

    @staticmethod
    def of(trainer: pl.Trainer) -> Budget:
        """The budget among a trainer's callbacks. Raises RuntimeError if there is none."""
        for callback in trainer.callbacks:  # pyright: ignore[reportAttributeAccessIssue]
            if isinstance(callback, Budget):
                return callback
        raise RuntimeError("the trainer needs a Budget among its callbacks")

    def _leave_out_the_pause(self, number: int, frame: Any) -> None:
        if self._started is not None:
            now = time.monotonic()
            self._started += now - self._seen_at
            self._seen_at = now

    def _stop_when_used(self, trainer: pl.Trainer) -> None:
        if self.progress >= 1.0:
            trainer.should_stop = True


def cores_in_words() -> str:
    """How many cores training uses, as a text."""
    cores = torch.get_num_threads()
    return f"{cores} core" if cores == 1 else f"{cores} cores"
