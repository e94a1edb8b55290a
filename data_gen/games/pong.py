"""Pong: two paddles, one ball, integer physics, nothing hidden and nothing random after the start.

All lengths below are in units of `scale` = min(H, W) / 32 pixels, so that a larger frame shows the
same game. The ball is kept in 1/16 pixel; with the five plain angles it is always on whole pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.drawing import fill, find
from data_gen.game import GameSpec
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, EXPERT, TICK, draw_integer, draw_variant, kernel
from data_gen.options import frame_size, listed, one_or_more, true_or_false

STAY, UP, DOWN = range(3)
BACKGROUND, LEFT_PADDLE, RIGHT_PADDLE, BALL, SCORE = range(5)
PLAIN, WALL, PADDLE, SERVE, MISS, CLEAR, DOUBLE = range(7)  # double: off a paddle and a wall

SUB = 16  # sub-pixels in a pixel
BALL_SIZE = 2
PADDLE_WIDTH = 2
PADDLE_MARGIN = 1  # between the paddle and the edge behind it
FACE = PADDLE_MARGIN + PADDLE_WIDTH  # distance of a paddle's face from the edge behind it
ZONES = 5  # of a paddle; where the ball hits sets its angle
WINNING = 5  # at this score both scores clear
SHORT = 5  # rows of a paddle that can send a ball off level a row away from the edge of the field

PLAIN_ANGLES = np.array([(SUB, SUB * vy) for vy in (-2, -1, 0, 1, 2)])  # (5, 2) |vx|, vy in 1/16 px


def _fine_angles() -> NDArray[np.int64]:
    """32 slopes up to 57 degrees at (nearly) one speed; with both sides these are 64 directions."""
    # Rounded to the nearest, as otherwise two of them would be level.
    rise = [np.sign(k) * ((abs(k) * 20 + 15) // 31) for k in range(-31, 32, 2)]  # 1/16 px per tick
    return np.array([(isqrt(24**2 - int(vy) ** 2), vy) for vy in rise])


FINE_ANGLES = _fine_angles()  # (32, 2)

COLUMNS = (
    "left paddle",  # top row, px, as of the right one
    "right paddle",
    "ball x",  # left column, 1/16 px
    "ball y",  # top row, 1/16 px
    "side",  # -1 flies to the left, 1 to the right
    "angle",  # index into the table of angles
    "left score",  # 0 to 4
    "right score",
    "paddle height",
    "paddle speed",
    "ball speed",
    "first angle",  # of the serves, with serve_angles
    "out",  # 1 if the last tick served a new ball
)
LEFT, RIGHT, X, Y, SIDE, ANGLE, LEFT_SCORE, RIGHT_SCORE, TALL, PACE, SPEED, FIRST, OUT = range(13)
HEIGHT, WIDTH, FINE, CHOICES = range(4)  # of the rules; the choices are three lists, length first


@kernel()
def _centre(rules: Any, state: Any, scale: Any) -> None:
    # In whole units: parity keeps two frames unambiguous, and has to be the same at any scale.
    state[X] = (rules[WIDTH] // scale - BALL_SIZE) // 2 * scale * SUB
    state[Y] = (rules[HEIGHT] // scale - 1 - BALL_SIZE) // 2 * scale * SUB


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    """Draw paddles, the serve and the variant."""
    draw_variant(rules, CHOICES, seed, state, TALL, 3)
    angles = len(FINE_ANGLES) if rules[FINE] else len(PLAIN_ANGLES)
    state[ANGLE] = draw_integer(seed, 3, angles)
    state[FIRST] = state[ANGLE] if rules[FINE] else 0
    scale = min(rules[HEIGHT], rules[WIDTH]) // 32
    room = rules[HEIGHT] // scale - 1 - state[TALL] + 1
    state[LEFT] = draw_integer(seed, 4, room) * scale
    state[RIGHT] = draw_integer(seed, 5, room) * scale
    state[SIDE] = 2 * draw_integer(seed, 6, 2) - 1
    _centre(rules, state, scale)
    description[:] = state[TALL : FIRST + 1]


@kernel()
def _slope(rules: Any, state: Any, axis: Any) -> Any:
    """How far the ball flies in a tick, 1/16 px. axis: 0 across, 1 down."""
    angle = state[ANGLE]
    return FINE_ANGLES[angle, axis] if rules[FINE] else PLAIN_ANGLES[angle, axis]


@kernel()
def _fly(rules: Any, state: Any, scale: Any, field: Any) -> Any:
    """Move the ball. Paddles and walls reflect, not clamp: clamping would lose the overshoot."""
    size, speed, event = BALL_SIZE * scale, scale * state[SPEED], PLAIN
    angles = len(FINE_ANGLES) if rules[FINE] else len(PLAIN_ANGLES)
    travel = _slope(rules, state, 0) * speed

    # A paddle's face is crossed in this tick. To the right everything is mirrored.
    if state[SIDE] < 0:
        distance, top = state[X] - FACE * scale * SUB, state[LEFT]
    else:
        distance = (rules[WIDTH] - FACE * scale - size) * SUB - state[X]
        top = state[RIGHT]
    offset = state[Y] // SUB - top + size - 1
    contacts = state[TALL] * scale + size - 1
    side = state[SIDE]
    if 0 <= distance < travel and 0 <= offset < contacts:
        zone = (2 * (offset // scale) + 1) * ZONES // (2 * (contacts // scale))
        zone = min(zone, ZONES - 1)  # 0 at the top .. 4 at the bottom
        turned = state[ANGLE] + 3 * (zone - 2) if rules[FINE] else zone
        state[ANGLE] = min(max(turned, 0), angles - 1)
        travel = 2 * distance - travel
        state[SIDE] = -side
        event = PADDLE
    state[X] += side * travel
    state[Y] += _slope(rules, state, 1) * speed  # a paddle has turned it by now

    lowest = (field - size) * SUB
    if state[Y] < 0 or state[Y] > lowest:
        state[Y] = -state[Y] if state[Y] < 0 else 2 * lowest - state[Y]
        state[ANGLE] = angles - 1 - state[ANGLE]
        event = WALL if event == PLAIN else DOUBLE
    return event


@kernel()
def _score(rules: Any, state: Any, scale: Any, scorer: Any, reward: Any) -> Any:
    """The ball has left the field: a point, and a serve from the centre. It follows from the score,
    so that the frame shows all that is to be known."""
    reward[0] = 1 if scorer == LEFT_SCORE else -1
    reward[1] = -reward[0]
    state[scorer] += 1
    event = MISS
    if state[scorer] >= WINNING:
        state[LEFT_SCORE] = state[RIGHT_SCORE] = 0
        event = CLEAR
    left, right = state[LEFT_SCORE], state[RIGHT_SCORE]
    state[SIDE] = 1 if (left + right) % 2 == 0 else -1
    if rules[FINE]:
        state[ANGLE] = (state[FIRST] + 11 * left + 17 * right) % len(FINE_ANGLES)
    else:
        state[ANGLE] = (2 * left + right) % len(PLAIN_ANGLES)
    state[OUT] = 1
    _centre(rules, state, scale)
    return event


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    """The paddles move, then the ball flies: off the paddles, then off the walls, then out."""
    scale = min(rules[HEIGHT], rules[WIDTH]) // 32
    field = rules[HEIGHT] - scale  # rows below the score
    lowest_top = field - state[TALL] * scale
    for seat in range(2):
        move = state[PACE] * scale * ((actions[seat] == DOWN) - (actions[seat] == UP))
        state[LEFT + seat] = min(max(state[LEFT + seat] + move, 0), lowest_top)
    event = _fly(rules, state, scale, field)
    if state[OUT]:
        event = SERVE
    state[OUT] = 0
    if state[X] < 0:
        return _score(rules, state, scale, RIGHT_SCORE, reward)
    if state[X] > (rules[WIDTH] - BALL_SIZE * scale) * SUB:
        return _score(rules, state, scale, LEFT_SCORE, reward)
    return event


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    """The score in the first rows, the field below. The ball is drawn over the paddles."""
    height, width = rules[HEIGHT], rules[WIDTH]
    scale = min(height, width) // 32
    for point in range(state[LEFT_SCORE]):
        fill(frame, 0, (1 + 2 * point) * scale, scale, scale, SCORE)
    for point in range(state[RIGHT_SCORE]):
        fill(frame, 0, width - (2 + 2 * point) * scale, scale, scale, SCORE)
    tall, wide = state[TALL] * scale, PADDLE_WIDTH * scale
    fill(frame, scale + state[LEFT], PADDLE_MARGIN * scale, tall, wide, LEFT_PADDLE)
    fill(frame, scale + state[RIGHT], width - FACE * scale, tall, wide, RIGHT_PADDLE)
    size = BALL_SIZE * scale
    fill(frame, scale + state[Y] // SUB, state[X] // SUB, size, size, BALL)


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """Follow the ball. aim: where on its paddle the player wants to meet it, -1 the top, 1 the
    bottom. Stays where a thing is not seen."""
    height, width = frame.shape
    scale = min(height, width) // 32
    paddle_column = PADDLE_MARGIN * scale if seat == 0 else width - 1 - PADDLE_MARGIN * scale
    colour = LEFT_PADDLE if seat == 0 else RIGHT_PADDLE
    top, tall = -1, 0
    for row in range(height):
        if frame[row, paddle_column] == colour:
            top = row if tall == 0 else top
            tall += 1
    if tall == 0:
        return STAY
    ball = find(frame, BALL, 0)
    if ball < 0:
        return STAY
    gap = ball // width + BALL_SIZE * scale / 2 - (top + tall / 2 * (1 + aim))
    return UP if gap < -1 else (DOWN if gap > 1 else STAY)


def _context(paddle_height: Sequence[int], ball_speed: Sequence[int]) -> int:
    """How many frames show where the ball flies.

    A ball that flies by two rows a tick and meets the wall is back in its row, a row from the edge,
    and looks level. No level ball flies there if the middle zone of a paddle is never so far up or
    down: then two frames are enough. Else, and for fast balls, which can look like others in more
    rows, it takes a third one: no ball meets walls in two ticks running.
    """
    return 2 if min(paddle_height) > SHORT and max(ball_speed) == 1 else 3


def pong(
    size: Sequence[int] = (32, 32),
    paddle_height: int | Sequence[int] = 7,
    paddle_speed: int | Sequence[int] = 2,
    ball_speed: int | Sequence[int] = 1,
    serve_angles: bool = False,
) -> KernelGame:
    """Pong for two. size: (H, W), multiples of 32. Parameters that are given as several values are
    drawn for each item by its seed.

    paddle_height: 3 to 24. paddle_speed: per tick, 1 to 4. ball_speed: factor 1 to 3.
    serve_angles: the ball flies in one of 64 directions with sub-pixels, so that its velocity is
    hidden; a paddle's zones then turn the ball instead of setting its angle.
    Raises ValueError for parameters out of range.
    """
    height, width = frame_size(size, multiple=32)
    fine = true_or_false("serve_angles", serve_angles)
    choices = {
        "paddle_height": one_or_more("paddle_height", paddle_height, 3, 24),
        "paddle_speed": one_or_more("paddle_speed", paddle_speed, 1, 4),
        "ball_speed": one_or_more("ball_speed", ball_speed, 1, 3),
    }
    spec = GameSpec(
        name="pong",
        version=1,
        shape=(1, height, width),
        actions=("stay", "up", "down"),
        players=("left", "right"),
        keys=({"w": UP, "s": DOWN}, {"up": UP, "down": DOWN}),
        colours=("background", "left paddle", "right paddle", "ball", "score"),
        palette=((18, 18, 28), (90, 200, 250), (255, 149, 90), (250, 250, 240), (120, 125, 150)),
        tracked=("left paddle", "right paddle", "ball"),
        context=2 if fine else _context(choices["paddle_height"], choices["ball_speed"]),
        events=("plain", "wall", "paddle", "serve", "miss", "clear", "double"),
        description=("paddle height", "paddle speed", "ball speed", "serve angle"),
        options={"size": [height, width], **choices, "serve_angles": fine},
    )
    rules = (height, width, fine, *listed(choices.values()))
    return KernelGame(spec, begin, tick, draw, columns=COLUMNS, rules=rules)
