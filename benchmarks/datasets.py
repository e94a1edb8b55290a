"""How fast datasets are written and read: random windows of 16 ticks of 32 x 32 Pong, 64 at a time.

    python benchmarks/datasets.py            # a table
    python benchmarks/datasets.py --json     # one JSON object

`np.copyto` of the frames of as many windows is the baseline; on a shared machine the ratios to it
say more than the rates.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.datasets.dataset import MEMORY_LIMIT, Dataset
from data_gen.datasets.generate import generate
from data_gen.registry import make_game

TICKS, BATCH = 16, 64  # of a window; windows at a time
EPISODE_TICKS = 128
PLAYERS = ("sticky", "tracker:0.7")
WANTED = {"from memory": 20_000, "from the disk": 4_000}  # windows/s


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--episodes", type=int, default=20_000, help="default: %(default)s")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="default: 1 2")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each reading, 3 times")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        writing = [measure_writing(Path(folder), asked.episodes, n) for n in asked.workers]
        reading = measure_reading(Path(folder) / f"by-{asked.workers[0]}", asked.seconds)
    told = {"cores": os.cpu_count(), "writing": writing, "reading": reading}
    print(json.dumps(told) if asked.json else table(told))


def measure_writing(folder: Path, episodes: int, workers: int) -> dict[str, Any]:
    """Make a dataset from nothing; the start of the workers counts."""
    game, place = make_game("pong"), folder / f"by-{workers}"
    generate(folder / f"warm-{workers}", game, PLAYERS, 2, 8)  # compiled, or read from the disk
    began = time.perf_counter()
    made = generate(place, game, PLAYERS, episodes, EPISODE_TICKS, workers=workers)
    seconds = time.perf_counter() - began
    size = sum(shard.size for shard in made.manifest.shards)
    frames = episodes * (EPISODE_TICKS + 1)
    return {
        "workers": workers,
        "seconds": round(seconds, 2),
        "frames_per_second": round(frames / seconds),
        "bytes_per_frame": round(size / frames, 1),
    }


def measure_reading(folder: Path, seconds: float) -> dict[str, Any]:
    """Windows per second, the median of three."""
    generator = np.random.default_rng(0)
    manifest_size = sum(path.stat().st_size for path in folder.glob("*.h5"))
    rates: dict[str, float] = {}
    for name, limit in (("from memory", 64 * MEMORY_LIMIT), ("from the disk", 0)):
        dataset = Dataset.open(folder, limit)

        def read(dataset: Dataset = dataset) -> None:
            episodes = generator.integers(0, dataset.episodes, BATCH)
            starts = generator.integers(0, EPISODE_TICKS - TICKS + 1, BATCH)
            dataset.windows(episodes, starts, TICKS)

        rates[name] = windows_per_second(read, seconds)
    source = np.zeros((BATCH, TICKS + 1, 1, 32, 32), np.uint8)
    target = np.zeros_like(source)
    rates["np.copyto"] = windows_per_second(lambda: np.copyto(target, source), seconds / 4)
    return {
        "disk_bytes": manifest_size,
        **{name: {"windows_per_second": round(rate)} for name, rate in rates.items()},
    }


def windows_per_second(read: Callable[[], object], seconds: float) -> float:
    read()
    rates: list[float] = []
    for _ in range(3):
        began, batches = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            read()
            batches += 1
        rates.append(batches * BATCH / (time.perf_counter() - began))
    return statistics.median(rates)


def table(told: dict[str, Any]) -> str:
    lines = ["| writing | frames/s | of the first | bytes a frame |", "|---|---|---|---|"]
    first = told["writing"][0]["frames_per_second"]
    for row in told["writing"]:
        workers = f"{row['workers']} worker{'' if row['workers'] == 1 else 's'}"
        rate = row["frames_per_second"]
        lines.append(f"| {workers} | {rate:,} | {rate / first:.2f} | {row['bytes_per_frame']} |")
    lines += ["", "| reading | windows/s | of np.copyto | wanted |", "|---|---|---|---|"]
    copied = told["reading"]["np.copyto"]["windows_per_second"]
    for name in (*WANTED, "np.copyto"):
        rate = told["reading"][name]["windows_per_second"]
        wanted = f"{WANTED[name]:,}" if name in WANTED else ""
        lines.append(f"| {name} | {rate:,} | {rate / copied:.3f} | {wanted} |")
    return "\n".join([*lines, "", f"{told['cores']} cores"])


if __name__ == "__main__":
    main()
