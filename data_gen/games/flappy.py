"""Flappy: a bird that falls unless it flaps, and pipes with gaps. Nothing hidden, nothing random
after the start.

A tick: flapping sets the bird's velocity to `flap` px per tick upwards; otherwise it grows by
`gravity` downwards, to FASTEST at most, and then the bird moves by it. At the top it stops, however
it got there, so that its place before and now give its velocity. Then the pipes move to the left;
behind the last one, `spacing` px further, the next one comes in. Touching a pipe or the ground is a
crash; the tick after it begins the next round. A pipe that has wholly passed the bird is a point;
at TOP_SCORE points the pips clear. Where a gap is follows from the last one before it and from the
pips that were seen, and the first gap of a round from the last pipe of the round before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_gen.drawing import fill, find
from data_gen.game import GameSpec
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, EXPERT, TICK, draw_integer, draw_variant, kernel
from data_gen.options import frame_size, listed, one_or_more

NONE, FLAP = range(2)
BACKGROUND, BIRD, PIPE, LIP, GROUND, SCORE, CRASHED = range(7)
PLAIN, PASS, CRASH, START = range(4)

BIRD_SIZE = 2
BIRD_COLUMN = 6
PIPE_WIDTH = 4
TOP = 1  # first row below the score's
MARGIN = 2  # rows of pipe that are seen at least above and below a gap
FASTEST = 3  # px per tick, downwards
TOP_SCORE = 10

COLUMNS = (
    "bird",  # top row
    "velocity",  # px per tick, downwards
    "pipe",  # left column of the first pipe, from -3 on
    "pipes",  # how many there are; the last one is the one on the right
    "score",  # 0 to 9
    "over",  # 1 if the bird has crashed
    "gap",  # height, px
    "pipe speed",  # px per tick
    "spacing",  # of pipes, from one's left column to the next one's
    "gravity",
    "flap",
)
Y, VELOCITY, PIPE_X, PIPES, POINTS, OVER, GAP, SPEED, SPACING, GRAVITY, STRENGTH = range(11)
GAPS = len(COLUMNS)  # from here on: how far below its highest place each gap is, px
HEIGHT, WIDTH, CHOICES = range(3)  # of the rules; the choices are five lists, length first


@kernel()
def _room(rules: Any, state: Any) -> Any:
    """Of how many places a gap has one."""
    return rules[HEIGHT] - 1 - TOP - 2 * MARGIN - state[GAP] + 1


@kernel()
def _next_gap(rules: Any, state: Any) -> Any:
    """Not further up or down from the last gap than there are ticks from pipe to pipe."""
    room, last = _room(rules, state), state[GAPS + state[PIPES] - 1]
    ticks = (state[SPACING] - PIPE_WIDTH - BIRD_SIZE) // state[SPEED]
    reach = min(ticks, room - 1)
    gap = last + (13 * last + 5 * state[POINTS] + 4) % (2 * reach + 1) - reach
    return -gap if gap < 0 else (2 * (room - 1) - gap if gap >= room else gap)


@kernel()
def _start(rules: Any, state: Any, bird: Any, gap: Any) -> None:
    """A round with one pipe, at the right edge."""
    state[Y], state[VELOCITY], state[POINTS], state[OVER] = bird, 0, 0, 0
    state[PIPE_X], state[PIPES] = rules[WIDTH] - PIPE_WIDTH, 1
    state[GAPS] = gap


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    """Draw the variant, the bird's row, off the middle by a quarter of the frame at most, and the
    first gap."""
    draw_variant(rules, CHOICES, seed, state, GAP, 5)
    quarter = rules[HEIGHT] // 4
    bird = quarter + draw_integer(seed, 5, 2 * quarter)
    _start(rules, state, bird, draw_integer(seed, 6, _room(rules, state)))
    description[:] = state[GAP : STRENGTH + 1]


@kernel()
def _fly(state: Any, flaps: Any) -> None:
    velocity = min(state[VELOCITY] + state[GRAVITY], FASTEST)
    state[VELOCITY] = -state[STRENGTH] if flaps else velocity
    state[Y] += state[VELOCITY]
    if state[Y] <= TOP:
        state[Y], state[VELOCITY] = TOP, 0


@kernel()
def _move_pipes(rules: Any, state: Any) -> None:
    state[PIPE_X] -= state[SPEED]
    if state[PIPE_X] <= -PIPE_WIDTH:
        state[PIPE_X] += state[SPACING]
        state[PIPES] -= 1
        for number in range(state[PIPES]):
            state[GAPS + number] = state[GAPS + number + 1]
    if state[PIPE_X] + state[PIPES] * state[SPACING] < rules[WIDTH]:
        state[GAPS + state[PIPES]] = _next_gap(rules, state)
        state[PIPES] += 1


@kernel()
def _meet(rules: Any, state: Any) -> Any:
    """What happens to the bird where it now is: a crash, a point or nothing."""
    bird, left = state[Y], state[PIPE_X]
    ground = rules[HEIGHT] - 1
    event = PLAIN
    for number in range(state[PIPES]):
        if left < BIRD_COLUMN + BIRD_SIZE and left + PIPE_WIDTH > BIRD_COLUMN:
            above = TOP + MARGIN + state[GAPS + number]
            if bird < above or bird + BIRD_SIZE > above + state[GAP]:
                event = CRASH
        if 0 <= BIRD_COLUMN - (left + PIPE_WIDTH) < state[SPEED]:
            event = PASS
        left += state[SPACING]
    if bird + BIRD_SIZE > ground:
        state[Y] = ground - BIRD_SIZE
        event = CRASH
    return event


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    """See the head of this file."""
    if state[OVER]:
        _start(rules, state, rules[HEIGHT] // 2 - BIRD_SIZE // 2, _next_gap(rules, state))
        return START
    _fly(state, actions[0] == FLAP)
    _move_pipes(rules, state)
    event = _meet(rules, state)
    if event == CRASH:
        state[OVER] = 1
        reward[0] = -1
    elif event == PASS:
        state[POINTS] = (state[POINTS] + 1) % TOP_SCORE
        reward[0] = 1
    return event


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    """Pips of the score in the first row, the ground in the last one, pipes with lips at their gaps
    in between, and over them the bird."""
    ground, width, gap = rules[HEIGHT] - 1, rules[WIDTH], state[GAP]
    for point in range(state[POINTS]):
        frame[0, 1 + 2 * point] = SCORE
    frame[ground, :] = GROUND
    for number in range(state[PIPES]):
        left = state[PIPE_X] + number * state[SPACING]
        wide = min(left + PIPE_WIDTH, width) - max(left, 0)
        left, above = max(left, 0), TOP + MARGIN + state[GAPS + number]
        fill(frame, TOP, left, above - 1 - TOP, wide, PIPE)
        fill(frame, above - 1, left, 1, wide, LIP)
        fill(frame, above + gap, left, 1, wide, LIP)
        fill(frame, above + gap + 1, left, ground - above - gap - 1, wide, PIPE)
    colour = CRASHED if state[OVER] else BIRD
    fill(frame, state[Y], BIRD_COLUMN, BIRD_SIZE, BIRD_SIZE, colour)


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """Flap whenever the bird comes near the lower end of the next gap, or without a pipe below the
    middle. aim: how near, -1 the nearest. Does nothing where no bird is seen."""
    height, width = frame.shape
    bird = find(frame, BIRD, 0)
    if bird < 0:
        return NONE
    pipe = bird % width
    while pipe < width and frame[TOP, pipe] != PIPE and frame[TOP, pipe] != LIP:
        pipe += 1
    lowest = height // 2 + 3  # row that the bird may still touch
    if pipe < width:
        lowest = height - 2
        while lowest > TOP and frame[lowest, pipe] >= PIPE:
            lowest -= 1
    near = FASTEST - 1 + (aim > 0.5)  # it may fall as far in a tick
    return FLAP if bird // width + BIRD_SIZE - 1 >= lowest - near else NONE


def flappy(
    size: Sequence[int] = (32, 32),
    gap: int | Sequence[int] = 11,
    pipe_speed: int | Sequence[int] = 1,
    spacing: int | Sequence[int] = 16,
    gravity: int | Sequence[int] = 1,
    flap: int | Sequence[int] = 3,
) -> KernelGame:
    """Flappy for one. size: (H, W), 32 or more, and at least as wide as high, so that the first gap
    can be reached. Parameters that are given as several values are drawn for each item by its seed.

    gap: height of the gaps in pixels, 8 to H - 12. pipe_speed: pixels per tick, 1 or 2. spacing: of
    the pipes, 12 to 32 pixels. gravity: 1 or 2 pixels per tick more in each tick. flap: upwards, 2
    or 3 pixels per tick. Every gap can be passed, from the last one and from a round's start.
    Raises ValueError for parameters out of range.
    """
    height, width = frame_size(size, least=32)
    if height > width:
        raise ValueError(f"size must be at least as wide as high, not {size!r}")
    choices = {
        "gap": one_or_more("gap", gap, 8, height - 12),
        "pipe_speed": one_or_more("pipe_speed", pipe_speed, 1, 2),
        "spacing": one_or_more("spacing", spacing, 12, 32),
        "gravity": one_or_more("gravity", gravity, 1, 2),
        "flap": one_or_more("flap", flap, 2, 3),
    }
    spec = GameSpec(
        name="flappy",
        version=1,
        shape=(1, height, width),
        actions=("none", "flap"),
        keys=({"space": FLAP, "up": FLAP},),
        fps=15,
        colours=("background", "bird", "pipe", "lip", "ground", "score", "crashed bird"),
        palette=(
            (18, 18, 28),
            (255, 214, 90),
            (46, 140, 100),
            (88, 205, 140),
            (84, 70, 80),
            (120, 125, 150),
            (235, 70, 85),
        ),
        tracked=("bird", "pipe", "lip"),
        context=2,
        events=("plain", "pass", "crash", "start"),
        description=tuple(name.replace("_", " ") for name in choices),
        options={"size": [height, width], **choices},
    )
    rules = (height, width, *listed(choices.values()))
    most = (width + PIPE_WIDTH) // min(choices["spacing"]) + 2  # pipes at once, rounded up
    return KernelGame(
        spec, begin, tick, draw, columns=COLUMNS, cells=most, rules=rules, ends=("crash",)
    )
