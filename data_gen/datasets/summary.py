"""What a person wants to know of a dataset, and a picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data_gen.datasets.dataset import Dataset
from data_gen.datasets.episode_gifs import write_episodes
from data_gen.datasets.manifest import Progress, no_progress
from data_gen.datasets.parts import RECORDED

_PREVIEW_EPISODES = 4
_PREVIEW_TICKS = 300
_MOST_ORIGINS = 8  # that are listed one by one


def summarise(dataset: Dataset, progress: Progress = no_progress) -> dict[str, Any]:
    """What is in a dataset, as plain values. players: share of the seats and ticks that each one
    plays; events: number of ticks that end with each. Raises UserError for a damaged shard."""
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
        "parts": [part.to_dict() for part in manifest.parts],
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
        "from": f"\n{'':<10}".join(_origins(summary["parts"])),
        "players": f"{', '.join(players)} of the seats",
        "events": f"\n{'':<10}".join(events),
        "size": f"{_size(disk)} on the disk in {summary['shards']} shards,"
        f" {_size(raw)} as raw frames: {raw / disk:.0f} to 1",
    }
    return "\n".join(f"{name:<9} {text}" for name, text in rows.items() if text)


def write_preview(dataset: Dataset, path: Path) -> None:
    """Write a gif of the first episodes."""
    episodes = range(min(_PREVIEW_EPISODES, dataset.episodes))
    write_episodes(dataset, episodes, path, _PREVIEW_TICKS)


def _origins(parts: list[dict[str, Any]]) -> list[str]:
    shown = [_origin(part) for part in parts[:_MOST_ORIGINS]]
    hidden = parts[_MOST_ORIGINS:]
    episodes = sum(part["episodes"] for part in hidden)
    return [*shown, f"{episodes:,} episodes of {len(hidden)} other parts"] if hidden else shown


def _origin(part: dict[str, Any]) -> str:
    players, episodes = " ".join(part["players"]), f"{part['episodes']:,} episodes"
    if part["kind"] == RECORDED:
        return f"{episodes} recorded, played by {players}"
    first = f" from number {part['first']:,} on" if part["first"] else ""
    starts = part.get("starts", {})
    begun = ", ".join(f"{kind} {weight:g}" for kind, weight in starts.items())
    where = f", begun at {begun}" if begun else ""
    return f"{episodes} of seed {part['seed']}{first}, played by {players}{where}"


def _size(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
