"""What a run leaves behind while it trains: metrics, gifs, a playable checkpoint, its own state."""

from __future__ import annotations

import csv
import io
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.loggers import WandbLogger
from tqdm import tqdm

from data_gen.atomic import whole_file, write_text
from data_gen.pictures import fitting_factor, to_rgb, write_gif, write_png
from gameengine.budget import Budget
from gameengine.checkpoint import save_engine
from gameengine.data import GameData
from gameengine.judge import exact_horizon
from gameengine.learned_game import LearnedGame
from gameengine.split_screen import (
    SideBySide,
    dream_beside_truth,
    progress_strip,
    split_screens,
)

log = logging.getLogger(__name__)
STRIP_TICKS = 6  # pictures of a row in the strip, about
MOST_SHOWN = 6  # games in a gif, and in a line


class Journal(pl.Callback):
    """Writes metrics.csv after each round and, at growing shares of the budget (`marks`), a gif,
    the horizon so far, a line for people and a checkpoint that can be played. Saves the whole run
    now and then, so that it can go on after it was killed.

    rollouts, ticks: over which the horizon so far is measured. gif_rollouts, gif_ticks: of a gif.
    gif_differences: with a row of wrong pixels. save_every: seconds between two savings of the
    run's state.
    Must come before Lightning's WeightAveraging among the callbacks: validation ends with the
    averaged weights in place, and they are what is judged and saved here.
    """

    def __init__(
        self,
        marks: Sequence[float] = (0.01, 0.03, 0.07, 0.15, 0.3, 0.6),
        rollouts: int = 32,
        ticks: int = 256,
        gif_rollouts: int = 4,
        gif_ticks: int = 128,
        gif_differences: bool = False,
        save_every: float = 20.0,
    ) -> None:
        for name, value in (("rollouts", rollouts), ("ticks", ticks), ("gif_ticks", gif_ticks)):
            if value < 1:
                raise ValueError(f"journal.{name} must be at least 1, not {value}")
        if gif_rollouts < 1:
            raise ValueError(f"journal.gif_rollouts must be at least 1, not {gif_rollouts}")
        self._marks = sorted(marks)
        self._rollouts, self._ticks = rollouts, ticks
        self._gif_rollouts, self._gif_ticks = gif_rollouts, gif_ticks
        self._gif_differences = gif_differences
        self._save_every, self._saved_at = save_every, 0.0
        self.folder = Path()
        self.made: dict[str, Any] = {}
        self.history: list[dict[str, float]] = []  # one row a round
        self._strip: list[tuple[str, NDArray[np.uint8]]] = []

    @property
    def last_checkpoint(self) -> Path:
        """The run's whole state, for --resume."""
        return self.folder / "checkpoints" / "last.ckpt"

    @property
    def playable(self) -> Path:
        """The learned game as it is now."""
        return self.folder / "checkpoints" / "engine.ckpt"

    @property
    def gifs(self) -> list[Path]:
        return sorted((self.folder / "gifs").glob("*.gif"))

    @property
    def strip(self) -> Path:
        return self.folder / "gifs" / "progress.png"

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        budget, data = Budget.of(trainer), GameData.of(trainer)
        row = {
            "step": float(trainer.global_step),
            "seconds": round(budget.seconds, 2),
            "generator_share": data.draw_seconds / max(budget.seconds, 1e-9),
        }
        row |= {name: float(value) for name, value in trainer.callback_metrics.items()}
        passed = [mark for mark in self._marks if mark <= budget.progress]
        if passed:
            self._marks = self._marks[len(passed) :]
            row |= self._note(trainer, pl_module.engine)
        self.history.append(row)
        write_text(self.folder / "metrics.csv", _as_csv(self.history))

    def conclude(self, trainer: pl.Trainer, engine: Any) -> None:
        """Measure, draw and save the finished engine, as the last row of the metrics."""
        row = {"step": float(trainer.global_step), "seconds": round(Budget.of(trainer).seconds, 2)}
        self.history.append(row | self._note(trainer, engine))
        write_text(self.folder / "metrics.csv", _as_csv(self.history))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        due = time.monotonic() - self._saved_at > self._save_every
        if (due or trainer.should_stop) and Budget.of(trainer).progress < 1.0:
            with whole_file(self.last_checkpoint) as temporary:
                trainer.save_checkpoint(temporary)
            self._saved_at = time.monotonic()

    def _note(self, trainer: pl.Trainer, engine: Any) -> dict[str, float]:
        """Measure, draw and save the engine as it is. Returns the measured horizon."""
        budget, data = Budget.of(trainer), GameData.of(trainer)
        learned = data.learned(engine)
        horizons = {
            name: exact_horizon(
                game, data.held_out, -(-self._rollouts // len(learned)), self._ticks
            )
            for name, game in learned.items()
        }
        medians = {name: float(np.median(horizon.ticks)) for name, horizon in horizons.items()}
        median = float(np.median(np.concatenate([one.ticks for one in horizons.values()])))
        shown = self._beside_truth(data, learned)
        gif = self.folder / "gifs" / f"{trainer.global_step:07d}.gif"
        pictures = split_screens(shown, self._gif_differences)
        write_gif(gif, pictures, fps=min(30, data.spec.fps))
        minutes, seconds = divmod(int(budget.seconds), 60)
        self._draw_strip(f"after {minutes}:{seconds:02d}, step {trainer.global_step}", shown)
        save_engine(
            self.playable,
            engine,
            self.made | {"steps": trainer.global_step, "seconds": budget.seconds},
        )
        right = float(trainer.callback_metrics.get("held_out/frames_right", float("nan")))
        censored = sum(horizon.censored for horizon in horizons.values())
        watched = sum(len(horizon.ticks) for horizon in horizons.values())
        at_least = "at least " if censored * 2 > watched else ""
        each = ", ".join(f"{name} {ticks:g}" for name, ticks in medians.items())
        if len(medians) > MOST_SHOWN:
            each = f"{min(medians.values()):g} to {max(medians.values()):g}"
        tqdm.write(
            f"{minutes}:{seconds:02d}  {budget.progress:4.0%}  {right:.1%} of held-out frames right"
            f" over {data.length} tick{'s' * (data.length > 1)};"
            f" the dream stays exact for {at_least}{median:g} ticks"
            + (f" ({each})" if len(medians) > 1 else "")
        )
        _send_to_wandb(trainer, gif, median)
        more = {f"horizon_so_far/{name}": ticks for name, ticks in medians.items()}
        return {"horizon_so_far": median} | (more if len(more) > 1 else {})

    def _beside_truth(self, data: GameData, learned: Mapping[str, LearnedGame]) -> list[SideBySide]:
        """What a gif shows: `gif_rollouts` rollouts, of several games one each at least."""
        names = list(learned)[:MOST_SHOWN]
        rollouts = max(1, self._gif_rollouts // len(names))
        titles = names if len(learned) > 1 else ["truth"]
        return [
            dream_beside_truth(learned[name], data.held_out, rollouts, self._gif_ticks, title)
            for name, title in zip(names, titles, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        return {
            "marks": self._marks,
            "history": self.history,
            "strip": [(name, torch.from_numpy(frames)) for name, frames in self._strip],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._marks, self.history = state_dict["marks"], state_dict["history"]
        self._strip = [(name, frames.numpy()) for name, frames in state_dict["strip"]]

    def _draw_strip(self, name: str, shown: Sequence[SideBySide]) -> None:
        length = shown[0].truth.shape[1]
        spread = np.geomspace(1, length, STRIP_TICKS)
        if len(shown) > 1:
            spread = np.geomspace(1, length, 2 + max(1, STRIP_TICKS // len(shown)))[1:-1]
        ticks = np.unique(spread.round().astype(int))
        if not self._strip:
            named = ", ".join(str(tick) for tick in ticks)
            truth = [to_rgb(one.truth[0, tick - 1], one.spec) for one in shown for tick in ticks]
            title = f"truth at tick{'s' * (len(ticks) > 1)} {named}"
            self._strip.append((title, np.stack(truth)))
        dream = [to_rgb(one.dream[0, tick - 1], one.spec) for one in shown for tick in ticks]
        self._strip.append((name, np.stack(dream)))
        write_png(self.strip, progress_strip(self._strip, fitting_factor(shown[0].spec, 96)))


class ProgressBar(pl.Callback):
    """One bar over the whole budget."""

    def __init__(self) -> None:
        self._bar: Any = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._bar = tqdm(
            total=1000,
            bar_format="{percentage:3.0f}%|{bar:30}| {elapsed}, about {remaining} left{postfix}",
            initial=round(1000 * Budget.of(trainer).progress),
        )

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if batch_idx % 10:
            return
        budget, data = Budget.of(trainer), GameData.of(trainer)
        self._bar.n = round(1000 * budget.progress)
        ticks = trainer.global_step * data.ticks_per_batch / max(budget.seconds, 1e-9)
        share = data.draw_seconds / max(budget.seconds, 1e-9)
        self._bar.set_postfix_str(
            f"loss {float(outputs['loss']):.3g}, {ticks:,.0f} ticks/s, generator {share:.0%}"
        )

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._bar.n = round(1000 * Budget.of(trainer).progress)
        self._bar.close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def _as_csv(history: Sequence[dict[str, float]]) -> str:
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in history)
    return text.getvalue()


def _send_to_wandb(trainer: pl.Trainer, gif: Path, horizon: float) -> None:
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            try:
                import wandb

                logger.experiment.log(
                    {"dream": wandb.Video(str(gif)), "horizon_so_far": horizon},
                    step=trainer.global_step,
                )
            except Exception as error:  # tracking never costs a run
                log.warning("W&B: %s", error)
