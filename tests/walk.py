"""A tiny game for tests of enumerations: a walker on a line of 5 places, who goes on or turns and
goes on. At an end it turns by itself, which switches a lamp. Where it is heading is hidden, but two
frames show it."""

from __future__ import annotations

from typing import Any

from data_gen.game import GameSpec
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, TICK, draw_integer, kernel

GO, TURN = range(2)
PLACES = 5


@kernel(BEGIN)
def begin(rules: Any, seed: Any, state: Any, description: Any) -> None:
    state[0] = draw_integer(seed, 0, PLACES)
    state[1] = 2 * draw_integer(seed, 1, 2) - 1


@kernel(TICK)
def tick(rules: Any, state: Any, actions: Any, reward: Any) -> Any:
    if actions[0] == TURN:
        state[1] = -state[1]
    event = actions[0]
    if not 0 <= state[0] + state[1] < PLACES:
        state[1] = -state[1]
        state[2] = 1 - state[2]
        reward[0] = 1
        event = 2
    state[0] += state[1]
    return event


@kernel(DRAW)
def draw(rules: Any, state: Any, frame: Any) -> None:
    frame[0, state[0]] = 1
    frame[1, 0] = 2 * state[2]


def walk() -> KernelGame:
    spec = GameSpec(
        name="walk",
        version=1,
        shape=(1, 2, PLACES + 1),  # 12 pixels, which is no multiple of 8
        actions=("go", "turn"),
        colours=("dark", "walker", "lamp"),
        palette=((0, 0, 0), (250, 250, 250), (200, 200, 0)),
        context=2,
        events=("plain", "turn", "end"),
    )
    return KernelGame(spec, begin, tick, draw, columns=("place", "heading", "lamp"))


State = tuple[int, int, int]
BEGINNINGS = [(place, heading, 0) for place in range(PLACES) for heading in (-1, 1)]


def after(state: State, action: int) -> tuple[State, str]:
    """The rules once more, in words of Python."""
    place, heading, lamp = state
    heading = -heading if action == TURN else heading
    if place + heading in (-1, PLACES):
        return (place - heading, -heading, 1 - lamp), "end"
    return (place + heading, heading, lamp), "turn" if action == TURN else "plain"


def looks(state: State) -> tuple[int, int]:
    return state[0], state[2]


def all_states() -> set[State]:
    known, open_ones = set(BEGINNINGS), list(BEGINNINGS)
    while open_ones:
        state = open_ones.pop()
        for action in (GO, TURN):
            following, _ = after(state, action)
            if following not in known:
                known.add(following)
                open_ones.append(following)
    return known


def all_contexts() -> set[tuple[tuple[int, int], State]]:
    """What the frame before showed, and the state now."""
    return {
        (looks(state), after(state, action)[0]) for state in all_states() for action in (GO, TURN)
    }
