"""A run from its config to its end: what experiments/run.py does once torch is loaded."""

from __future__ import annotations

import contextlib
import logging
import shlex
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from data_gen.atomic import write_text
from data_gen.command_line import this_python
from data_gen.errors import UserError
from gameengine.budget import Budget, cores_in_words
from gameengine.checkpoint import load_checkpoint
from gameengine.conclusion import conclude
from gameengine.experiment import Experiment
from gameengine.journal import Journal, ProgressBar
from gameengine.precision import bfloat16_is_faster
from gameengine.stopping import StopBetweenRounds
from gameengine.tracking import make_wandb_logger


def train(arguments: Sequence[str], resumed: Path | None = None) -> int:
    """Run the experiment that the arguments describe, or go on with the run in folder `resumed`.

    Returns the exit code: 0, or 130 when the user stopped it. Raises UserError for bad settings.
    """
    _quiet()
    arguments = list(arguments)
    experiment = Experiment(arguments)
    wanted = experiment.settings["trainer"]["precision"]
    if resumed is None and wanted == "bf16-mixed" and not bfloat16_is_faster():
        print("bfloat16 is slower than float32 on this processor: training in float32")
        arguments.append("--trainer.precision=32-true")
        experiment = Experiment(arguments)
    longest, least = (
        max(experiment.settings["growth"]["lengths"]),
        experiment.model.engine.least_ticks,
    )
    if longest < least:
        print(
            f"growth.lengths end at {longest} ticks, and this engine looks back {least - 1}: it is"
            f" not taught to go on from there unless they reach {least}"
        )
    if resumed is not None:
        _check_resumable(resumed, experiment)
    return Run(experiment, resumed, arguments).go(resumed is not None)


def train_unjudged(config: Path, runs: Path, name: str, settings: Mapping[str, Any]) -> Path:
    """Train as a config says, but for `settings`, such as "budget.steps", and hardly judge or draw
    what is learned: for experiments that judge it in their own way. Returns the run's folder.

    Raises KeyboardInterrupt if the user stopped it, and UserError for bad settings.
    """
    seldom = ["judge.rollouts", "judge.ticks", "journal.rollouts", "journal.ticks"]
    few = dict.fromkeys([*seldom, "journal.gif_rollouts", "journal.gif_ticks"], 1)
    all_settings = {"config": config, "runs": runs, "name": name, "wandb": "off", **few, **settings}
    if train([f"--{key}={value}" for key, value in all_settings.items()]):
        raise KeyboardInterrupt
    return max((runs / name).iterdir())


class Run:
    """One training of one experiment, in its own folder."""

    def __init__(
        self, experiment: Experiment, resumed: Path | None, arguments: Sequence[str]
    ) -> None:
        settings = experiment.settings
        self._experiment = experiment
        self._settings = settings
        self._name: str = settings["name"]
        self.folder = resumed or _new_folder(Path(settings["runs"]) / self._name)
        self._trainer: pl.Trainer = experiment.trainer
        callbacks: list[pl.Callback] = self._trainer.callbacks  # pyright: ignore
        self._budget = Budget.of(self._trainer)
        self.journal = next(one for one in callbacks if isinstance(one, Journal))
        self.journal.folder = self.folder
        self.journal.made = {"command": shlex.join(["experiments/run.py", *arguments])}
        self._stopping = StopBetweenRounds()
        callbacks.insert(0, self._stopping)  # before the Journal, which saves what ends
        callbacks += [
            ProgressBar(),
            # Last: validation must end with the averaged weights still in place.
            WeightAveraging(multi_avg_fn=warm_average(settings["ema"])),
        ]

    def go(self, resume: bool) -> int:
        """Train, then judge and report. Returns the exit code."""
        if not resume:
            write_text(self.folder / "config.yaml", self._experiment.settings_as_yaml())
        logger = make_wandb_logger(
            self.folder, "gameengine", self._name, self._settings, self._settings["wandb"]
        )
        if logger is not None:
            self._trainer.loggers = [logger]  # pyright: ignore[reportAttributeAccessIssue]
        budget = self._settings["budget"]
        limit = (
            f"{budget['minutes']:g} minutes" if budget["minutes"] else f"{budget['steps']} steps"
        )
        print(f"{self._name}: training for at most {limit} on {cores_in_words()},")
        print(f"everything goes to {self.folder}; Ctrl-C stops, and loses nothing", flush=True)
        try:
            self._trainer.fit(
                self._experiment.model,
                datamodule=self._experiment.datamodule,
                ckpt_path=self.journal.last_checkpoint if resume else None,
                weights_only=True,
            )
        except SystemExit:  # how Lightning ends a run at the second Ctrl-C
            return self._stopped()
        if self._stopping.asked and self._budget.progress < 1.0:
            return self._stopped()
        conclude(self._experiment, self.journal)
        return 0

    def _stopped(self) -> int:
        print(f"stopped after {self._budget.progress:.0%}", end="")
        if self.journal.last_checkpoint.is_file():
            folder = shlex.quote(str(self.folder))
            print(f"; go on with\n  {this_python()} experiments/run.py --resume {folder}")
        else:
            print(", before anything was saved")
        return 130


def warm_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    """An exponential moving average of weights that soon forgets the first, untrained ones: after n
    steps its decay is (1 + n) / (10 + n), at most `decay`."""

    @torch.no_grad()
    def update(averages: list[Tensor], weights: list[Tensor], steps: Tensor | int) -> None:
        warming = (1 + float(steps)) / (10 + float(steps))
        torch._foreach_lerp_(averages, weights, 1 - min(decay, warming))  # pyright: ignore

    return update


def _new_folder(parent: Path) -> Path:
    """runs/<experiment>/<time>, made now so that a second run cannot take the same."""
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d_%H-%M-%S")
    for name in (stamp, *(f"{stamp}_{number}" for number in range(2, 100))):
        with contextlib.suppress(FileExistsError):
            try:
                (parent / name).mkdir(parents=True)
            except OSError as error:
                if isinstance(error, FileExistsError):
                    raise
                raise UserError(f"cannot write {parent}: {error.strerror}") from error
            return parent / name
    raise UserError(f"{parent} has too many runs of this second")


def _check_resumable(folder: Path, experiment: Experiment) -> None:
    """Raises UserError if the run in `folder` cannot go on with these settings."""
    last = folder / "checkpoints" / "last.ckpt"
    if (folder / "report.html").is_file() and not last.is_file():
        raise UserError(f"this run is complete; see {folder / 'report.html'}")
    if not last.is_file():
        raise UserError(f"nothing was saved to go on with: there is no {last}")
    before, now = load_checkpoint(last).engine, experiment.model.engine
    if type(before) is not type(now) or before.options != now.options or before.spec != now.spec:
        raise UserError("a run goes on with the engine and the game that it began with")


def _quiet() -> None:
    """Lightning's advice is for other ways of training than this one."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(pytorch_lightning|lightning_fabric|jsonargparse)\b")
    warnings.filterwarnings("ignore", message=r".*(does not have many workers|tensorboardX).*")
