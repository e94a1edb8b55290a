"""Keeping what persons do in a match, so that it can be played again for the truth's frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.recorded import HUMAN, Play
from data_gen.datasets.recordings import Recording, frame_checksum
from gameengine.match import Match

_SAVE_SECONDS = 30


class PlayRecorder:
    """What is done in one match, restarts included. A file is there from the beginning, so that a
    name that cannot be written is known before play; it is written anew at each restart, every 30
    seconds of play (a display that goes away ends the program at once) and at the end, whole each
    time."""

    def __init__(self, match: Match, path: Path) -> None:
        """Raises UserError if `path` cannot be written."""
        self._match, self._path = match, path
        self._plays: list[Play] = []
        self._shown: list[int] = []
        self._begin()
        self.save()

    def watch(self, match: Match) -> None:
        """To be called after every tick."""
        if match.tick == 1 and self._actions:
            self._end()
            self.save()
        self._start, self._frame = match.start, match.truth_frame
        policy = match.policy + 1  # after the person
        policy[list(match.persons)] = 0
        self._actions.append(match.actions.astype(np.uint8))
        self._policy.append(policy.astype(np.uint8))
        if match.tick % (_SAVE_SECONDS * match.spec.fps) == 0:
            self.save()

    def save(self) -> None:
        """Write what was done until now. Raises UserError if that fails."""
        now = [self._play()] if self._actions else []
        shown = [frame_checksum(self._frame)] if self._actions else []
        Recording(
            self._match.spec,
            (HUMAN, *self._match.player_names),
            (*self._plays, *now),
            (*self._shown, *shown),
        ).write(self._path)

    def _begin(self) -> None:
        self._actions: list[NDArray[np.uint8]] = []
        self._policy: list[NDArray[np.uint8]] = []
        self._start, self._frame = self._match.start, self._match.truth_frame

    def _end(self) -> None:
        self._plays.append(self._play())
        self._shown.append(frame_checksum(self._frame))
        self._begin()

    def _play(self) -> Play:
        return Play(self._start, np.stack(self._actions), np.stack(self._policy))
