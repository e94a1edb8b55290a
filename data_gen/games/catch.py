"""Catch: fruit falls, a basket catches it, a bomb is better let fall. Nothing is random after the
start, and one frame shows all there is to know.

The board is as large as the frame. Its top row shows the score: a pip for each fruit in a row of 8,
one less after a mistake. Fruit and bombs are 3 x 3 px and fall in lanes that are 3 px wide, from
row 1 to the ground; the basket stands on the ground, 2 px high, and moves 2 px a tick.

A tick: the basket moves, then the fruit falls by its speed. If that takes it below the ground, it
has landed: it is caught if its middle column is over the basket. A caught fruit is worth 1 and a
pip, and the 8th pip clears the score and ends the game. A missed fruit and a caught bomb cost 1 and
a pip, if there is one. A bomb that is let fall costs nothing.

In the same tick the next one appears. Its lane is one of those that the basket can still reach,
which, if there are some, is not the last one: counted on from that, in a circle, by
1 + (3 last lane + 5 score + basket's column) mod (their number - 1). It is a bomb if the last one
was none and (lane + 3 score) mod 4 < `bombs`. The basket has time to get out of any bomb's way.

The default has 39,712 reachable states (tests/test_catch.py finds them all).
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
BACKGROUND, BASKET, APPLE, LEMON, PLUM, LEAF, BOMB, SPARK, SCORE = range(9)
PLAIN, CATCH, MISS, BURNT, DODGE, CLEAR = range(6)

FRUIT_SIZE = 3
FRUIT_KINDS = 3  # they look different, and take turns with the score
BASKET_SPEED = 2  # px per tick
FULL = 8  # at this score it clears
LEAST = 20  # px, of a side: on a smaller board a fast bomb could be unavoidable

COLUMNS = (
    "basket",  # left column, px
    "lane",  # of what falls, 0 at the left
    "row",  # its top one, px
    "bomb",  # 1 if it is one
    "score",  # 0 to 7
    "basket width",
    "fall speed",
    "bombs",
)
PLACE, LANE, ROW, IS_BOMB, PIPS, WIDE, SPEED, BOMBS = range(8)
HEIGHT, WIDTH, CHOICES = range(3)  # of the rules; the choices are three lists, length first


@kernel()
def _lanes(rules: Any) -> Any:
    return (rules[WIDTH] - 2) // FRUIT_SIZE


@kernel()
def _lane_left(rules: Any, lane: Any) -> Any:
    """The left column of a lane; what is left of the board is shared by both sides."""
    margin = (rules[WIDTH] - FRUIT_SIZE * _lanes(rules)) // 2
    return margin + FRUIT_SIZE * lane


@kernel()
def _first_in_reach(rules: Any, state: Any) -> Any:
    """The first lane whose middle the basket can be under when what appears now has landed."""
    return max(0, -((_lane_left(rules, 0) + 1 - state[PLACE] + _way(rules, state)) // FRUIT_SIZE))


@kernel()
def _last_in_reach(rules: Any, state: Any) -> Any:
    right = state[PLACE] + state[WIDE] - 1 + _way(rules, state)
    return min(_lanes(rules) - 1, (right - _lane_left(rules, 0) - 1) // FRUIT_SIZE)


@kernel()
def _way(rules: Any, state: Any) -> Any:
    """How far the basket moves while something falls, px."""
    ticks = (rules[HEIGHT] - FRUIT_SIZE - 1) // state[SPEED] + 1
    return BASKET_SPEED * ticks


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    """Draw the variant, the basket's place and the lane of the first fruit."""
    draw_variant(rules, CHOICES, seed, state, WIDE, 3)
    room = (rules[WIDTH] - state[WIDE]) // BASKET_SPEED + 1
    state[PLACE] = BASKET_SPEED * draw_integer(seed, 3, room)
    first = _first_in_reach(rules, state)
    state[LANE] = first + draw_integer(seed, 4, _last_in_reach(rules, state) - first + 1)
    state[ROW] = 1
    description[:] = state[WIDE : BOMBS + 1]


@kernel()
def _appear(rules: Any, state: Any) -> None:
    """The next one, at the top."""
    first, last = _first_in_reach(rules, state), _last_in_reach(rules, state)
    lane, count = state[LANE], last - first + 1
    onward = 1 + (3 * lane + 5 * state[PIPS] + state[PLACE]) % (count - 1)
    lane = first + (lane - first + onward) % count
    state[LANE] = lane
    state[ROW] = 1
    state[IS_BOMB] = not state[IS_BOMB] and (lane + 3 * state[PIPS]) % 4 < state[BOMBS]


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    """The basket moves, then the fruit falls."""
    move = BASKET_SPEED * ((actions[0] == GO_RIGHT) - (actions[0] == GO_LEFT))
    state[PLACE] = min(max(state[PLACE] + move, 0), rules[WIDTH] - state[WIDE])
    state[ROW] += state[SPEED]
    if state[ROW] <= rules[HEIGHT] - FRUIT_SIZE:
        return PLAIN

    middle = _lane_left(rules, state[LANE]) + 1
    caught = state[PLACE] <= middle < state[PLACE] + state[WIDE]
    if state[IS_BOMB] and not caught:
        event = DODGE
    elif caught and not state[IS_BOMB]:
        event = CATCH
        reward[0] = 1
        state[PIPS] += 1
        if state[PIPS] == FULL:
            event = CLEAR
            state[PIPS] = 0
    else:
        event = BURNT if caught else MISS
        reward[0] = -1
        state[PIPS] = max(state[PIPS] - 1, 0)
    _appear(rules, state)
    return event


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    """The score, what falls, and over it the basket, so that a fruit is seen to fall into it."""
    for pip in range(state[PIPS]):
        frame[0, 1 + 2 * pip] = SCORE
    top, left = state[ROW], _lane_left(rules, state[LANE])
    body, tip = APPLE + state[PIPS] % FRUIT_KINDS, LEAF
    if state[IS_BOMB]:
        body, tip = BOMB, SPARK
    fill(frame, top, left + 1, 1, 1, tip)
    fill(frame, top + 1, left, 2, FRUIT_SIZE, body)
    bottom, right = rules[HEIGHT] - 1, state[PLACE] + state[WIDE] - 1
    fill(frame, bottom, state[PLACE], 1, state[WIDE], BASKET)
    fill(frame, bottom - 1, state[PLACE], 1, 1, BASKET)
    fill(frame, bottom - 1, right, 1, 1, BASKET)


@kernel(EXPERT)
def expert(frame: Any, seat: Any, aim: Any) -> Any:
    """Go below a fruit and out of a bomb's way. aim: where in the basket it wants the fruit."""
    height, width = frame.shape
    left = find(frame, BASKET, (height - 1) * width) - (height - 1) * width
    if left < 0:
        return STAY
    right = left
    while right + 1 < width and frame[height - 1, right + 1] == BASKET:
        right += 1
    fruit, bomb = find(frame, LEAF, 0), find(frame, SPARK, 0)
    if fruit >= 0:
        wanted = (left + right) / 2 + ((right - left) / 2 - 1) * aim
        gap = fruit % width - wanted  # it comes to within 1 px
        return GO_LEFT if gap < -1 else (GO_RIGHT if gap > 1 else STAY)
    middle = bomb % width
    if bomb < 0 or not left <= middle <= right:
        return STAY
    wide = right - left + 1
    if middle < wide:  # no room to the left of it
        return GO_RIGHT
    if middle + wide >= width:
        return GO_LEFT
    return GO_LEFT if right - middle < middle - left else GO_RIGHT


def catch(
    size: Sequence[int] = (32, 32),
    basket_width: int | Sequence[int] = 6,
    fall_speed: int | Sequence[int] = 1,
    bombs: int | Sequence[int] = 1,
) -> KernelGame:
    """Catch for one. size: (H, W), each at least 20 px. Parameters that are given as several values
    are drawn for each item by its seed.

    basket_width: px, 3 to 12, and at most half the board's. fall_speed: px per tick, 1 to 3.
    bombs: of 4 fruits about so many are bombs, 0 to 3, but never two in a row.
    Raises ValueError for parameters out of range.
    """
    height, width = frame_size(size, least=LEAST)
    choices = (
        one_or_more("basket_width", basket_width, 3, min(12, width // 2)),
        one_or_more("fall_speed", fall_speed, 1, 3),
        one_or_more("bombs", bombs, 0, 3),
    )
    spec = GameSpec(
        name="catch",
        version=1,
        shape=(1, height, width),
        actions=("stay", "left", "right"),
        keys=({"left": GO_LEFT, "right": GO_RIGHT},),
        fps=24,
        colours=(
            *("background", "basket", "apple", "lemon", "plum", "leaf", "bomb", "spark", "score"),
        ),
        palette=(
            *((18, 18, 28), (205, 150, 95), (235, 80, 85), (248, 210, 85), (165, 115, 240)),
            *((95, 200, 110), (88, 96, 128), (255, 245, 200), (120, 125, 150)),
        ),
        tracked=("basket", "apple", "lemon", "plum", "bomb"),
        context=1,
        events=("plain", "catch", "miss", "burnt", "dodge", "clear"),
        description=("basket width", "fall speed", "bombs"),
        options={
            "size": [height, width],
            "basket_width": choices[0],
            "fall_speed": choices[1],
            "bombs": choices[2],
        },
    )
    rules = (height, width, *listed(choices))
    return KernelGame(spec, begin, tick, draw, columns=COLUMNS, rules=rules, ends=("clear",))
