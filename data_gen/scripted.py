"""The scripted players' choices, as kernels (see data_gen/players.py for what they do)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from data_gen.kernels import EXPERT, FRAME, below, bound, fold, happens, kernel, threshold_of

SKILL, LET_GO, REDRAW = range(3)  # columns of a table: thresholds of each player's chances
HELD, LAPSED, AIM = range(3)  # of a seat's memory: the random action, 0 or 1, 0 to 2000
ALWAYS = np.uint64(1 << 32)
NEVER = np.uint64(0)

TABLE = types.Array(types.uint64, 2, "C")  # (N, 3)
SEATS = types.Array(types.int32, 2, "C")  # (P, 3)
POLICY = types.Array(types.uint8, 1, "C")  # (P,)
CHOSEN = types.Array(types.uint8, 1, "C")  # (P,)


def table(players: Sequence[tuple[float, float, float]]) -> NDArray[np.uint64]:
    """What the kernels read of players (skill, hold, lapse): (N, 3)."""
    chances = [(skill, 1 / hold, 1 / lapse) for skill, hold, lapse in players]
    return np.array([[threshold_of(chance) for chance in row] for row in chances], np.uint64)


@kernel(EXPERT)
def idle(frame: Any, seat: Any, aim: Any) -> Any:
    """The expert of games that have none of their own."""
    return 0


expert: Any = None  # bound by improve_of
improve: Any = None  # bound by act_all_of


@kernel()
def act(
    players: Any, choices: Any, seed: Any, tick: Any, policy: Any, seats: Any, chosen: Any
) -> None:
    """The random actions of one game in one tick, below `choices`, drawn anew or held."""
    game = fold(fold(np.uint64(0), seed), tick)
    again = fold(np.uint64(0), game)
    for seat in range(len(policy)):
        let_go = players[policy[seat], LET_GO]
        held = fold(fold(game, np.uint64(seat)), np.uint64(1))
        if tick == 0 or let_go >= ALWAYS or happens(held, let_go):
            seats[seat, HELD] = below(fold(again, np.uint64(seat)), choices)
        chosen[seat] = seats[seat, HELD]


@kernel()
def is_skilled(players: Any, policy: Any) -> Any:
    """Whether any seat's player asks the expert."""
    skilled = False
    for seat in range(len(policy)):
        skilled |= players[policy[seat], SKILL] != NEVER
    return skilled


@cache
def improve_of(name: str, expert: Any) -> Any:
    """`_improve` with the expert of game `name`."""
    word = types.uint64
    signature = types.void(TABLE, FRAME, word, word, POLICY, SEATS, CHOSEN)
    return bound(_improve, f"improve_{name}", signature, inline=False, expert=expert)


@cache
def act_all_of(name: str, expert: Any) -> Any:
    """`_act_all` with the expert of game `name`."""
    signature = types.void(
        TABLE,
        types.int64,
        types.Array(types.uint8, 3, "C"),
        types.Array(types.uint64, 1, "C"),
        types.Array(types.uint64, 1, "C"),
        types.Array(types.uint8, 2, "C"),
        types.Array(types.int32, 3, "C"),
        types.Array(types.uint8, 2, "C"),
    )
    return bound(_act_all, f"act_all_{name}", signature, improve=improve_of(name, expert))


def _improve(
    players: Any, frame: Any, seed: Any, tick: Any, policy: Any, seats: Any, chosen: Any
) -> None:
    """Put the expert's actions in the place of the random ones, but for lapses."""
    again = fold(np.uint64(0), fold(fold(np.uint64(0), seed), tick))
    for seat in range(len(policy)):
        skill, redraw = players[policy[seat], SKILL], players[policy[seat], REDRAW]
        if skill == NEVER:
            continue
        draw = fold(again, np.uint64(seat))
        if tick == 0 or happens(fold(draw, np.uint64(2)), redraw):
            seats[seat, LAPSED] = not happens(fold(draw, np.uint64(3)), skill)
            seats[seat, AIM] = below(fold(draw, np.uint64(4)), 2001)
        if not seats[seat, LAPSED]:
            chosen[seat] = expert(frame, seat, seats[seat, AIM] / 1000 - 1.0)


def _act_all(
    players: Any,
    choices: Any,
    frames: Any,
    seeds: Any,
    tick: Any,
    policy: Any,
    seats: Any,
    actions: Any,
) -> None:
    """The actions of a batch: frames (B, H, W), actions (B, P) to be filled; tick is moved on."""
    for item in range(len(seeds)):
        seed, age, who = seeds[item], tick[item], policy[item]
        act(players, choices, seed, age, who, seats[item], actions[item])
        if choices > 1 and is_skilled(players, who):
            improve(players, frames[item], seed, age, who, seats[item], actions[item])
        tick[item] += np.uint64(1)
