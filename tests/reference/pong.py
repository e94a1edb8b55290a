"""Pong in plain NumPy: the oracle of data_gen/games/pong.py, and of its expert.

All lengths below are in units of `scale` = min(H, W) / 32 pixels, so that a larger frame shows the
same game. The ball is kept in 1/16 pixel; with the five plain angles it is always on whole pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, GameSpec, Seeds, State
from data_gen.randomness import integers
from data_gen.registry import make_game

VARIANTS: list[dict[str, Any]] = [  # to be tried beside the defaults
    {"size": (32, 64)},
    {"size": (96, 64), "paddle_height": [3, 24], "ball_speed": 2},
    {"paddle_height": [5, 7, 9], "paddle_speed": [1, 2, 4], "ball_speed": [1, 2, 3]},
    {"serve_angles": True},
    {"serve_angles": True, "size": (64, 64), "paddle_speed": [3, 4], "ball_speed": [1, 2, 3]},
]

STAY, UP, DOWN = range(3)
BACKGROUND, LEFT_PADDLE, RIGHT_PADDLE, BALL, SCORE = range(5)
PLAIN, WALL, PADDLE, SERVE, MISS, CLEAR, DOUBLE = range(7)

SUB = 16  # sub-pixels in a pixel
BALL_SIZE = 2
PADDLE_WIDTH = 2
PADDLE_MARGIN = 1  # between the paddle and the edge behind it
FACE = PADDLE_MARGIN + PADDLE_WIDTH  # distance of a paddle's face from the edge behind it
ZONES = 5  # of a paddle; where the ball hits sets its angle
WINNING = 5  # at this score both scores clear
PIP_COLUMNS = 1 + 2 * np.arange(WINNING - 1)  # of the left score; the right one is its mirror image

PLAIN_ANGLES = np.array([(SUB, SUB * vy) for vy in (-2, -1, 0, 1, 2)])  # (5, 2) |vx|, vy in 1/16 px


def _fine_angles() -> NDArray[np.int64]:
    """32 slopes up to 57 degrees at (nearly) one speed; with both sides these are 64 directions."""
    # Rounded to the nearest, as otherwise two of them would be level.
    rise = [np.sign(k) * ((abs(k) * 20 + 15) // 31) for k in range(-31, 32, 2)]  # 1/16 px per tick
    return np.array([(isqrt(24**2 - int(vy) ** 2), vy) for vy in rise])


FINE_ANGLES = _fine_angles()  # (32, 2)


@dataclass(frozen=True)
class PongState(State):
    paddles: NDArray[np.int64]  # (B, 2): top row of the left and the right paddle, px
    ball: NDArray[np.int64]  # (B, 2): left column and top row, 1/16 px
    side: NDArray[np.int64]  # (B,): -1 flies to the left, 1 to the right
    angle: NDArray[np.int64]  # (B,): index into the table of angles
    score: NDArray[np.int64]  # (B, 2): 0 .. 4 of the left and the right player


class Reference:
    """The oracle of `data_gen.games.pong:pong`, with the same options."""

    def __init__(self, **options: Any) -> None:
        self.spec: GameSpec = make_game("pong", **options).spec
        chosen = self.spec.options
        names = ("paddle_height", "paddle_speed", "ball_speed")
        self._choices = [np.array(chosen[name]) for name in names]
        self._serve_angles = chosen["serve_angles"]
        self._angles = FINE_ANGLES if self._serve_angles else PLAIN_ANGLES
        _, height, self._width = self.spec.shape
        self._scale = min(height, self._width) // 32
        self._pips = _pip_rows(self._width, self._scale)
        self._field = height - self._scale  # rows below the score

    def init(self, seeds: Seeds) -> PongState:
        """Draw paddles, the serve and the variant of each item. seeds (B,) uint64."""
        batch = len(seeds)
        drawn = [
            values[integers(len(values), seeds, stream)]
            for stream, values in enumerate(self._choices)
        ]
        angle = integers(len(self._angles), seeds, 3)
        serve_angle = angle if self._serve_angles else np.zeros(batch, np.int64)
        rooms = self._field // self._scale - drawn[0] + 1
        paddles = np.stack([integers(rooms, seeds, 4), integers(rooms, seeds, 5)], 1)
        return PongState(
            reward=np.zeros((batch, 2), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.stack([*drawn, serve_angle], 1).astype(np.float32),  # (B, 4)
            event=np.zeros(batch, np.uint8),
            paddles=paddles * self._scale,
            ball=np.tile(self._centre(), (batch, 1)),
            side=2 * integers(2, seeds, 6) - 1,
            angle=angle,
            score=np.zeros((batch, 2), np.int64),
        )

    def step(self, state: PongState, actions: Actions) -> PongState:
        """One tick: the paddles move, then the ball; see `_fly` and `_count` for the order."""
        speed = state.description[:, 1].astype(np.int64) * self._scale
        direction = np.array([0, -1, 1])[actions]  # (B, P)
        paddles = state.paddles + direction * speed[:, None]
        paddles = np.clip(paddles, 0, (self._field - self._paddle_height(state))[:, None])
        ball, side, angle, event = self._fly(state, paddles)
        return self._count(state, paddles, ball, side, angle, event)

    def render(self, state: PongState) -> Frames:
        """Returns palette indices (B, 1, H, W). The ball is drawn over paddles, below the score."""
        scale, width = self._scale, self._width
        items = np.arange(len(state.side))
        frames = np.zeros((len(items), scale + self._field, width), np.uint8)
        frames[:, :scale] = self._pips[state.score[:, 0], state.score[:, 1], None]
        rows = np.arange(self._field)
        height = self._paddle_height(state)[:, None]
        margin, face = PADDLE_MARGIN * scale, FACE * scale
        for player, colour in enumerate((LEFT_PADDLE, RIGHT_PADDLE)):
            top = state.paddles[:, player, None]
            covered = np.logical_and(rows >= top, rows < top + height)  # (B, H - scale)
            where = slice(margin, face) if player == 0 else slice(width - face, width - margin)
            frames[:, scale:, where] = (covered * np.uint8(colour))[:, :, None]
        corner = state.ball // SUB  # (B, 2)
        extent = np.arange(BALL_SIZE * scale)
        ball_rows = scale + corner[:, 1, None] + extent  # (B, size)
        ball_columns = corner[:, 0, None] + extent
        frames[items[:, None, None], ball_rows[:, :, None], ball_columns[:, None, :]] = BALL
        return frames[:, None]

    def _fly(
        self, state: PongState, paddles: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
        """Move the ball: off the paddles, then off the walls. Both reflect, not clamp: clamping
        would lose the overshoot. Returns ball (B, 2), side, angle and event (B,)."""
        scale, size = self._scale, BALL_SIZE * self._scale
        step = self._angles * (scale * state.description[:, 2].astype(np.int64))[:, None, None]
        items = np.arange(len(step))
        side, angle = state.side, state.angle
        x, y = state.ball[:, 0], state.ball[:, 1]

        # A paddle's face is crossed in this tick. To the right everything is mirrored.
        right_face = (self._width - FACE * scale - size) * SUB
        distance = np.where(side < 0, x - FACE * scale * SUB, right_face - x)
        travel = step[items, angle, 0]
        reached = (distance >= 0) & (distance < travel)
        offset = y // SUB - paddles[items, (side > 0).astype(np.int64)] + size - 1
        contacts = self._paddle_height(state) + size - 1
        hit = reached & (offset >= 0) & (offset < contacts)
        zones = (2 * (offset // scale) + 1) * ZONES // (2 * (contacts // scale))
        zone = np.minimum(zones, ZONES - 1)  # 0 at the top .. 4 at the bottom
        turned = angle + 3 * (zone - 2) if self._serve_angles else zone
        angle = np.where(hit, np.clip(turned, 0, len(self._angles) - 1), angle)
        travel = np.where(hit, 2 * distance - travel, travel)
        new_x = x + side * travel
        side = np.where(hit, -side, side)

        lowest = (self._field - size) * SUB
        new_y = y + step[items, angle, 1]
        bounced = (new_y < 0) | (new_y > lowest)
        new_y = np.where(new_y < 0, -new_y, np.where(new_y > lowest, 2 * lowest - new_y, new_y))
        angle = np.where(bounced, len(self._angles) - 1 - angle, angle)
        event = np.select([hit & bounced, hit, bounced], [DOUBLE, PADDLE, WALL], PLAIN)
        return np.stack([new_x, new_y], 1), side, angle, event.astype(np.uint8)

    def _count(
        self,
        state: PongState,
        paddles: NDArray[np.int64],
        ball: NDArray[np.int64],
        side: NDArray[np.int64],
        angle: NDArray[np.int64],
        event: NDArray[np.uint8],
    ) -> PongState:
        """Score the balls that left the field and serve again from the centre."""
        out_left = ball[:, 0] < 0
        out_right = ball[:, 0] > (self._width - BALL_SIZE * self._scale) * SUB
        points = np.stack([out_right, out_left], 1)  # (B, 2): who scores
        score = state.score + points
        clear = np.logical_or(score[:, 0] >= WINNING, score[:, 1] >= WINNING)  # (B,)
        score = np.where(clear[:, None], 0, score)
        out = out_left | out_right
        # The serve follows from the score, so that the frame shows all that is to be known.
        serve_side = np.where(score.sum(1) % 2 == 0, 1, -1)
        if self._serve_angles:
            first = state.description[:, 3].astype(np.int64)
            serve_angle = (first + 11 * score[:, 0] + 17 * score[:, 1]) % len(self._angles)
        else:
            serve_angle = (2 * score[:, 0] + score[:, 1]) % len(self._angles)
        served = (state.event == MISS) | (state.event == CLEAR)  # the first tick of a new ball
        event = np.where(served, SERVE, event)
        event = np.where(out, np.where(clear, CLEAR, MISS), event)
        return PongState(
            reward=(points.astype(np.float32) - points[:, ::-1]),
            terminated=state.terminated,
            description=state.description,
            event=event.astype(np.uint8),
            paddles=paddles,
            ball=np.where(out[:, None], self._centre(), ball),
            side=np.where(out, serve_side, side),
            angle=np.where(out, serve_angle, angle),
            score=score,
        )

    def _centre(self) -> NDArray[np.int64]:
        # In whole units: parity keeps two frames unambiguous, and has to be the same at any scale.
        units = [(length // self._scale - BALL_SIZE) // 2 for length in (self._width, self._field)]
        return np.array(units) * self._scale * SUB

    def _paddle_height(self, state: PongState) -> NDArray[np.int64]:
        return state.description[:, 0].astype(np.int64) * self._scale  # (B,) px


def expert(frames: Frames, aim: NDArray[np.float64]) -> NDArray[np.int64]:
    """Follow the ball, from the frame alone. aim (B, 2) in [-1, 1]: where on its paddle each player
    wants to meet the ball, top to bottom. Returns actions (B, 2); stays where a thing is not seen.
    """
    batch, _, height, width = frames.shape
    scale = min(height, width) // 32
    ball = frames.reshape(batch, -1) == BALL  # (B, H * W)
    first = ball.argmax(1)
    ball_seen = ball[np.arange(batch), first]
    ball_row = first // width + BALL_SIZE * scale / 2  # (B,) its middle
    actions = np.zeros((batch, 2), np.int64)
    for player, (colour, column) in enumerate(
        ((LEFT_PADDLE, PADDLE_MARGIN * scale), (RIGHT_PADDLE, width - 1 - PADDLE_MARGIN * scale))
    ):
        paddle = frames[:, 0, :, column] == colour  # (B, H)
        reach = paddle.sum(1) / 2
        gap = ball_row - (paddle.argmax(1) + reach * (1 + aim[:, player]))
        seen = ball_seen & (reach > 0)
        actions[:, player] = np.where(seen & (gap < -1), UP, np.where(seen & (gap > 1), DOWN, STAY))
    return actions


def _pip_rows(width: int, scale: int) -> NDArray[np.uint8]:
    """The score's row for every score of both players: (5, 5, W)."""
    rows = np.zeros((WINNING, WINNING, width), np.uint8)
    for count, column in enumerate(PIP_COLUMNS * scale):
        rows[count + 1 :, :, column : column + scale] = SCORE
        rows[:, count + 1 :, width - column - scale : width - column] = SCORE
    return rows
