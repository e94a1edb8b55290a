"""How fast a learned Life runs: the network tick by tick, and the table that it was turned into.

    python -m benchmarks.learned_life [CHECKPOINT] [--json]

One board of 64 x 64 and one of 1,024 x 1,024, one thread; the true game beside them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_gen.games.life import life
from gameengine.checkpoint import load_checkpoint
from gameengine.compiled_life import CompiledLife
from gameengine.learned_game import LearnedGame
from gameengine.retargeting import for_spec

LIFE_CKPT = Path(__file__).parent.parent / "assets" / "life.ckpt"
SECONDS = 2.0  # that each is measured for, at least


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=LIFE_CKPT)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    told = {f"{side} x {side}": measure(asked.checkpoint, side) for side in (64, 1024)}
    print(json.dumps(told) if asked.json else table(told))


def measure(checkpoint: Path, side: int) -> dict[str, float]:
    """Ticks a second."""
    truth = life(size=(side, side))
    engine = for_spec(load_checkpoint(checkpoint).engine, truth.spec)
    network, compiled = LearnedGame(engine), CompiledLife(engine)
    seeds, idle = np.zeros(1, np.uint64), np.zeros((1, 1), np.int64)
    dream = network.init(seeds)
    state = truth.init(seeds)
    ticks = max(1, 2_000_000 // side**2)
    return {
        "network": per_second(1, lambda: network.render(network.step(dream, idle))),
        "table": per_second(ticks, lambda: compiled.advance(state, ticks)),
        "table, every frame": per_second(1, lambda: compiled.render(compiled.step(state, idle))),
        "true game": per_second(ticks, lambda: truth.advance(state, ticks)),
    }


def per_second(ticks: int, job: Callable[[], Any]) -> float:
    job()
    times, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < SECONDS:
        job()
        times += 1
    return round(times * ticks / passed, 1)


def table(told: dict[str, dict[str, float]]) -> str:
    names = list(next(iter(told.values())))
    lines = ["| ticks/s | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for board, one in told.items():
        lines.append(f"| {board} | " + " | ".join(f"{one[name]:,.0f}" for name in names) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
