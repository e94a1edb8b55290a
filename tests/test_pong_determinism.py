"""Proof by enumeration: in Pong the last two frames, or three in some variants, and the actions
determine the next frame.

Every ball that play can reach is found with the game's own `step`. What a frame shows of the ball
and the score is read from its pixels alone; paddles are left out of the comparison, which can only
make the claim harder to keep. The claim: whatever a frame before and a frame now show, and where it
takes three also the one earlier, they leave one possibility for all that the frame now hides (exact
place, side and angle of the ball).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pong_board import balls, changed

from data_gen.game import map_state
from data_gen.games.pong import (
    ANGLE,
    BALL,
    CLEAR,
    LEFT,
    LEFT_SCORE,
    MISS,
    PLAIN,
    RIGHT,
    RIGHT_SCORE,
    SCORE,
    SIDE,
    SUB,
    WINNING,
    X,
    Y,
    pong,
)
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import play

Ints = NDArray[np.int64]
BALLS = [X, Y, SIDE, ANGLE, LEFT_SCORE, RIGHT_SCORE]  # the columns of all that is enumerated
SCORES = np.array([(left, right) for left in range(WINNING) for right in range(WINNING)])


@dataclass(frozen=True)
class Transitions:
    """N different ticks of the ball. Columns of before, after: x, y (1/16 px), side, angle, left
    score, right score."""

    before: Ints  # (N, 6)
    after: Ints  # (N, 6)
    paddles: Ints  # (N,): bit p is set if this happens when the paddle ahead stands at row p
    tried: int  # ticks simulated to find them, paddle positions counted

    def ambiguous(self, game: KernelGame) -> list[tuple[int, int]]:
        """Pairs of transitions that can look the same in the frames before and now, but hide
        different balls in the frame now."""
        looks = np.stack([_looks(game, self.before), _looks(game, self.after)], 1)  # (N, 2)
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, look in enumerate(looks.tolist()):
            alike.setdefault(tuple(look), []).append(number)
        return [
            (a, b)
            for group in alike.values()
            for a, b in combinations(group, 2)
            if (self.after[a, :4] != self.after[b, :4]).any() and self._paddles_agree(a, b)
        ]

    def ambiguous_after_three(self, game: KernelGame) -> list[tuple[int, int]]:
        """Those of them that can also have come from ticks which begin with the same look."""
        looks = _looks(game, np.where(np.arange(6) < 4, self.before, 0))  # (N,) of the balls
        ending: dict[tuple[int, ...], list[int]] = {}
        for number, ball in enumerate(self.after[:, :4].tolist()):
            ending.setdefault(tuple(ball), []).append(number)
        came = [ending.get(tuple(ball), []) for ball in self.before[:, :4].tolist()]
        return [
            (a, b)
            for a, b in self.ambiguous(game)
            if any(
                looks[first] == looks[other] and self._paddles_agree(first, other)
                for first in came[a]
                for other in came[b]
            )
        ]

    def _paddles_agree(self, a: int, b: int) -> bool:
        # On different sides different paddles matter, so that one frame can show both in place.
        other_side = self.before[a, 2] != self.before[b, 2]
        return bool(other_side or self.paddles[a] & self.paddles[b])


def reachable_transitions(game: KernelGame, rounds: int | None = None) -> Transitions:
    """All ticks of the ball that play can reach from any serve, or those of the first `rounds`
    ticks. Both paddles stand at every position in turn: more than play reaches, never less."""
    height, width = game.spec.shape[1:]
    scale = min(height, width) // 32
    start = game.init(np.zeros(1, np.uint64))
    room = height - scale - int(start.description[0, 0]) * scale + 1
    assert room <= 62, "paddle positions must fit into the bits of an int64"
    angles = 32 if game.spec.options["serve_angles"] else 5
    centre = balls(start)[0].tolist()
    serves = [(*centre, side, angle, 0, 0) for side in (-1, 1) for angle in range(angles)]
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
        flown = {(*ball, 0, 0) for ball in unique[:, 6:10].tolist()}
        frontier = np.array(sorted(flown - seen), np.int64).reshape(-1, 6)
        seen |= flown
    ticks = np.concatenate([unique for unique, _ in found])  # no ball was tried in two rounds
    return Transitions(
        ticks[:, :6], ticks[:, 6:], np.concatenate([masks for _, masks in found]), tried
    )


def _state(game: KernelGame, rows: Ints, tops: Ints) -> RowState:
    """Play in which nothing is left of the past. rows (N, 6), tops (N,) of both paddles, px."""
    start = game.init(np.zeros(1, np.uint64))
    many: RowState = map_state(lambda field: field.repeat(len(rows), 0), start)
    assert (many.event == PLAIN).all(), "a game must begin without a past"
    return changed(many, {LEFT: tops, RIGHT: tops, **dict(zip(BALLS, rows.T, strict=True))})


def _tick(game: KernelGame, rows: Ints, tops: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """One tick with resting paddles. Returns rows (N, 6) and who left the field (N,)."""
    new = game.step(_state(game, rows, tops), np.zeros((len(rows), 2), np.int64))
    return new.values[:, BALLS].astype(np.int64), np.isin(new.event, (MISS, CLEAR))


def _looks(game: KernelGame, rows: Ints) -> Ints:
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


DETERMINED = [
    {},
    {"paddle_height": 6},
    {"paddle_height": 9},
    {"size": (32, 64)},
    {"size": (64, 32)},
    {"size": (64, 64)},
]
# Two frames of a slow ball at a wall with zones in the wrong place, and of fast balls, have two
# readings; and the serve angle's sub-pixels are hidden by design.
TOLD_BY_THREE: list[dict[str, Any]] = [
    {"paddle_height": 5},
    {"ball_speed": 2},
    {"paddle_height": 9, "ball_speed": 2},
    {"ball_speed": 3},
    {"ball_speed": 3, "size": (32, 64)},
]
AMBIGUOUS: list[tuple[dict[str, Any], int | None]] = [
    *((options, None) for options in TOLD_BY_THREE),
    ({"serve_angles": True}, 3),  # 3 rounds are enough to find some of very many
]


@pytest.mark.parametrize(
    ("options", "frames"),
    [*((options, 2) for options in DETERMINED), *((options, 3) for options in TOLD_BY_THREE)],
    ids=str,
)
def test_so_many_frames_determine_the_ball(options: dict[str, Any], frames: int) -> None:
    game = pong(**options)
    assert game.spec.context == frames
    transitions = reachable_transitions(game)
    print(f"{options}: {len(transitions.before)} transitions out of {transitions.tried} ticks")
    assert len(transitions.before) > (6000 if frames == 2 else 1000)  # fast balls meet fewer places
    after = transitions.ambiguous if frames == 2 else transitions.ambiguous_after_three
    assert after(game) == []


def test_the_context_is_enough_for_all_variants_that_are_drawn() -> None:
    assert pong(paddle_height=[6, 7, 24], paddle_speed=[1, 4]).spec.context == 2
    assert pong(paddle_height=[5, 7]).spec.context == 3
    assert pong(ball_speed=[1, 2]).spec.context == 3
    assert pong(paddle_height=[5, 7], serve_angles=True).spec.context == 2  # no number is enough


@pytest.mark.parametrize(("options", "rounds"), AMBIGUOUS, ids=str)
def test_the_proof_fails_where_it_must(options: dict[str, Any], rounds: int | None) -> None:
    game = pong(**options)
    transitions = reachable_transitions(game, rounds)
    pairs = transitions.ambiguous(game)
    print(f"{options}: {len(pairs)} ambiguous pairs in {len(transitions.before)} transitions")
    masks = transitions.paddles
    a, b = next((a, b) for a, b in pairs if masks[a] & masks[b])
    # Not by bookkeeping alone: whole frames are the same, before and now, and then they differ.
    shared = int(masks[a] & masks[b])
    tops = np.full(2, (shared & -shared).bit_length() - 1)
    state = _state(game, transitions.before[[a, b]], tops)
    frames = [game.render(state)]
    for _ in range(12):
        state = game.step(state, np.zeros((2, 2), np.int64))
        frames.append(game.render(state))
    assert (frames[0][0] == frames[0][1]).all()
    assert (frames[1][0] == frames[1][1]).all()
    assert any((frame[0] != frame[1]).any() for frame in frames[2:])


def test_the_enumeration_has_every_kind_of_tick() -> None:
    found = reachable_transitions(pong())
    before, after = found.before, found.after
    scored = (before[:, 4:] != after[:, 4:]).any(1)
    contacts = (before[:, 2] != after[:, 2]) & ~scored
    walls = (before[:, 3] != after[:, 3]) & ~scored & ~contacts
    assert len(np.unique(after[contacts][:, 2:4], axis=0)) == 2 * 5  # sides, zones
    assert set(np.unique(before[walls][:, 3])) == {0, 1, 3, 4}  # a level ball meets no wall
    assert len(np.unique(before[scored][:, [2, 4, 5]], axis=0)) == 2 * 25  # sides, scores


def test_play_stays_within_the_enumeration() -> None:
    game = pong()
    found = reachable_transitions(game)
    flights = {tuple(row) for row in found.before[:, :4].tolist()}
    seeds = training_seeds(9, 0, 64)
    visited: set[tuple[int, ...]] = set()
    ticks: Iterator[Any] = play(game, make_players(["sticky", "tracker"]), seeds, game.init(seeds))
    for _, state, _ in islice(ticks, 1500):
        visited |= {tuple(row) for row in state.values[:, BALLS[:4]].tolist()}
    assert visited <= flights
    assert len(visited) > len(flights) / 4  # far more than a few well-trodden ways


@pytest.mark.parametrize("options", [{}, {"paddle_height": 3}, {"size": (64, 64)}], ids=str)
def test_paddles_can_be_read_off_every_frame(options: dict[str, Any]) -> None:
    """Even where the ball, which is shown, covers a part of one."""
    game = pong(**options)
    height, width = game.spec.shape[1:]
    scale = min(height, width) // 32
    rows, columns = height - 3 * scale + 1, width - 2 * scale + 1  # places of the ball
    room = height - scale - int(game.init(np.zeros(1, np.uint64)).description[0, 0]) * scale + 1
    for column in (0, 1, 2, 3, columns // 2, columns - 3, columns - 2, columns - 1):
        flying = np.array([(column * SUB, row * SUB, 1, 0, 0, 0) for row in range(rows)])
        tops = np.tile(np.arange(room), rows)
        frames = game.render(_state(game, flying.repeat(room, 0), tops))[:, 0]
        frames = frames.reshape(rows, room, height, width)
        for half in (frames[..., : width // 2], frames[..., width // 2 :]):
            for of_ball in half:
                assert len({frame.tobytes() for frame in of_ball}) == room
