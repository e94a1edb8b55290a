"""Files of recorded play: what was done in the true game, tick by tick, but no frames.

An .npz file with `format`, `game` (a GameSpec as JSON), `players` (names), and of N plays their
`seeds` (N,) uint64, `lengths` (N,) in ticks, `shown` (N,), the CRC-32 of the last frame that the
person saw, and one play after the other `actions` and `policy` (sum of lengths, P) uint8.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.atomic import whole_file
from data_gen.datasets.dataset import true_game
from data_gen.datasets.manifest import Manifest, Planned, Progress, differences, no_progress
from data_gen.datasets.parts import RECORDED, Part
from data_gen.datasets.recorded import Play, digest, first_ticks, recorded_columns
from data_gen.datasets.shards import Columns, shard_bytes, unpack
from data_gen.datasets.writing import Shards, Written, fill
from data_gen.errors import UserError
from data_gen.game import AnyGame, Frames, GameSpec
from data_gen.players import MOST_PLAYERS

_FORMAT = "gameengine recording 1"
_TYPES: dict[str, tuple[Any, int]] = {  # with the number of axes
    "seeds": (np.uint64, 1),
    "lengths": (np.int64, 1),
    "shown": (np.uint32, 1),
    "actions": (np.uint8, 2),
    "policy": (np.uint8, 2),
}
_NO_RECORDING = (
    *(AttributeError, EOFError, KeyError, RecursionError, TypeError, ValueError),
    *(NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error),  # strange zip files
)


@dataclass(frozen=True)
class Recording:
    """Plays of one game. players: names; a play's policy counts them. shown: for each play the
    CRC-32 of its last frame."""

    spec: GameSpec
    players: tuple[str, ...]
    plays: tuple[Play, ...]
    shown: tuple[int, ...]

    def write(self, path: Path) -> None:
        """Write a whole file. Raises UserError if it cannot be written."""
        seats = np.zeros((0, len(self.spec.players)), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            format=np.array(_FORMAT),
            game=np.array(json.dumps(self.spec.to_dict())),
            players=np.array(self.players),
            seeds=np.array([play.seed for play in self.plays], np.uint64),
            lengths=np.array([len(play.actions) for play in self.plays], np.int64),
            shown=np.array(self.shown, np.uint32),
            actions=np.concatenate([seats, *(play.actions for play in self.plays)]),
            policy=np.concatenate([seats, *(play.policy for play in self.plays)]),
        )
        with whole_file(path) as temporary:
            temporary.write_bytes(buffer.getvalue())


@dataclass(frozen=True)
class Imported:
    """A dataset of recordings. left_out: how many plays were shorter than an episode."""

    written: Written
    left_out: int


def frame_checksum(frame: Frames) -> int:
    """The CRC-32 of a frame (C, H, W)."""
    return zlib.crc32(frame.tobytes())


def read_recording(path: Path) -> Recording:
    """Undo `Recording.write`. Raises UserError for what is no recording."""
    try:
        with path.open("rb") as raw:
            if not zipfile.is_zipfile(raw):
                raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as file:
            if str(file["format"]) != _FORMAT:
                raise ValueError(f"its format is {str(file['format'])!r}, not {_FORMAT!r}")
            spec = GameSpec.from_dict(json.loads(str(file["game"])))
            players = tuple(file["players"].tolist())
            columns = {name: file[name] for name in _TYPES}
        _check(spec, players, columns)
        ends = np.cumsum(columns["lengths"])[:-1]
        pieces = [np.split(columns[name], ends) for name in ("actions", "policy")]
        seeds = columns["seeds"].tolist()
        plays = [Play(*play) for play in zip(seeds, *pieces, strict=bool(seeds))]
        return Recording(spec, players, tuple(plays), tuple(columns["shown"].tolist()))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except _NO_RECORDING as error:
        raise UserError(f"{path} is not a recording, or it is damaged: {error}") from error


def _check(spec: GameSpec, players: tuple[str, ...], columns: dict[str, NDArray[Any]]) -> None:
    """Raises ValueError for what `Recording.write` does not write."""
    for name, (kind, axes) in _TYPES.items():
        values = columns[name]
        if values.dtype != kind or values.ndim != axes:
            raise ValueError(
                f"{name} must be {np.dtype(kind)} with {axes} axes, not {values.dtype} with"
                f" {values.ndim}"
            )
    if not players or not all(isinstance(name, str) and name for name in players):
        raise ValueError(f"players must be names, not {players!r}")
    if len(set(players)) != len(players) or len(players) > MOST_PLAYERS:
        raise ValueError(f"players must be at most {MOST_PLAYERS} different names")
    lengths, (ticks, seats) = columns["lengths"], columns["actions"].shape
    if not len(columns["seeds"]) == len(columns["shown"]) == len(lengths):
        raise ValueError("it has not one seed, length and last frame for each play")
    if seats != len(spec.players) or columns["policy"].shape != (ticks, seats):
        raise ValueError(f"actions and policy must be of {len(spec.players)} seats, equally long")
    # in Python's numbers, which do not overflow
    if any(length < 0 for length in lengths.tolist()) or sum(lengths.tolist()) != ticks:
        raise ValueError(f"the lengths of its plays are not those of {ticks} ticks")
    for name, count in (("actions", spec.choices), ("policy", len(players))):
        if np.any(columns[name] >= count):
            raise ValueError(f"{name} must be below {count}, not {columns[name].max()}")


def import_recordings(
    paths: Sequence[Path], out: Path, ticks: int, progress: Progress = no_progress
) -> Imported:
    """Fill `out` with the episodes of `ticks` ticks of recorded plays (see recorded.py), one part
    for each file, by playing what was done in the true game, and go on where a run was
    stopped. Plays shorter than that are left out. progress: episodes done and all of them.

    Raises UserError for files that are no recordings, or of different games, or the same one twice;
    when no play is long enough; when the game shows another frame than the person saw; and as
    `fill` does.
    """
    if ticks < 1:
        raise UserError(f"ticks must be at least 1, not {ticks}")
    paths = [Path(path) for path in paths]
    if len({path.resolve() for path in paths}) < len(paths):
        raise UserError(f"the same recording twice: {', '.join(map(str, paths))}")
    recordings = {path: read_recording(path) for path in paths}
    plan, kept = _plan(recordings, ticks)
    try:
        game = true_game(plan.spec)
    except ValueError as error:
        raise UserError(f"{paths[0]}: {error}") from error

    def make(plan: Manifest, missing: Sequence[Planned]) -> Shards:
        for planned in missing:
            path, recording = kept[planned.file]
            columns = recorded_columns(game, recording.plays, ticks)
            _check_shown(path, recording, game, columns)
            yield planned, shard_bytes(columns, game.spec)

    all_plays = sum(len(recording.plays) for recording in recordings.values())
    kept_plays = sum(len(recording.plays) for _, recording in kept.values())
    written = fill(Path(out), plan, make, progress=progress)
    return Imported(written, all_plays - kept_plays)


def _plan(
    recordings: dict[Path, Recording], ticks: int
) -> tuple[Manifest, dict[str, tuple[Path, Recording]]]:
    """The manifest that is wanted, and what each of its shards is made of. Raises UserError."""
    parts: dict[str, Part] = {}  # by what was done
    kept: list[tuple[Path, Recording]] = []
    (first_path, first), *_ = recordings.items()
    for path, recording in recordings.items():
        specs = [Manifest(spec, ticks, ()) for spec in (first.spec, recording.spec)]
        if differing := differences(*specs):
            raise UserError(f"{first_path} and {path} do not go together: {'; '.join(differing)}")
        pairs = zip(recording.plays, recording.shown, strict=True)
        long = [(play, shown) for play, shown in pairs if len(play.actions) >= ticks]
        if not long:
            continue
        plays, shown = (tuple(column) for column in zip(*long, strict=True))
        name = digest(plays)
        if name in parts:
            raise UserError(f"{path} holds the same recording as another of the files")
        episodes = sum(len(first_ticks(len(play.actions), ticks)) for play in plays)
        parts[name] = Part(RECORDED, recording.players, episodes, episodes, recording=name)
        kept.append((path, Recording(recording.spec, recording.players, plays, shown)))
    if not parts:
        raise UserError(f"no play lasts {ticks} ticks; give fewer --ticks")
    plan = Manifest(first.spec, ticks, tuple(parts.values()))
    files = [planned.file for planned in plan.planned()]
    return plan, dict(zip(files, kept, strict=True))


def _check_shown(path: Path, recording: Recording, game: AnyGame, columns: Columns) -> None:
    """Raises UserError if the game does not end the plays as the person saw it."""
    last = -1
    ticks = columns["actions"].shape[1]
    for number, (play, shown) in enumerate(zip(recording.plays, recording.shown, strict=True)):
        last += len(first_ticks(len(play.actions), ticks))
        stored = columns["frames"][last, -1]  # the last frame of a play's last episode
        if frame_checksum(unpack(stored.reshape(-1), game.spec)) != shown:
            raise UserError(
                f"{path}: played again, play {number} does not show what the person saw; it was"
                f" recorded by a {game.spec.name} that differs from version {game.spec.version}"
            )
