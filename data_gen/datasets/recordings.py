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

import numpy as np

from data_gen.atomic import whole_file
from data_gen.datasets.manifest import Manifest, Planned, Progress, differences, no_progress
from data_gen.datasets.parts import RECORDED, Part
from data_gen.datasets.recorded import Play, digest, first_ticks, recorded_columns
from data_gen.datasets.shards import Columns, shard_bytes, unpack
from data_gen.datasets.writing import Shards, Written, fill
from data_gen.errors import UserError
from data_gen.game import AnyGame, Frames, GameSpec
from data_gen.registry import game_of

_FORMAT = "gameengine recording 1"


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
        with np.load(path, allow_pickle=False) as file:
            if str(file["format"]) != _FORMAT:
                raise ValueError(f"its format is {str(file['format'])!r}, not {_FORMAT!r}")
            ends = np.cumsum(file["lengths"])[:-1]
            pieces = [np.split(file[name], ends) for name in ("actions", "policy")]
            seeds = file["seeds"].tolist()
            plays = [Play(*play) for play in zip(seeds, *pieces, strict=bool(seeds))]
            return Recording(
                GameSpec.from_dict(json.loads(str(file["game"]))),
                tuple(file["players"].tolist()),
                tuple(plays),
                tuple(file["shown"].tolist()),
            )
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is not a recording, or it is damaged: {error}") from error


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
    recordings = {path: read_recording(path) for path in map(Path, paths)}
    plan, kept = _plan(recordings, ticks)
    try:
        game = game_of(plan.spec)
    except ValueError as error:
        raise UserError(str(error)) from error

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
