"""Proving a dataset: its files are as they were written, and the game gives their bytes again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.dataset import read_finished
from data_gen.errors import UserError
from data_gen.game import AnyGame, Seeds
from data_gen.manifest import FINISHED, DamagedError, Manifest, Progress, Shard, no_progress
from data_gen.players import Cast, ReplayPlayer, make_players
from data_gen.randomness import training_seeds
from data_gen.registry import game_of
from data_gen.rollout import roll_out
from data_gen.shards import COLUMNS, EPISODE_COLUMNS, Columns, columns_of, read_shard


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file. episode, tick: the first that differs, where it is known; of
    frames, the tick is the frame's index."""

    file: str
    what: str
    episode: int | None = None
    tick: int | None = None

    def __str__(self) -> str:
        place = [
            f"{name} {value}"
            for name, value in (("episode", self.episode), ("tick", self.tick))
            if value is not None
        ]
        return f"{', '.join([self.file, *place])}: {self.what}"


def verify(folder: Path, progress: Progress = no_progress) -> list[Problem]:
    """What is wrong with the dataset in `folder`; nothing is: it is proved.

    Compares the checksums, then plays every episode again from its seed and compares every byte.
    progress: called with the episodes compared so far and all of them.

    Raises UserError where nothing can be proved: no finished dataset, a newer schema, another
    version of the game, unknown players.
    """
    folder = Path(folder)
    try:
        manifest = read_finished(folder)
        game = game_of(manifest.spec)
        cast = make_players(manifest.players)
    except DamagedError as error:
        return [Problem(FINISHED, str(error).removeprefix(f"{folder / FINISHED} "))]
    except ValueError as error:
        raise UserError(f"{folder}: {error}") from error
    problems: list[Problem] = []
    listed = {shard.file: shard for shard in manifest.shards}
    for file, first, count in manifest.planned():
        shard = listed.get(file)
        if shard is None:
            problems.append(Problem(file, f"is missing from {FINISHED}"))
        else:
            problems.extend(_shard_problems(folder, manifest, shard, game, cast))
        progress(first + count, manifest.episodes)
    return problems


def _shard_problems(
    folder: Path, manifest: Manifest, shard: Shard, game: AnyGame, cast: Cast
) -> Iterator[Problem]:
    try:
        stored = read_shard(folder, shard)
    except UserError as error:
        yield Problem(shard.file, str(error).removeprefix(f"{folder / shard.file} "))
        return

    def played_by(players: Cast, seeds: Seeds) -> Columns:
        return columns_of(roll_out(game, players, seeds, manifest.ticks), manifest.spec)

    def compared(names: Iterable[str], what: str) -> Iterator[Problem]:
        for name in names:
            if found := _first_difference(stored[name], played[name], name in EPISODE_COLUMNS):
                episode, tick = found
                yield Problem(shard.file, f"{name} {what}", shard.first_episode + episode, tick)

    played = played_by(cast, training_seeds(manifest.seed, shard.first_episode, shard.episodes))
    if misshapen := [name for name in COLUMNS if _layout(stored[name]) != _layout(played[name])]:
        yield Problem(shard.file, f"shape or type of {', '.join(misshapen)}")
        return
    if wrong_seeds := list(compared(["seeds"], "not those of the manifest's seed")):
        yield from wrong_seeds
        played = played_by(cast, stored["seeds"])
    wrong_choices = list(compared(("policy", "actions"), "not what the recorded players choose"))
    yield from wrong_choices
    if wrong_choices:
        if stored["actions"].max() >= len(manifest.spec.actions):
            yield Problem(shard.file, f"an action that {manifest.spec.name} does not have")
            return
        played = played_by(Cast([ReplayPlayer(stored["actions"])]), stored["seeds"])
    rest = [name for name in COLUMNS if name not in ("seeds", "policy", "actions")]
    yield from compared(rest, "not what the game gives from the seeds and actions")


def _layout(values: NDArray[Any]) -> tuple[Any, ...]:
    return values.shape, values.dtype


def _first_difference(
    stored: NDArray[Any], played: NDArray[Any], of_episodes: bool
) -> tuple[int, int | None] | None:
    """(episode in the shard, tick) of the first byte that differs, if one does."""
    if stored.tobytes() == played.tobytes():
        return None
    axes = 1 if of_episodes else 2
    lead = stored.shape[:axes]
    # as bytes, so that two NaNs are equal and 0.0 is not -0.0
    differs = stored.reshape(*lead, -1).view(np.uint8) != played.reshape(*lead, -1).view(np.uint8)
    first = np.argwhere(differs.any(-1))[0]
    return int(first[0]), None if of_episodes else int(first[1])
