"""Proving a dataset: its files are as they were written, and the game gives their bytes again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.dataset import read_finished, true_game
from data_gen.datasets.generate import generated_columns
from data_gen.datasets.manifest import FINISHED, DamagedError, Planned, Progress, no_progress
from data_gen.datasets.parts import GENERATED, Part
from data_gen.datasets.recorded import digest, plays_of, recorded_columns
from data_gen.datasets.shards import COLUMNS, EPISODE_COLUMNS, Columns, columns_of, read_shard
from data_gen.errors import UserError
from data_gen.game import AnyGame
from data_gen.players import Player, ReplayPlayer, make_players
from data_gen.rollout import roll_out
from data_gen.starts import beginner


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

    Compares the checksums, then plays every episode again, from its seed by its players, or by the
    recorded actions, and compares every byte. progress: called with the episodes compared so far
    and all of them.

    Raises UserError where nothing can be proved: no finished dataset, another schema, another
    version or a false description of the game, unknown players.
    """
    folder = Path(folder)
    try:
        manifest = read_finished(folder)
        game = true_game(manifest.spec)
        for part in manifest.parts:
            if part.kind == GENERATED:
                make_players(part.players)
    except DamagedError as error:
        return [Problem(FINISHED, str(error).removeprefix(f"{folder / FINISHED} "))]
    except ValueError as error:
        raise UserError(f"{folder}: {error}") from error
    problems: list[Problem] = []
    listed = {shard.file: shard for shard in manifest.shards}
    for planned in manifest.planned():
        shard = listed.get(planned.file)
        if shard is None:
            problems.append(Problem(planned.file, f"is missing from {FINISHED}"))
        else:
            try:
                stored = read_shard(folder, shard)
            except UserError as error:
                what = str(error).removeprefix(f"{folder / shard.file} ")
                problems.append(Problem(shard.file, what))
            else:
                problems.extend(_Check(game, manifest.ticks, planned, stored).problems())
        progress(planned.first_episode + planned.episodes, manifest.episodes)
    return problems


@dataclass(frozen=True)
class _Check:
    """One shard, its checksum being right."""

    game: AnyGame
    ticks: int
    planned: Planned
    stored: Columns

    def problems(self) -> Iterator[Problem]:
        part = self.planned.part
        if wrong := self._misshapen():
            yield from wrong
        elif part.kind == GENERATED:
            yield from self._of_generated(part)
        else:
            yield from self._of_recorded(part)

    def _misshapen(self) -> list[Problem]:
        one = roll_out(self.game, make_players(["random"]), np.zeros(1, np.uint64), self.ticks)
        wanted = {
            name: (self.planned.episodes, *values.shape[1:], values.dtype)
            for name, values in columns_of(one, self.game.spec).items()
        }
        wrong = [
            name
            for name, layout in wanted.items()
            if layout != (*self.stored[name].shape, self.stored[name].dtype)
        ]
        return [self._problem(f"shape or type of {', '.join(wrong)}")] if wrong else []

    def _of_generated(self, part: Part) -> Iterator[Problem]:
        planned, stored = self.planned, self.stored
        played = generated_columns(self.game, part, self.ticks, planned.offset, planned.episodes)
        wrong_seeds = self._differing(["seeds"], played, "not those of the manifest's seed")
        yield from wrong_seeds
        if wrong_seeds:
            played = self._played_by(make_players(part.players))
        choices = ("policy", "actions")
        wrong_choices = self._differing(choices, played, "not what the recorded players choose")
        yield from wrong_choices
        if wrong_choices:
            if unknown := self._unknown_action():
                yield unknown
                return
            played = self._played_by(ReplayPlayer(stored["actions"]))
        yield from self._of_the_game(played, (*choices, "seeds"))

    def _of_recorded(self, part: Part) -> Iterator[Problem]:
        if unknown := self._unknown_action():
            yield unknown
            return
        if self.stored["policy"].max() >= len(part.players):
            yield self._problem(f"a policy that {FINISHED} does not name")
        plays = plays_of(self.stored)
        if digest(plays) != part.recording:
            yield self._problem(f"is not the recording that {FINISHED} names")
        played = recorded_columns(self.game, plays, self.ticks)
        if played["first_tick"].tolist() != self.stored["first_tick"].tolist():
            yield self._problem("first_tick not those of a recording")
        else:
            yield from self._of_the_game(played, ("first_tick",))

    def _of_the_game(self, played: Columns, but: Iterable[str]) -> list[Problem]:
        rest = [name for name in COLUMNS if name not in but]
        return self._differing(rest, played, "not what the game gives from the seeds and actions")

    def _played_by(self, player: Player) -> Columns:
        begin, seeds = beginner(self.game, self.planned.part.starts), self.stored["seeds"]
        return columns_of(
            roll_out(self.game, player, seeds, self.ticks, begin=begin), self.game.spec
        )

    def _unknown_action(self) -> Problem | None:
        if self.stored["actions"].max() < self.game.spec.choices:
            return None
        return self._problem(f"an action that {self.game.spec.name} does not have")

    def _differing(self, names: Iterable[str], played: Columns, what: str) -> list[Problem]:
        problems: list[Problem] = []
        for name in names:
            found = _first_difference(self.stored[name], played[name], name in EPISODE_COLUMNS)
            if found:
                episode, tick = found
                problems.append(self._problem(f"{name} {what}", episode, tick))
        return problems

    def _problem(self, what: str, episode: int | None = None, tick: int | None = None) -> Problem:
        """episode: in the shard."""
        number = None if episode is None else self.planned.first_episode + episode
        return Problem(self.planned.file, what, number, tick)


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
