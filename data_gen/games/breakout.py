"""Breakout: a ball, a paddle and a wall of bricks. Nothing is random after the start, and two
frames show all there is to know.

The ball is 2 x 2 px and flies vx (-2, -1, 1 or 2) columns and vy (-1 or 1) rows a step, with
`ball_speed` steps a tick. Bricks are 4 x 2 px, in rows that begin 4 px below the top. The paddle is
2 px high, with 1 px below it. A tick: the paddle moves, then the ball makes its steps.

A step: the ball looks where it would be, and turns before it flies, so that it always flies with
the velocity that it has, and two frames show it.
- Across: if vx alone would take it through a side or into a brick, vx turns.
- Along: if vy alone would take it through the top or into a brick, vy turns. If it flies down and
  lies on the paddle, vy turns, and the place sets vx: from left to right, the fifths of the
  width + 1 ways to touch give -2, -1, 1 to the side that it flies to, 1, 2.
- If neither, but both together would take it into a brick, both turn.
The bricks that it would be in vanish, for 1 each. After a turn it looks again; if nothing is in its
way any more, it flies. (A turn takes a brick or leads away from an edge, so this ends.)

Below the board the ball is lost, for -1, and the next is served from the middle, 1 px below the
wall: down, to the side where the paddle's middle is (right if it is just below), with |vx| = 1, or
2 if the bricks left are odd in number. When the last brick vanishes the game ends; a new, full wall
and a served ball are there at once.

With 2 steps a tick, a ball that met paddle and side between two frames could have come in two ways.
It never does: y is odd in every frame, as it is on the paddle, which therefore is met first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_gen.drawing import fill, find
from data_gen.game import GameSpec
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, EXPERT, TICK, draw_integer, draw_variant, kernel
from data_gen.options import frame_size, listed, one_or_more

STAY, GO_LEFT, GO_RIGHT = range(3)
BACKGROUND, PADDLE, BALL, BRICK = range(4)  # and the bricks of the other rows after the first
PLAIN, WALL, HIT, BROKEN, SERVE, MISS, CLEAR = range(7)

BALL_SIZE = 2
PADDLE_HEIGHT = 2
PADDLE_ROW = 3  # of the paddle's top, counted from the bottom
BRICK_HEIGHT, BRICK_WIDTH = 2, 4
MOST_ROWS = 6
WALL_TOP = 4  # rows above the bricks
ZONES = 5  # of the paddle
SHARES = 8  # of such parts of the bricks some are missing at the start

COLUMNS = (
    "paddle",  # left column, px
    "x",  # of the ball: left column
    "y",  # its top row
    "vx",  # columns per step
    "vy",  # rows per step
    "bricks",  # how many are left
    "out",  # 1 if the last tick served a new ball
    "paddle width",
    "paddle speed",
    "ball speed",
    "brick rows",
)  # and for each brick, row by row, whether it is there
PLACE, X, Y, VX, VY, LEFT, OUT, WIDE, PACE, STEPS, ROWS, BRICKS = range(12)
HEIGHT, WIDTH, CHOICES = range(3)  # of the rules; the choices are four lists, length first


@kernel()
def _serve(rules: Any, state: Any) -> None:
    state[X] = (rules[WIDTH] - BALL_SIZE) // 2
    state[Y] = WALL_TOP + BRICK_HEIGHT * state[ROWS] + 1
    state[VX] = 1 + state[LEFT] % 2
    if 2 * state[PLACE] + state[WIDE] < 2 * state[X] + BALL_SIZE:
        state[VX] = -state[VX]
    state[VY] = 1


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    """Draw the variant, the paddle's place, and which bricks are already missing."""
    draw_variant(rules, CHOICES, seed, state, WIDE, 4)
    state[PLACE] = draw_integer(seed, 4, rules[WIDTH] - state[WIDE] + 1)
    missing = draw_integer(seed, 5, SHARES)
    bricks = state[ROWS] * (rules[WIDTH] // BRICK_WIDTH)
    for brick in range(bricks):
        there = draw_integer(seed, 16 + brick, SHARES) >= missing
        state[BRICKS + brick] = there
        state[LEFT] += there
    if state[LEFT] == 0:  # one has to be there
        state[BRICKS] = state[LEFT] = 1
    _serve(rules, state)
    description[:] = state[WIDE : ROWS + 1]


@kernel()
def _strike(rules: Any, state: Any, left: Any, top: Any) -> Any:
    """The bricks in which a ball at this place would be vanish. Returns how many."""
    struck, across = 0, rules[WIDTH] // BRICK_WIDTH
    above, below = top - WALL_TOP, top - WALL_TOP + BALL_SIZE - 1
    if below < 0 or above >= BRICK_HEIGHT * state[ROWS]:
        return 0
    first, last = left // BRICK_WIDTH, (left + BALL_SIZE - 1) // BRICK_WIDTH
    for row in range(max(above // BRICK_HEIGHT, 0), min(below // BRICK_HEIGHT + 1, state[ROWS])):
        for column in range(first, last + 1):
            struck += state[BRICKS + row * across + column]
            state[BRICKS + row * across + column] = 0
    state[LEFT] -= struck
    return struck


@kernel()
def _bounce(rules: Any, state: Any) -> Any:
    """Turn a ball that lies on the paddle and flies down. Returns whether it does."""
    offset = state[X] - state[PLACE] + BALL_SIZE - 1
    contacts = state[WIDE] + BALL_SIZE - 1
    lying = state[Y] + BALL_SIZE == rules[HEIGHT] - PADDLE_ROW
    if state[VY] < 0 or not lying or not 0 <= offset < contacts:
        return False
    slope = (2 * offset + 1) * ZONES // (2 * contacts) - ZONES // 2  # -2 .. 2
    if slope == 0:
        slope = 1 if state[VX] > 0 else -1  # not level: such a ball could fly for ever
    state[VX], state[VY] = slope, -1
    return True


@kernel()
def _look(rules: Any, state: Any) -> Any:
    """Turn if something is in the way. Returns what was, as an event: PLAIN if the way is free."""
    left, top, event = state[X] + state[VX], state[Y] + state[VY], PLAIN
    side = left < 0 or left > rules[WIDTH] - BALL_SIZE
    brick_beside = not side and _strike(rules, state, left, state[Y]) > 0
    brick_along = top >= 0 and _strike(rules, state, state[X], top) > 0
    turn_across, turn_along = side or brick_beside, top < 0 or brick_along
    if not (turn_across or turn_along) and _strike(rules, state, left, top) > 0:
        brick_beside = turn_across = turn_along = True
    if turn_across or turn_along:
        event = BROKEN if brick_beside or brick_along else WALL
    if turn_across:
        state[VX] = -state[VX]
    if turn_along:
        state[VY] = -state[VY]
    elif _bounce(rules, state):
        event = max(event, HIT)
    return event


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    """The paddle moves, then the ball."""
    move = state[PACE] * ((actions[0] == GO_RIGHT) - (actions[0] == GO_LEFT))
    state[PLACE] = min(max(state[PLACE] + move, 0), rules[WIDTH] - state[WIDE])
    event, bricks = SERVE if state[OUT] else PLAIN, state[LEFT]
    state[OUT] = 0
    for _ in range(state[STEPS]):
        seen = _look(rules, state)
        while seen != PLAIN:
            event = max(event, seen)
            seen = _look(rules, state)
        state[X] += state[VX]
        state[Y] += state[VY]
        reward[0] = bricks - state[LEFT]
        if state[LEFT] == 0:
            event = CLEAR
            state[LEFT] = state[ROWS] * (rules[WIDTH] // BRICK_WIDTH)
            state[BRICKS : BRICKS + state[LEFT]] = 1
        elif state[Y] > rules[HEIGHT] - BALL_SIZE:
            event = MISS
            reward[0] -= 1
        else:
            continue
        state[OUT] = 1
        _serve(rules, state)
        break
    return event


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    """Bricks, the paddle, and over it the ball."""
    across, brick = rules[WIDTH] // BRICK_WIDTH, BRICKS
    for row in range(state[ROWS]):
        top = WALL_TOP + BRICK_HEIGHT * row
        for column in range(across):
            if state[brick]:
                fill(frame, top, BRICK_WIDTH * column, BRICK_HEIGHT, BRICK_WIDTH, BRICK + row)
            brick += 1
    paddle_top = rules[HEIGHT] - PADDLE_ROW
    fill(frame, paddle_top, state[PLACE], PADDLE_HEIGHT, state[WIDE], PADDLE)
    fill(frame, state[Y], state[X], BALL_SIZE, BALL_SIZE, BALL)


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """Stay below the ball. aim: where on its paddle it wants to meet it."""
    height, width = frame.shape
    ball, row = find(frame, BALL, 0), height - PADDLE_ROW
    left = find(frame, PADDLE, row * width) % width
    if ball < 0 or frame[row, left] != PADDLE:
        return STAY
    right = left
    while right + 1 < width and frame[row, right + 1] == PADDLE:
        right += 1
    wanted = (left + right) / 2 + (right - left) / 2 * aim
    gap = ball % width + 0.5 - wanted
    return GO_LEFT if gap < -1 else (GO_RIGHT if gap > 1 else STAY)


def breakout(
    size: Sequence[int] = (32, 32),
    paddle_width: int | Sequence[int] = 8,
    paddle_speed: int | Sequence[int] = 2,
    ball_speed: int | Sequence[int] = 1,
    brick_rows: int | Sequence[int] = 4,
) -> KernelGame:
    """Breakout for one. size: (H, W), multiples of 4 px of 32 or more. Parameters that are given as
    several values are drawn for each item by its seed.

    paddle_width: px, 4 to 16. paddle_speed: px per tick, 1 to 4. ball_speed: steps per tick, 1 to
    2. brick_rows: 1 to 6. Raises ValueError for parameters out of range.
    """
    height, width = frame_size(size, multiple=BRICK_WIDTH, least=32)
    choices = {
        "paddle_width": one_or_more("paddle_width", paddle_width, 4, 16),
        "paddle_speed": one_or_more("paddle_speed", paddle_speed, 1, 4),
        "ball_speed": one_or_more("ball_speed", ball_speed, 1, 2),
        "brick_rows": one_or_more("brick_rows", brick_rows, 1, MOST_ROWS),
    }
    spec = GameSpec(
        name="breakout",
        version=1,
        shape=(1, height, width),
        actions=("stay", "left", "right"),
        keys=({"left": GO_LEFT, "right": GO_RIGHT},),
        fps=30,
        colours=("background", "paddle", "ball", *(f"bricks {n + 1}" for n in range(MOST_ROWS))),
        palette=(
            *((18, 18, 28), (90, 200, 250), (250, 250, 240)),
            *((235, 80, 85), (255, 149, 90), (248, 210, 85)),
            *((95, 200, 110), (80, 130, 240), (165, 115, 240)),
        ),
        tracked=("paddle", "ball"),
        context=2,
        events=("plain", "wall", "paddle", "brick", "serve", "miss", "clear"),
        description=tuple(name.replace("_", " ") for name in choices),
        options={"size": [height, width], **choices},
    )
    cells = MOST_ROWS * (width // BRICK_WIDTH)
    rules, ends = (height, width, *listed(choices.values())), ("clear",)
    return KernelGame(spec, begin, tick, draw, columns=COLUMNS, cells=cells, rules=rules, ends=ends)
