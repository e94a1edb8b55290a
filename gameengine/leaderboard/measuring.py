"""What is measured of a cell once it is trained."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint
from gameengine.configs import read_config
from gameengine.engine import Engine
from gameengine.evaluate import milliseconds_per_tick
from gameengine.leaderboard.baseline import CopyLastFrame
from gameengine.leaderboard.cells import EARLY, Asked
from gameengine.leaderboard.games import BLOCKS
from gameengine.leaderboard.judging import Verdict, judge_until_lost, survival
from gameengine.learned_game import LearnedGame

CURVE_POINTS = 120  # on a logarithmic axis of time
LEARNING_POINTS = 40  # over the training
COMPARED = (
    "compared/wrong_pixels"  # in metrics.csv: in held-out windows of one length, see GameData
)


def measure(plan: Mapping[str, Any], run: Path | None, asked: Asked) -> dict[str, Any]:
    """Judge the trained engine. Returns what a result adds to the plan. run: the folder of the
    training; None for the baseline."""
    engine, trained = _baseline(plan) if run is None else _trained(run)
    learned = LearnedGame(engine)
    cast = make_players(plan["game"]["data.held_out_players"])
    started = time.perf_counter()
    verdict = judge_until_lost(learned, cast, asked.rollouts, asked.ticks)
    seconds = time.perf_counter() - started
    return (
        trained
        | _figures(verdict)
        | {
            "parameters": sum(weight.numel() for weight in engine.parameters()),
            "play_ms": round(milliseconds_per_tick(learned), 3),
            "judging_seconds": round(seconds, 1),
        }
    )


def _figures(verdict: Verdict) -> dict[str, Any]:
    ticks = np.unique(np.geomspace(1, verdict.ticks, CURVE_POINTS).round().astype(np.int64))
    watched = ticks[ticks <= len(verdict.frame_accuracy)]
    curves: dict[str, Any] = {
        "ticks": ticks.tolist(),
        "frames": _short(verdict.frame_accuracy[watched - 1]),
        "wrong_pixels": _short(verdict.wrong_pixels[watched - 1]),
    }
    horizons: dict[str, Any] = {"exact": None, "tracked": None}
    marks = np.array([mark for mark in (100, 1_000, 10_000) if mark <= verdict.ticks])
    survived: dict[str, dict[str, float]] = {}
    for kind, horizon in (("exact", verdict.exact), ("tracked", verdict.tracked)):
        if horizon is not None:
            horizons[kind] = horizon.summary()
            shares = _short(survival(horizon, marks))
            survived[kind] = dict(zip(map(str, marks.tolist()), shares, strict=True))
            curves[kind] = _short(survival(horizon, ticks))
    early = round(float(verdict.wrong_pixels[:EARLY].mean()), 4)
    return horizons | {"survival": survived, "wrong_pixels": early, "curves": curves}


def _baseline(plan: Mapping[str, Any]) -> tuple[Engine, dict[str, Any]]:
    block = BLOCKS[plan["block"]]
    return CopyLastFrame(make_game(block.game, **block.options).spec), {}


def _trained(run: Path) -> tuple[Engine, dict[str, Any]]:
    """The engine, and the figures of its training."""
    loaded = load_checkpoint(run / "checkpoints" / "engine.ckpt")
    steps, seconds = loaded.made["steps"], loaded.made["seconds"]
    per_batch = read_config(run / "config.yaml")["data"]["ticks_per_batch"]
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    shares = [row["generator_share"] for row in rows if row["generator_share"]]
    return loaded.engine, {
        "steps": steps,
        "seconds": round(seconds, 1),
        "ticks_per_second": round(steps * per_batch / seconds),
        "generator_share": float(shares[-1]) if shares else None,
        "learning": _learning(rows),
    }


def _learning(rows: Sequence[Mapping[str, str]]) -> dict[str, list[float]] | None:
    """Wrong pixels of a frame over minutes of training; None for a run that did not compare."""
    compared = [row for row in rows if row.get(COMPARED)]
    if not compared:
        return None
    chosen = np.unique(np.linspace(0, len(compared) - 1, LEARNING_POINTS).round().astype(np.int64))
    kept = np.array([(compared[i]["seconds"], compared[i][COMPARED]) for i in chosen], np.float64)
    return {"minutes": _short(kept[:, 0] / 60), "wrong_pixels": _short(kept[:, 1])}


def _short(values: NDArray[np.float64]) -> list[float]:
    """Of four digits, so that a result stays a small file."""
    return [float(f"{value:.4g}") for value in values]
