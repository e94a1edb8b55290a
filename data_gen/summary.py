"""What a person wants to know of a dataset, and a picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data_gen.dataset import Dataset
from data_gen.manifest import Progress, no_progress
from data_gen.pictures import (
    caption,
    enlarge,
    fitting_factor,
    stack,
    to_rgb,
    write_gif,
)

_PREVIEW_EPISODES = 4
_PREVIEW_TICKS = 300


def summarise(dataset: Dataset, progress: Progress = no_progress) -> dict[str, Any]:
    """What is in a dataset, as plain values. players: share of the seats that each one plays;
    events: number of ticks that end with each. Raises UserError for a damaged shard."""
    manifest, spec = dataset.manifest, dataset.spec
    seats = np.zeros(len(dataset.players), np.int64)
    ticks = np.zeros(len(spec.events), np.int64)
    done = 0
    for policy, event in zip(dataset.column("policy"), dataset.column("event"), strict=True):
        seats += np.bincount(policy.flatten(), minlength=len(seats))
        ticks += np.bincount(event.flatten(), minlength=len(ticks))
        done += len(policy)
        progress(done, dataset.episodes)
    raw = dataset.episodes * (dataset.ticks + 1) * int(np.prod(spec.shape))
    return {
        "game": spec.name,
        "version": spec.version,
        "options": dict(spec.options),
        "frame_shape": list(spec.shape),
        "colours": len(spec.palette) if spec.palette else None,
        "episodes": dataset.episodes,
        "ticks": dataset.ticks,
        "seed": manifest.seed,
        "players": [
            {"name": name, "share": round(float(count / seats.sum()), 4)}
            for name, count in zip(dataset.players, seats, strict=True)
        ],
        "events": {name: int(count) for name, count in zip(spec.events, ticks, strict=True)},
        "shards": len(manifest.shards),
        "disk_bytes": sum(shard.size for shard in manifest.shards),
        "raw_bytes": raw,
    }


def table(summary: dict[str, Any]) -> str:
    """`summarise`'s values as lines that a person reads."""
    _, height, width = summary["frame_shape"]
    colours = f"{summary['colours']} colours" if summary["colours"] else "true colour"
    all_ticks = summary["episodes"] * summary["ticks"]
    disk, raw = summary["disk_bytes"], summary["raw_bytes"]
    players = [f"{entry['name']} {entry['share']:.1%}" for entry in summary["players"]]
    events = [
        f"{count:>{len(f'{all_ticks:,}')},} {name}, {count / all_ticks:.2%} of the ticks"
        for name, count in summary["events"].items()
    ]
    rows = {
        "game": f"{summary['game']}, version {summary['version']}",
        "options": ", ".join(f"{key} {value}" for key, value in summary["options"].items()),
        "frames": f"{height} x {width}, {colours}",
        "episodes": f"{summary['episodes']:,} of {summary['ticks']:,} ticks",
        "seed": str(summary["seed"]),
        "players": f"{', '.join(players)} of the seats",
        "events": f"\n{'':<10}".join(events),
        "size": f"{_size(disk)} on the disk in {summary['shards']} shards,"
        f" {_size(raw)} as raw frames: {raw / disk:.0f} to 1",
    }
    return "\n".join(f"{name:<9} {text}" for name, text in rows.items() if text)


def write_preview(dataset: Dataset, path: Path) -> None:
    """Write a gif of the first episodes side by side, each under its number and its players."""
    spec = dataset.spec
    count = min(_PREVIEW_EPISODES, dataset.episodes)
    ticks = min(_PREVIEW_TICKS, dataset.ticks)
    shown = dataset.windows(np.arange(count), np.zeros(count, np.int64), ticks)
    factor = fitting_factor(spec)
    titles = [
        caption(
            spec.shape[2] * factor,
            f"{episode}: {' - '.join(dataset.players[number] for number in policy)}",
        )
        for episode, policy in enumerate(shown.policy)
    ]
    pictures = []
    for frames in np.moveaxis(to_rgb(shown.frames, spec), 1, 0):  # (N, H, W, 3) of every tick
        enlarged = enlarge(frames, factor)
        columns = [stack([title, one], 0, 0) for title, one in zip(titles, enlarged, strict=True)]
        pictures.append(stack(columns, 1))
    write_gif(path, pictures, fps=min(spec.fps, 30))


def _size(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
