"""Ctrl-C that loses nothing."""

from __future__ import annotations

import signal
import sys
from typing import Any

import pytorch_lightning as pl
from tqdm import tqdm

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopBetweenRounds(pl.Callback):
    """The first Ctrl-C (or SIGTERM) ends the run after the present round, whole and saved; the
    second one at once. Must come before the Journal, which saves what ends."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Here, after Lightning has put in its own: that one would end the round in its middle.
        self._before = {name: signal.signal(name, self._ask) for name in SIGNALS}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self.asked

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._restore()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._restore()

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        tqdm.write("stopping after this round; once more stops at once", sys.stderr)

    def _restore(self) -> None:
        for name, handler in self._before.items():
            signal.signal(name, handler)
        self._before = {}
