"""All of a game that can be asked for, in tokens: what each state shows, and where it leads.

The states are numbered in the order of their packed keys, since states that lie close together lead
to states that lie close together, which the cache likes. What they show is kept once for each
frame. A frame that the sprites do not give back is marked: an engine cannot show it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.kernel_game import RowState
from data_gen.reachable import Reachable, joint_actions
from data_gen.threads import in_parts
from gameengine.certify.world_kernels import (
    count_ways,
    fill_slots,
    list_ways,
    mark,
    number_kinds,
    number_rows,
    rank_all,
)
from gameengine.sprites import Sprites

THREADS = 2
_PART = 8192  # states at once
_ROOM = 1 << 32  # possible keys: a bit and half a byte for each
_WAYS = 1 << 29  # from all states, four bytes each
_STRANGE = 10_000  # frames that the sprites do not give back; with more there is no use in this
_SERIAL = 4  # bytes behind the tokens that tell apart frames that are not given back

Progress = Callable[[int], Any]


class UnfitError(Exception):
    """This game, or engine, is none to be certified by parts; says why."""


@dataclass(frozen=True)
class World:
    """N states, A ** P joint actions, F different frames.

    states: in the order of their keys. tokens (F, V), uint8: what each frame shows. exact (F,):
    whether the sprites give it back. frame_of (N,): a state's frame. after (N, A ** P): the states
    that the joint actions lead to. kind (N, A ** P): the event and the outcome of each, as a row of
    kinds (K, 1 + P + 1): event, rewards, and whether it ended.
    """

    states: Reachable
    tokens: NDArray[np.uint8]
    exact: NDArray[np.bool_]
    frame_of: NDArray[np.uint32]
    after: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    kinds: NDArray[np.float32]

    @property
    def moves(self) -> NDArray[np.int64]:
        """The joint actions (A ** P, P)."""
        return joint_actions(self.states.game.spec).astype(np.int64)

    def ways_to(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """What may be seen before the states `first` to `end` - 1: ends (n + 1,) and the numbers of
        frames; those before state `first` + i are at ends[i] to ends[i + 1]. With a context of one
        frame there is nothing before, and each state is there once, with its own frame."""
        if self.states.game.spec.context == 1:
            return np.arange(end - first + 1), self.frame_of[first:end].copy()
        ends = np.zeros(end - first + 1, np.int64)
        count_ways(self.after, first, ends)
        shown = np.empty(ends[-1], np.uint32)
        list_ways(self.after, self.frame_of, first, ends[:-1].copy(), shown)
        return ends, shown


def world_of(states: Reachable, sprites: Sprites, progress: Progress = lambda count: None) -> World:
    """progress is told of each state twice. Raises UnfitError for games that are too large."""
    moves = len(joint_actions(states.game.spec))
    height, width = sprites.canvas.shape
    if states.packing.words > 1 or states.packing.room > _ROOM or len(states) * moves > _WAYS:
        raise UnfitError("it has too many states")
    if max(height, width) > 255:
        raise UnfitError("its frames are too large")
    ranked = replace(states, keys=np.sort(states.keys, axis=0))
    tokens, exact, frame_of = _Frames(ranked, sprites).all(progress)
    after, kind, kinds = _Ways(ranked).all(progress)
    return World(ranked, tokens, exact, frame_of, after, kind, kinds)


class _Frames:
    """What the states show, each frame once."""

    def __init__(self, states: Reachable, sprites: Sprites) -> None:
        self._states, self._sprites = states, sprites
        self._strange: dict[bytes, int] = {}  # frames that are not given back, numbered from 1
        self._lock = Lock()
        self._rows = np.empty((1 << 16, sprites.tokens + _SERIAL), np.uint8)
        self._slots = np.zeros(1 << 18, np.uint32)
        self._count = 0

    def all(
        self, progress: Progress
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.uint32]]:
        frame_of = np.empty(len(self._states), np.uint32)
        for begin in range(0, len(frame_of), THREADS * _PART):
            end = min(begin + THREADS * _PART, len(frame_of))
            read = np.empty((end - begin, self._rows.shape[1]), np.uint8)

            def fill(part: slice, begin: int = begin, read: Any = read) -> None:
                self._read(np.arange(begin + part.start, begin + part.stop), read[part])

            in_parts(fill, end - begin, THREADS)
            self._make_room(end - begin)
            self._count = number_rows(
                read, self._rows, self._count, self._slots, frame_of[begin:end]
            )
            progress(end - begin)
        rows = self._rows[: self._count]
        return rows[:, :-_SERIAL].copy(), (rows[:, -_SERIAL:] == 0).all(1), frame_of

    def _read(self, numbers: NDArray[np.int64], rows: NDArray[np.uint8]) -> None:
        frames = self._states.game.render(self._states.state(numbers))[:, 0]  # (B, H, W)
        tokens = self._sprites.read(frames)
        rows[:, :-_SERIAL], rows[:, -_SERIAL:] = tokens, 0
        strange = (self._sprites.draw(tokens) != frames).any((1, 2))
        for item in np.flatnonzero(strange):
            with self._lock:
                serial = self._strange.setdefault(frames[item].tobytes(), len(self._strange) + 1)
            if serial > _STRANGE:
                raise UnfitError("its frames are not made of the sprites that were learned")
            rows[item, -_SERIAL:] = np.array([serial], np.uint32).view(np.uint8)

    def _make_room(self, more: int) -> None:
        needed = self._count + more
        if needed > len(self._rows):
            rows = np.empty((2 * max(len(self._rows), needed), self._rows.shape[1]), np.uint8)
            rows[: self._count] = self._rows[: self._count]
            self._rows = rows
        if 2 * needed > len(self._slots):
            self._slots = np.zeros(4 * len(self._slots), np.uint32)
            fill_slots(self._rows, self._count, self._slots)


class _Ways:
    """Where the states lead, and what happens on the way."""

    def __init__(self, states: Reachable) -> None:
        self._states, self._moves = states, joint_actions(states.game.spec)
        words = states.packing.room // 64 + 1
        self._bits, self._below = np.zeros(words, np.uint64), np.empty(words, np.uint32)
        mark(states.keys[:, 0], self._bits, self._below)
        self._kinds = np.empty((256, len(states.game.spec.players) + 2), np.float32)
        self._count, self._lock = 0, Lock()

    def all(
        self, progress: Progress
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.float32]]:
        shape = len(self._states), len(self._moves)
        after, kind = np.empty(shape, np.uint32), np.empty(shape, np.uint8)
        for begin in range(0, shape[0], THREADS * _PART):
            end = min(begin + THREADS * _PART, shape[0])

            def fill(part: slice, begin: int = begin) -> None:
                rows = slice(begin + part.start, begin + part.stop)
                self._follow(rows, after[rows], kind[rows])

            in_parts(fill, end - begin, THREADS)
            progress(end - begin)
        return after, kind, self._kinds[: self._count]

    def _follow(self, part: slice, after: NDArray[np.uint32], kind: NDArray[np.uint8]) -> None:
        """One tick of some states; after and kind (B, A ** P) are filled."""
        states = self._states
        before = states.state(np.arange(part.start, part.stop))
        rows = states.packing.unpack(states.keys[part])
        ranks, which = np.empty(len(rows), np.uint32), np.empty(len(rows), np.uint8)
        for number, chosen in enumerate(self._moves):
            state = states.game.step(before, np.tile(chosen, (len(rows), 1)))
            rows[:, :-1] = state.values
            keys, _ = states.packing.pack(rows)
            known = rank_all(keys[:, 0], self._bits, self._below, ranks)
            assert known, "a tick leads to a state that was not listed"
            after[:, number] = ranks
            self._number(state, which)
            kind[:, number] = which

    def _number(self, state: RowState, numbers: NDArray[np.uint8]) -> None:
        """Fill numbers (B,): what kind of tick led to these states."""
        said = np.column_stack([state.event, state.reward, state.terminated])
        with self._lock:
            self._count = number_kinds(said.astype(np.float32), self._kinds, self._count, numbers)
        if self._count > len(self._kinds):
            raise UnfitError("it has too many kinds of rewards")
