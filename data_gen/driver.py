"""The loops over a batch, and over ticks, that call the kernels of any game."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from data_gen.kernels import BEGIN, DRAW, RULES, TICK, bound, kernel
from data_gen.scripted import TABLE, act, improve_of, is_skilled

improve: Any = None  # these three are bound by run_all
tick: Any = None
draw: Any = None

_TICK_POINTER = types.FunctionType(TICK)
_DRAW_POINTER = types.FunctionType(DRAW)
_ROWS = types.Array(types.int32, 2, "C")  # (B, F)
_SEEDS = types.Array(types.uint64, 1, "C")  # (B,)


def _bytes(axes: int) -> Any:
    return types.Array(types.uint8, axes, "C")


def _floats(axes: int) -> Any:
    return types.Array(types.float32, axes, "C")


@kernel(types.void(types.FunctionType(BEGIN), RULES, _SEEDS, _ROWS, _floats(2)))
def begin_all(begin: Any, rules: Any, seeds: Any, rows: Any, descriptions: Any) -> None:
    """Start a game for each seed; rows (B, F) and descriptions (B, D) are zeros."""
    for item in range(len(seeds)):
        begin(rules, seeds[item], rows[item], descriptions[item])


@kernel(types.void(_TICK_POINTER, RULES, _ROWS, _bytes(2), _floats(2), _bytes(1)))
def tick_all(tick: Any, rules: Any, rows: Any, actions: Any, reward: Any, event: Any) -> None:
    """One tick of rows (B, F), in place; reward (B, P) and event (B,) are filled."""
    for item in range(len(rows)):
        reward[item, :] = 0
        event[item] = tick(rules, rows[item], actions[item], reward[item])


@kernel(types.void(_DRAW_POINTER, RULES, _ROWS, _bytes(3)))
def draw_all(draw: Any, rules: Any, rows: Any, frames: Any) -> None:
    """Draw rows (B, F) into frames (B, H, W), which are zeros."""
    for item in range(len(rows)):
        draw(rules, rows[item], frames[item])


@cache
def run_all(name: str, tick: Any, draw: Any, expert: Any) -> Any:
    """`_run` of one game, compiled when it is first asked for."""
    signature = types.void(
        RULES,
        TABLE,
        types.int64,
        _SEEDS,
        _SEEDS,
        _bytes(2),
        types.Array(types.int32, 3, "C"),
        _ROWS,
        _bytes(4),
        _bytes(3),
        _bytes(3),
        _floats(3),
        _bytes(2),
    )
    kernels = {"improve": improve_of(name, expert), "tick": tick, "draw": draw}
    return bound(_run, f"run_{name}", signature, **kernels)


def _run(
    rules: Any,
    players: Any,
    choices: Any,
    seeds: Any,
    ages: Any,
    policy: Any,
    seats: Any,
    rows: Any,
    frames: Any,
    actions: Any,
    played_by: Any,
    reward: Any,
    event: Any,
) -> None:
    """Play T ticks of each game, one game after the other, so that its state stays in the first
    cache. Frame 0 of frames (B, T + 1, H, W) is there; the rest of it, actions, played_by, reward
    (B, T, P) and event (B, T) are filled; ages (B,), seats and rows move on."""
    for item in range(len(rows)):
        seed, age, row, who = seeds[item], ages[item], rows[item], policy[item]
        skilled = choices > 1 and is_skilled(players, who)
        for now in range(event.shape[1]):
            chosen = actions[item, now]
            act(players, choices, seed, age, who, seats[item], chosen)
            if skilled:
                improve(players, frames[item, now], seed, age, who, seats[item], chosen)
            played_by[item, now] = who
            age += np.uint64(1)
            reward[item, now, :] = 0
            event[item, now] = tick(rules, row, chosen, reward[item, now])
            frames[item, now + 1] = 0
            draw(rules, row, frames[item, now + 1])
        ages[item] = age
