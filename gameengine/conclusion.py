"""The end of a run: the learned game is saved, judged on held-out rollouts, and reported."""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import torch
from tqdm import tqdm

from data_gen.command_line import this_python
from gameengine.budget import Budget, cores_in_words
from gameengine.curves import draw_curves
from gameengine.evaluate import draw_accuracy
from gameengine.experiment import Experiment
from gameengine.journal import Journal
from gameengine.judge import Judgement, judge, summarise
from gameengine.report import Report

Judgements = Mapping[str, Judgement]  # of each variant, by name


def conclude(experiment: Experiment, journal: Journal) -> None:
    """Save the learned game, measure it on held-out rollouts, write the report and tell of it."""
    trainer, learner = experiment.trainer, experiment.model
    journal.conclude(trainer, learner.engine)  # pyright: ignore[reportArgumentType]
    judgements = _judged(experiment)
    command = f"{this_python()} -m gameengine.play {shlex.quote(str(journal.playable))}"
    report = journal.folder / "report.html"
    _report(experiment, journal, judgements, command).write(report)
    journal.last_checkpoint.unlink(missing_ok=True)  # the run is complete
    seconds = Budget.of(trainer).seconds  # pyright: ignore[reportArgumentType]
    print(f"trained {_in_words(seconds)}, {trainer.global_step} steps")  # pyright: ignore
    for name, judgement in judgements.items():
        of_which = f"{name}: " if len(judgements) > 1 else ""
        summary = summarise(judgement)
        for kind in ("exact", "tracked"):
            if (horizon := summary[f"{kind}_horizon"]) is not None:
                print(
                    f"{of_which}{kind} horizon over {judgement.rollouts} held-out rollouts of"
                    f" {judgement.ticks} ticks: median {horizon['median']:g}, 10th percentile"
                    f" {horizon['p10']:g} ({horizon['censored']} never went wrong)"
                )
    print(f"report: {report}")
    print(f"play it: {command}")
    name, game = list(experiment.datamodule.variants.items())[-1]
    own, first = game.spec.to_dict()["options"], learner.engine.spec.to_dict()["options"]
    if options := {key: value for key, value in own.items() if value != first[key]}:
        told = " ".join(shlex.quote(f"{key}={_as_text(v)}") for key, v in options.items())
        print(f"and, say, {name}: {command} --option {told}")


def _judged(experiment: Experiment) -> dict[str, Judgement]:
    """Of each variant; they share the rollouts."""
    data, asked = experiment.datamodule, experiment.settings["judge"]
    learned = data.learned(experiment.model.engine)
    rollouts = -(-asked["rollouts"] // len(learned))
    judgements: dict[str, Judgement] = {}
    total = asked["ticks"] * len(learned)
    with tqdm(total=total, desc="judging", unit="tick", leave=False) as bar:
        for name, game in learned.items():
            judgements[name] = judge(
                game, data.held_out, rollouts, asked["ticks"], progress=bar.update
            )
    return judgements


def _report(
    experiment: Experiment, journal: Journal, judgements: Judgements, command: str
) -> Report:
    learner, data = experiment.model, experiment.datamodule
    spec = learner.engine.spec
    parameters = sum(weight.numel() for weight in learner.engine.parameters())
    seconds = Budget.of(experiment.trainer).seconds  # pyright: ignore[reportArgumentType]
    first = next(iter(judgements.values()))
    each = " of each game" if len(judgements) > 1 else ""
    return Report(
        title=f"{experiment.settings['name']}: a learned {spec.name}",
        lead=f"{type(learner.engine).__name__}, {parameters:,} parameters, trained"
        f" {_in_words(seconds)} on {cores_in_words()}. Judged on"
        f" {first.rollouts} rollouts{each} of {first.ticks} ticks, with"
        f" {'seeds and players' if data.sees_strangers else 'seeds'} that training never saw.",
        command=command,
        figures=_tiles(judgements),
        gifs=[
            (
                journal.gifs[-1],
                "Truth above, dream below; a dream's border turns red where it parts.",
            )
        ],
        strips=[(journal.strip, "Red border: at least one pixel of this frame is wrong.")],
        curves=_curves(journal, judgements),
        config=experiment.settings_as_yaml(),
        versions={
            "Python": platform.python_version(),
            "torch": str(torch.__version__),
            "pytorch-lightning": version("pytorch-lightning"),
        },
    )


def _curves(journal: Journal, judgements: Judgements) -> list[tuple[Path, str]]:
    """Draw the run's curves. Returns each file with what it shows."""
    pictures = journal.folder / "curves"
    _draw_horizons(pictures / "accuracy.png", judgements)
    drawn = [(pictures / "accuracy.png", "How long the dream stays true.")]
    across = "minutes of training"
    for name, text in (
        ("train/loss", "Loss per tick on training windows."),
        ("held_out/frames_right", "Share of right frames in held-out windows."),
        ("length", "Length of the training windows, in ticks."),
        ("horizon_so_far", "Median exact horizon so far, in ticks."),
    ):
        rows = [row for row in journal.history if name in row]
        if not rows:
            continue
        path = pictures / f"{name.replace('/', '_')}.png"
        values = [row[name] for row in rows]
        log = "log" if name == "train/loss" and min(values) > 0 else "linear"
        points = ([row["seconds"] / 60 for row in rows], values)
        draw_curves(path, {name: points}, (across, name), scale=("linear", log))
        drawn.append((path, text))
    return drawn


def _draw_horizons(path: Path, judgements: Judgements) -> None:
    if len(judgements) == 1:
        draw_accuracy(path, *judgements.values())
        return
    curves = {
        name: (range(1, judgement.ticks + 1), judgement.survival.tolist())
        for name, judgement in judgements.items()
    }
    draw_curves(path, curves, ("ticks after the context", "rollouts exact so far"))


def _tiles(judgements: Judgements) -> list[tuple[str, str]]:
    if len(judgements) > 1:
        medians = {name: summarise(one)["exact_horizon"] for name, one in judgements.items()}
        return [
            (f"{horizon['median']:,.0f}", f"{name}: exact horizon, median, in ticks")
            for name, horizon in medians.items()
        ]
    (judgement,) = judgements.values()
    summary, tiles = summarise(judgement), list[tuple[str, str]]()
    for name in ("exact", "tracked"):
        if (horizon := summary[f"{name}_horizon"]) is not None:
            tiles += [
                (f"{horizon['median']:,.0f}", f"{name} horizon, median, in ticks"),
                (f"{horizon['p10']:,.0f}", f"{name} horizon, 10th percentile"),
            ]
    share = judgement.exact.censored / judgement.rollouts
    return [*tiles, (f"{share:.0%}", f"still exact after {judgement.ticks:,} ticks")]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _in_words(seconds: float) -> str:
    return f"{seconds:.1f} seconds" if seconds < 60 else f"{seconds / 60:.1f} minutes"
