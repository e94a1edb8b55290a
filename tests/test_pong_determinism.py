"""Proof by enumeration: in Pong two frames and the actions determine the next frame.

Every ball that play can reach is found with the game's own `step`. What a frame shows of the ball
and the score is read from its pixels alone; paddles are left out of the comparison, which can only
make the claim harder to keep. The claim: whatever a frame before and a frame now show, they leave
one possibility for all that the frame now hides (exact place, side and angle of the ball).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from data_gen.game import map_state
from data_gen.pong import BALL, MISS, PLAIN, SCORE, WINNING, Pong, PongState

Ints = NDArray[np.int64]
SCORES = np.array([(left, right) for left in range(WINNING) for right in range(WINNING)])


@dataclass(frozen=True)
class Transitions:
    """N different ticks of the ball. Columns of before, after: x, y (1/16 px), side, angle, left
    score, right score."""

    before: Ints  # (N, 6)
    after: Ints  # (N, 6)
    paddles: Ints  # (N,): bit p is set if this happens when the paddle ahead stands at row p
    tried: int  # ticks simulated to find them, paddle positions counted

    def ambiguous(self, game: Pong) -> list[tuple[Ints, Ints, Ints, Ints]]:
        """Pairs (before, after, other before, other after) that can look the same in the frames
        before and now, but hide different balls in the frame now."""
        looks = np.stack([_looks(game, self.before), _looks(game, self.after)], 1)  # (N, 2)
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, look in enumerate(looks.tolist()):
            alike.setdefault(tuple(look), []).append(number)
        return [
            (self.before[a], self.after[a], self.before[b], self.after[b])
            for group in alike.values()
            for a, b in combinations(group, 2)
            if (self.after[a, :4] != self.after[b, :4]).any() and self._paddles_agree(a, b)
        ]

    def _paddles_agree(self, a: int, b: int) -> bool:
        # On different sides different paddles matter, so that one frame can show both in place.
        other_side = self.before[a, 2] != self.before[b, 2]
        return bool(other_side or self.paddles[a] & self.paddles[b])


def reachable_transitions(game: Pong, rounds: int | None = None) -> Transitions:
    """All ticks of the ball that play can reach from any serve, or those of the first `rounds`
    ticks. Both paddles stand at every position in turn: more than play reaches, never less."""
    height, width = game.spec.shape[1:]
    scale = min(height, width) // 32
    start = game.init(np.zeros(1, np.uint64))
    room = height - scale - int(start.description[0, 0]) * scale + 1
    assert room <= 62, "paddle positions must fit into the bits of an int64"
    angles = 32 if game.spec.options["serve_angles"] else 5
    serves = [(*start.ball[0], side, angle, 0, 0) for side in (-1, 1) for angle in range(angles)]
    frontier = np.array(serves)
    seen = {tuple(row) for row in frontier.tolist()}
    found: list[tuple[Ints, Ints]] = []
    tried = 0
    while len(frontier) and (rounds is None or len(found) < rounds):
        before = frontier.repeat(room, 0)
        tops = np.tile(np.arange(room), len(frontier))
        after, left = _tick(game, before, tops)
        # A ball that leaves has passed its paddle; what follows depends on the score instead.
        leaving = np.unique(before[left], axis=0).repeat(len(SCORES), 0)
        leaving[:, 4:] = np.tile(SCORES, (len(leaving) // len(SCORES), 1))
        served, _ = _tick(game, leaving, np.zeros(len(leaving), np.int64))
        tried += len(before) + len(leaving)
        ticks = np.vstack([np.hstack([before, after])[~left], np.hstack([leaving, served])])
        bits = np.concatenate([np.int64(1) << tops[~left], np.full(len(leaving), -1)])
        unique, which = np.unique(ticks, axis=0, return_inverse=True)
        masks = np.zeros(len(unique), np.int64)
        np.bitwise_or.at(masks, which.reshape(-1), bits)
        found.append((unique, masks))
        # Flight does not depend on the score, so a ball that flies on does so at 0 : 0.
        balls = {(*ball, 0, 0) for ball in unique[:, 6:10].tolist()}
        frontier = np.array(sorted(balls - seen), np.int64).reshape(-1, 6)
        seen |= balls
    ticks = np.concatenate([unique for unique, _ in found])  # no ball was tried in two rounds
    return Transitions(
        ticks[:, :6], ticks[:, 6:], np.concatenate([masks for _, masks in found]), tried
    )


def _state(game: Pong, rows: Ints, tops: Ints) -> PongState:
    """Play in which nothing is left of the past. rows (N, 6), tops (N,) of both paddles, px."""
    start = game.init(np.zeros(1, np.uint64))
    many: PongState = map_state(lambda field: field.repeat(len(rows), 0), start)
    return replace(
        many,
        event=np.full(len(rows), PLAIN, np.uint8),
        paddles=np.stack([tops, tops], 1),
        ball=rows[:, :2],
        side=rows[:, 2],
        angle=rows[:, 3],
        score=rows[:, 4:],
    )


def _tick(game: Pong, rows: Ints, tops: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """One tick with resting paddles. Returns rows (N, 6) and who left the field (N,)."""
    new = game.step(_state(game, rows, tops), np.zeros((len(rows), 2), np.int64))
    columns = [new.ball, new.side[:, None], new.angle[:, None], new.score]
    return np.hstack(columns), new.event >= MISS


def _looks(game: Pong, rows: Ints) -> Ints:
    """A number for what the frames of `rows` show of ball and score; same number, same pixels."""
    looks = np.zeros(len(rows), np.int64)
    known: dict[bytes, int] = {}
    for first in range(0, len(rows), 4096):
        part = rows[first : first + 4096]
        frames = game.render(_state(game, part, np.zeros(len(part), np.int64)))[:, 0]
        shown = np.where((frames == BALL) | (frames == SCORE), frames, 0).astype(np.uint8)
        looks[first : first + 4096] = [
            known.setdefault(frame.tobytes(), len(known)) for frame in shown
        ]
    return looks
