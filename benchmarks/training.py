"""How fast training is: through Lightning, as runs train, and in plain PyTorch loops.

    python -m benchmarks.training [--engine feedback] [--game pong] [--json]

Engines are the YAML files in experiments/leaderboard, games the leaderboard's.

All three train the same network on the same batches with the same optimiser and loss, in turn, a
round each, in one process; medians over the rounds count. The plain loop does all that a run does
(mining, averaged weights, schedule, a validation a round), so that what it needs less is what
Lightning costs; both end with the same weights, to the bit. The bare loop does without those.
Ratios are of processor time: on a shared machine that varies less than wall-clock time.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch.optim.swa_utils import AveragedModel

from gameengine.evaluate import milliseconds_per_tick
from gameengine.experiment import Experiment
from gameengine.leaderboard.games import BLOCKS
from gameengine.learned_game import LearnedGame
from gameengine.precision import bfloat16_is_faster
from gameengine.training import Run, warm_average

CONFIGS = Path(__file__).parent.parent / "experiments" / "leaderboard"
ALLOWED = 0.05  # of the time, for Lightning


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", default="feedback", help="default: %(default)s")
    parser.add_argument("--game", default="pong", choices=BLOCKS, help="default: %(default)s")
    parser.add_argument("--length", type=int, help="of the windows; default: the config's longest")
    parser.add_argument("--rounds", type=int, default=7, help="of each, after one; default: 7")
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        told = measure(asked, folder)
    print(json.dumps(told) if asked.json else table(told))


def measure(asked: argparse.Namespace, folder: str) -> dict[str, Any]:
    """What the table tells. folder: for what a run leaves behind."""
    arguments, length = prepared(asked, folder)
    experiment = Experiment(arguments)
    turns = Turns(
        {name: PlainLoop(arguments, length, all_of_it) for name, all_of_it in LOOPS.items()}
    )
    with contextlib.redirect_stdout(io.StringIO()):
        run = Run(experiment, None, arguments)
        experiment.trainer.callbacks.append(turns)  # pyright: ignore[reportAttributeAccessIssue]
        run.go(resume=False)
    data = experiment.datamodule
    ticks = data.round_batches * max(1, data.ticks_per_batch // length) * length  # of a round
    wall, cpu = (
        {name: statistics.median(t[kind] for t in times[1:]) for name, times in turns.spent.items()}
        for kind in (0, 1)
    )
    return {
        "engine": asked.engine,
        "game": asked.game,
        "length": length,
        "threads": torch.get_num_threads(),
        "ticks_per_second": {name: round(ticks / value) for name, value in wall.items()},
        "ticks_per_cpu_second": {name: round(ticks / value) for name, value in cpu.items()},
        "lightning_share": round(1 - cpu["plain loop"] / cpu["Lightning"], 4),
        "same_weights": turns.same_weights,
        "generator_share": round(
            data.draw_seconds / sum(t[0] for t in turns.spent["Lightning"]), 4
        ),
        "play_ms": round(milliseconds_per_tick(LearnedGame(experiment.model.engine)), 3),
    }


def prepared(asked: argparse.Namespace, folder: str) -> tuple[list[str], int]:
    """The arguments of the experiment, and the length of its windows in ticks."""
    arguments = [
        *("--config", str(CONFIGS / f"{asked.engine}.yaml")),
        *("--runs", folder, "--wandb=off", "--journal.marks=[]"),
        "--journal.save_every=1e9",  # it goes by the clock, which runs on in the other loops' turns
        *("--judge.rollouts=1", "--judge.ticks=1", "--budget.minutes=null"),
    ]
    for key, value in BLOCKS[asked.game].settings.items():
        arguments.append(f"--{key}={value if isinstance(value, str) else json.dumps(value)}")
    settings = Experiment([*arguments, "--budget.steps=1"]).settings
    if settings["trainer"]["precision"] == "bf16-mixed" and not bfloat16_is_faster():
        arguments.append("--trainer.precision=32-true")
    length = asked.length or settings["growth"]["lengths"][-1]
    steps = (asked.rounds + 1) * settings["data"]["round_batches"]
    return [*arguments, f"--growth.lengths=[{length}]", f"--budget.steps={steps}"], length


Times = tuple[float, float]  # seconds: by the clock, of the processor
LOOPS = {"plain loop": True, "bare loop": False}  # whether it does all that a run does


def now() -> Times:
    return time.perf_counter(), time.process_time()


class PlainLoop:
    """The training of an experiment without Lightning, a round at a time."""

    def __init__(self, arguments: list[str], length: int, all_of_it: bool) -> None:
        experiment = Experiment(arguments)
        self._learner, self._data = experiment.model, experiment.datamodule
        self._data.length = length
        self._all_of_it = all_of_it
        self._optimizer = self._learner.configure_optimizers()
        settings = experiment.settings
        self._steps, self._step = settings["budget"]["steps"], 0
        self._warmup = settings["model"]["warmup"]
        self._forced = settings["model"]["teacher_forcing"]
        self._clip = settings["model"]["clip"]
        self._bfloat16 = settings["trainer"]["precision"] == "bf16-mixed"
        self.average = AveragedModel(
            self._learner, use_buffers=True, multi_avg_fn=warm_average(settings["ema"])
        )

    def round(self) -> None:
        """Train a round."""
        for batch in self._data.train_dataloader():
            self._train(batch)
        if self._all_of_it:
            with torch.no_grad():
                for batch in self._data.val_dataloader():
                    self._judge(self.average.module, batch, forced=False)

    def _train(self, batch: dict[str, torch.Tensor]) -> None:
        factor = min(1.0, (self._step + 1) / self._warmup) * (1 - self._step / self._steps)
        for group in self._optimizer.param_groups:
            group["lr"] = group["full_rate"] * factor
        loss, wrong = self._judge(self._learner, batch, self._forced)
        if self._all_of_it:
            self._data.mine(batch, (wrong > 0).any(1))
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learner.parameters(), self._clip)
        self._optimizer.step()
        self._step += 1
        if self._all_of_it:
            self.average.update_parameters(self._learner)

    def _judge(self, learner: Any, batch: dict[str, torch.Tensor], forced: bool) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            return learner.judged(batch, forced)


class Turns(pl.Callback):
    """After each round of a run, a round of each loop. Must be the last callback, so that the whole
    of the run's round is before it."""

    def __init__(self, loops: dict[str, PlainLoop]) -> None:
        self._loops = loops
        self.spent: dict[str, list[Times]] = {name: [] for name in ("Lightning", *loops)}
        self.same_weights = False
        self._since = now()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since = now()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._note("Lightning")
        for name, loop in self._loops.items():
            loop.round()
            self._note(name)

    def _note(self, name: str) -> None:
        before, self._since = self._since, now()
        self.spent[name].append((self._since[0] - before[0], self._since[1] - before[1]))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        ours = pl_module.state_dict()  # the averaged weights: those are what a run ends with
        theirs = self._loops["plain loop"].average.module.state_dict()
        self.same_weights = all(torch.equal(ours[name], theirs[name]) for name in ours)


def table(told: dict[str, Any]) -> str:
    """The rates in Markdown, each as a share of the plain loop's."""
    wall, cpu = told["ticks_per_second"], told["ticks_per_cpu_second"]
    head = f"training {told['engine']} on {told['game']}, windows of {told['length']}"
    lines = [
        f"| {head} | ticks/s | ticks per processor second | of the plain loop |",
        "|---|---|---|---|",
        *(
            f"| {name} | {rate:,} | {cpu[name]:,} | {cpu[name] / cpu['plain loop']:.3f} |"
            for name, rate in wall.items()
        ),
    ]
    kept = "kept" if told["lightning_share"] < ALLOWED else "broken"
    same = "the same" if told["same_weights"] else "NOT the same"
    return "\n".join(
        [
            *lines,
            "",
            f"- Lightning costs {told['lightning_share']:.1%} of the time; under {ALLOWED:.0%}"
            f" is wanted: {kept}. The plain loop ends with {same} weights.",
            f"- the generator takes {told['generator_share']:.1%} of the time",
            f"- play: {told['play_ms']} ms a tick, one game, one thread",
            f"- {told['threads']} thread{'s' * (told['threads'] > 1)}",
        ]
    )


if __name__ == "__main__":
    main()
